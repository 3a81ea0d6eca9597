"""Full stops that a recogniser wrote because the speaker paused, or because the machine cut, where no sentence ended.

"Denies chest pain." "Shortness of breath." "Or fever." is one sentence: three would turn two negatives into
findings. Pure.
"""

import re

from assistant.dictation.capitals import NAMES, UPPER
from assistant.dictation.punctuation import says_full_stop
from assistant.dictation.tokens import table

_END = re.compile(r"(?<![.\d])\.+\s*$|(?<=\d)\.\s*$")
_ABBREVIATED = re.compile(
    r"\b(?:dr|mr|mrs|ms|st|vs|etc|approx|e\.g|i\.e|[ap]\.m|[a-z]\.[a-z]|no)\.\s*$", re.I
)
_SENTENCE = re.compile(r"[^.?!:\n]*$")
_WORDS = re.compile(r"[a-z][a-z'-]*", re.I)
_CONJUNCTIONS = frozenset(("or", "nor"))
_OPENS_FRAGMENT = frozenset(
    table(
        "and but of in with without to on for from at by per as than which whose while after before during "
        "near through into over under between within along measuring extending consistent compatible likely due "
        "suggesting including especially particularly"
    )
)
"""A piece without a verb that begins so is no sentence of its own."""
_LEAVES_OPEN = frozenset(
    table(
        "a an the and or nor but of with without to for from at by per as than which whose no not any is are was were "
        "be been has have had denies denied denying shows showed demonstrates demonstrated reveals revealed reports "
        "reported measures measuring includes including suggests between into her his their its these very "
        "approximately about every take takes taking either neither"
    )
)
"""A sentence does not end in one of these."""
_DESCRIBED = re.compile(
    r"\b(?:an?|with|any|no|of) (?:very )?(?:mild|moderate|severe|small|large|left|right|new|acute|chronic|bilateral)\W*$",
    re.I,
)
"""Nor in an adjective that has its article."""
_DENIES = re.compile(r"\b(?:den(?:y|ies|ied|ying)|negative for|without|free of|no history of)\b", re.I)
_NEGATES = re.compile(r"\b(?:no|not|never|neither|absence of|rules? out|ruled out)\b", re.I)
_VERBS = frozenset(
    table(
        "is are was were has have had does did shows show showed demonstrates demonstrate demonstrated reveals "
        "revealed remains remain appears appear measures measured reports reported denies denied states stated notes "
        "presents presented underwent received takes took will would can could should may might must cannot lives "
        "works smokes drinks feels felt came went continues continued improved worsened resolved developed "
        "recommend recommended suggest suggests requires required needs needed started stopped increase decrease "
        "discussed reviewed consult follow return repeat check obtain discharge admit plan start stop continue give"
    )
)
_PREDICATES = frozenset(
    table(
        "normal clear intact stable unchanged unremarkable negative positive present absent seen noted identified "
        "visualized soft nontender patent symmetric regular equal reactive benign warm dry supple within limits "
        "clean palpable enlarged dilated resolved improved worse better today"
    )
)
_OWN = frozenset(
    table("no not there the this that these he she it they patient heart lungs lung abdomen i we")
)
"""A piece that begins so begins a sentence of its own."""


def end_mark(words: str) -> str:
    """The full stop behind ``words`` that nobody spoke, with its space; empty if there is none."""
    found = _END.search(words)
    if found is None or _ABBREVIATED.search(words) or says_full_stop(words[: found.start()], at_end=True):
        return ""
    return found[0]


def is_open(sentence: str) -> bool:
    """Whether ``sentence`` stops at a word that no sentence ends in."""
    words = _WORDS.findall(sentence)
    return bool(words) and (words[-1].lower() in _LEAVES_OPEN or bool(_DESCRIBED.search(sentence)))


def is_joined(before: str, piece: str) -> bool:
    """Whether ``piece`` goes on in the sentence at the end of ``before``, across the full stop between them."""
    sentence = last_sentence(before)
    words = [word.lower() for word in _WORDS.findall(piece)]
    if not words or not sentence.strip():
        return False
    if words[0] in _CONJUNCTIONS or is_open(sentence):
        return True
    if not is_fragment(piece):
        return False
    return words[0] in _OPENS_FRAGMENT or (bool(_DENIES.search(sentence)) and words[0] not in _OWN)


def is_fragment(piece: str) -> bool:
    """Whether ``piece`` has neither a verb nor a finding said of something: "shortness of breath"."""
    words = [word.lower() for word in _WORDS.findall(piece)]
    return bool(words) and not _VERBS & set(words) and words[-1] not in _PREDICATES


def negates(sentence: str) -> bool:
    return bool(_NEGATES.search(sentence) or _DENIES.search(sentence))


def last_sentence(text: str) -> str:
    """The sentence at the end of ``text``, without its full stop."""
    bare = _END.sub("", text)
    cut = max((bare.rfind(mark) for mark in (". ", "? ", "! ", ":", "\n")), default=-1)
    return bare[cut + 1 :]


def lowered(piece: str) -> str:
    """``piece`` without the capital that a recogniser gives to what it takes for a sentence."""
    first = re.match(r"\s*([A-Z][a-z]+)(?![\w'])", piece)
    if first is None or first[1].lower() in NAMES or first[1].lower() in UPPER:
        return piece
    at = first.start(1)
    return piece[:at] + piece[at].lower() + piece[at + 1 :]


def within(words: str, *, says_marks: bool) -> str:
    """``words`` of one utterance without the full stops in it that stand where no sentence ended.

    ``says_marks``: the speaker says the marks; then none of the recogniser's counts.
    """
    pieces = re.split(r"(?<=[a-z\d)])(\.+\s+)(?=[A-Z])", words)
    out = pieces[0]
    for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        spoken = says_full_stop(out, at_end=True) or bool(_ABBREVIATED.search(out + mark))
        if not spoken and (says_marks or is_joined(out, re.split(r"[.?!]\s", piece)[0])):
            out += " " + lowered(piece)
        else:
            out += mark + piece
    return out
