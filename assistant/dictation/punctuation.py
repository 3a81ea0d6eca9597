"""Punctuation and layout words: told from the same words meant as words, and placed between the others."""

import re

from assistant.dictation import markers
from assistant.dictation.labels import highest
from assistant.dictation.numbers import ORDINALS, WORDS
from assistant.dictation.tokens import MARKS, Token, join, split, table
from assistant.dictation.units import COUNTED

SPOKEN: dict[str, str] = {
    "period": ".",
    "full stop": ".",
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "semi colon": ";",
    "question mark": "?",
    "exclamation point": "!",
    "exclamation mark": "!",
    "new line": "\n",
    "newline": "\n",
    "next line": "\n",
    "new paragraph": "\n\n",
    "next paragraph": "\n\n",
    "open paren": "(",
    "open parens": "(",
    "open parenthesis": "(",
    "open parentheses": "(",
    "left paren": "(",
    "left parenthesis": "(",
    "close paren": ")",
    "close parens": ")",
    "close parenthesis": ")",
    "close parentheses": ")",
    "closed paren": ")",
    "right paren": ")",
    "right parenthesis": ")",
    "open bracket": "[",
    "close bracket": "]",
    "left bracket": "[",
    "right bracket": "]",
    "open quote": "open quote",
    "open quotes": "open quote",
    "begin quote": "open quote",
    "close quote": "close quote",
    "close quotes": "close quote",
    "end quote": "close quote",
    "end quotes": "close quote",
    "unquote": "close quote",
    "hyphen": "-",
    "dash": "dash",
    "slash": "/",
    "forward slash": "/",
    "bullet": "bullet",
    "bullet point": "bullet",
    "next bullet": "bullet",
    "new bullet": "bullet",
    "ellipsis": "...",
    "ampersand": "&",
}
_CHAR = {v: k for k, v in MARKS.items()}
_LONGEST = 2
_ENDS = ".,:;?!"
_TORN = re.compile(
    rf"\b({'|'.join(said.replace(' ', '-') for said, mark in SPOKEN.items() if ' ' in said and mark in _ENDS)})\b",
    re.I,
)
"""A mark of two words, joined by the recogniser: "semi-colon"."""
_PREFIXES = frozenset(
    table(
        "post pre mid non inter intra peri ante anti sub multi hemi mega micro macro meso retro trans ileo recto"
    )
)
"""Joined to it they make one word: "mid-period"."""
_A = frozenset(table("a an the this that each per any no same another every"))

# Words before or after which the word is not a mark.
BEFORE: dict[str, frozenset[str]] = {
    "colon": (_A - {"no"})
    | frozenset(
        table(
            "ascending descending transverse sigmoid entire right left proximal distal of redundant "
            "spastic remaining within throughout in rectosigmoid cathartic toxic visualized visualised "
            "decompressed normal and or her his hemi large whole residual pelvic splenic hepatic cecum cecal "
            "into from to through dilated collapsed tortuous obstructed mobilized"
        )
    ),
    "comma": frozenset(["a", "inverted"]),
    "full stop": frozenset(["a", "complete"]),
    "new line": _A | frozenset(["of", "central", "picc"]),
    "next line": _A - {"the"} | frozenset(["the"]),
    "new paragraph": frozenset(["a", "the"]),
    "dash": frozenset(["a", "the", "yard", "meter", "mad"]),
    "hyphen": frozenset(["a", "the"]),
    "slash": frozenset(["a", "the"]),
    "bullet": frozenset(table("a the retained of by this with from one single metallic embedded second no")),
    "bullet point": frozenset(["a", "the"]),
    "left bracket": _A | frozenset(table("upper lower broken loose orthodontic")),
    "right bracket": _A | frozenset(table("upper lower broken loose orthodontic")),
}
AFTER: dict[str, frozenset[str]] = {
    "colon": frozenset(
        table(
            "cancer cancers carcinoma adenocarcinoma polyp polyps polypectomy is was are has had appears "
            "demonstrates shows wall resection with to from screening and or surgery "
            "interposition which resections perforation diverticula contains remains appear tumor tumors "
            "lesion mucosa anastomosis prep preparation loops segments itself were biopsy biopsies conduit"
        )
    ),
    "comma": frozenset(),
    "new line": frozenset(table("of was placement is placed therapy")),
    "next line": frozenset(["of", "was", "therapy", "is"]),
    "dash": frozenset(["of"]),
    "slash": frozenset(["wound", "wounds", "burn", "and-burn"]),
    "bullet": frozenset(table("wound wounds fragment fragments is was hole tract in injury and")),
}
# --- "period": the end of a sentence, or a time ---
_TIMES = frozenset(table("second minute hour day week month year"))
_PERIODS = frozenset(
    table(
        "postoperative post-operative preoperative perioperative intraoperative operative incubation menstrual "
        "refractory neonatal postpartum antepartum perinatal peripartum symptom-free latent"
    )
)
"""Only a time is called so: "postoperative period"."""
_OR_NAMES = frozenset(
    table(
        "waiting observation latency grace recovery washout brief short long prolonged extended interim window last "
        "transition time entire whole"
    )
)
"""A time may be called so, behind a determiner: "the recovery period", but "stable in recovery period"."""
_DETERMINERS = frozenset(
    table("a an the this that her his their each per any no same another every its whole entire")
)
_DURING = frozenset(
    table("over during for in within throughout after through since following into before between")
)
_MONTHLY = frozenset(table("pain pains cramps cramping blood bleeding"))
_LETTERED = frozenset(
    table("influenza hepatitis type group grade vitamin stage class factor category bilirubin strep")
)


def _is_time(tokens: list[Token], at: int, *, continues: bool) -> bool:
    """Whether "period" at ``at`` is a time, and not the end of a sentence."""
    lows = [token.low for token in tokens[:at]]
    before, after = lows[-1] if lows else "", tokens[at + 1].low if at + 1 < len(tokens) else ""
    ends = after in ("", ".", ",", *MARKS.values()) or after == "new"
    clause = _clause(lows)
    if before in _DETERMINERS and before not in ("a", "an"):
        if before in ("this", "that", "her", "his", "its", "their"):  # "he understands that period"
            return not ends or bool(_DURING & set(clause[-4:])) or before in ("her", "their")
        return before != "per"
    if before in ("a", "an"):  # "influenza a period"
        return not (len(lows) > 1 and lows[-2] in _LETTERED) and not (ends and len(lows) > 1)
    if after in ("of", "during") and before not in _TIMES:
        return True
    if before in _TIMES:
        if after == "of" or (ends and not tokens[at - 2 : at - 1]):
            return True
        tail = clause[-5:-1]
        number = len(clause) > 1 and (
            clause[-2] in WORDS - ORDINALS.keys() or clause[-2][:1].isdigit() or clause[-2] == "-"
        )
        return number and any(word in ("a", "the", "this", "an", "that", "any", "each") for word in tail)
    if before == "time":  # "comfortable at this time period"
        return not ends and (after in ("of", "in", "was", "is") or bool(_DURING & set(clause[-4:])))
    if before in _OR_NAMES:
        return bool(_DETERMINERS & set(clause[-3:-1])) or (len(clause) == 1 and not ends)
    if before in _PERIODS:
        return True
    if before in ("first", "missed", "irregular", "regular", "painful", "monthly", "next"):
        return not ends and after not in ("no", "there", "the", "she", "he", "plan", "impression")
    if after in _MONTHLY:
        return not before or before in (
            "with",
            "of",
            "has",
            "had",
            "severe",
            "heavy",
            "no",
            "for",
            "and",
            "denies",
        )
    return not lows and not ends and not continues and after in ("is", "was")


def _clause(lows: list[str]) -> list[str]:
    """The words since the last mark."""
    for back, word in enumerate(reversed(lows)):
        if word in ("period", "comma", ".", ",", "semicolon"):
            return lows[len(lows) - back :]
    return lows


LABELS = frozenset(
    table(
        "impression findings indication technique comparison history allergies medications plan "
        "assessment lungs heart abdomen pelvis exam examination procedure diagnosis diagnoses "
        "conclusion"
    )
)
_END = "".join(MARKS[m] for m in (".", ",", ":", ";", "?", "!"))
_BREAK = MARKS["\n"] + MARKS["\n\n"]


def braces(text: str) -> str:
    """MedASR's ``{period}``, whole or torn; a marker that is not known stays as it is."""
    quotes = 0

    def mark(match: re.Match[str]) -> str:
        nonlocal quotes
        kind = (
            SPOKEN[" ".join(markers.name(match[0]).split())] if markers.name(match[0]) != "quote" else "quote"
        )
        if kind == "quote":
            quotes += 1
            kind = "open quote" if quotes % 2 else "close quote"
        return f" {MARKS[kind]} "

    return markers.known_in(text, _MARKER, mark)


_MARKER = markers.pattern([*SPOKEN, "quote"])


def _phrase(tokens: list[Token], at: int) -> tuple[str, int] | None:
    for count in range(_LONGEST, 0, -1):
        part = tokens[at : at + count]
        if len(part) == count and all(t.space for t in part[:-1]):
            phrase = " ".join(t.low for t in part)
            if phrase in SPOKEN:
                return phrase, count
    return None


def _is_word(phrase: str, tokens: list[Token], at: int, count: int, *, marked: bool, continues: bool) -> bool:
    before = tokens[at - 1].low if at else ""
    after = tokens[at + count].low if at + count < len(tokens) else ""
    if before == "-" and not tokens[at - 1].space and at > 1:
        joined = tokens[at - 2].low
        number = joined in WORDS or joined.isdecimal()  # "a two-period study", but "at L4-L5-period"
        if SPOKEN[phrase] not in _ENDS or joined in _PREFIXES or (number and after.isalnum()):
            return True
        joined_on = tokens[: at - 1] + tokens[at:]  # "clear-period"
        return _is_word(phrase, joined_on, at - 1, count, marked=marked, continues=continues)
    if after in ("-", "'") and not tokens[at + count - 1].space:
        return True
    if before == "a" and at > 1 and tokens[at - 2].low in _LETTERED:
        before = ""  # "influenza a comma": a letter, and no article
    if phrase == "period":
        return after == phrase or (before != phrase and _is_time(tokens, at, continues=continues))
    if phrase == "colon":
        return _is_organ(tokens, at, marked=marked, continues=continues)
    if (
        phrase.endswith(" bracket")
        and SPOKEN[phrase] == "["
        and "bracket" not in [t.low for t in tokens[at + 2 :]]
    ):
        return True
    if phrase == "slash" and (at == 0 or not after):
        return True
    if before == "a" and at > 1 and tokens[at - 2].low in _LETTERED:
        before = ""  # "influenza a comma": the letter belongs to the name
    return before in BEFORE.get(phrase, ()) or after in AFTER.get(phrase, ())


_BEFORE_BREAK = frozenset(("new", "next", "newline"))
_AND_MARK = frozenset(("period", "comma", "semicolon", "full", *_ENDS, *MARKS.values()))


def _is_organ(tokens: list[Token], at: int, *, marked: bool, continues: bool) -> bool:
    """Whether "colon" at ``at`` is the organ, and not the mark; ``marked``: right behind a spoken mark."""
    before = tokens[at - 1].low if at else ""
    after = tokens[at + 1].low if at + 1 < len(tokens) else ""
    if (
        before in (",", ".") and at > 1 and tokens[at - 2].low in LABELS
    ):  # a recogniser's "Impression. Colon. No"
        before = tokens[at - 2].low
    if before == "a" and at > 1 and tokens[at - 2].low in _LETTERED:
        before = "b"  # "hepatitis a colon negative": a letter, and no article
    if marked:
        before = ""
    elif before == "colon":  # the one before it was the organ, or the mark
        return False
    if before in LABELS and after != "cancer":
        return False
    if after == "colon" and (marked or not before or before in BEFORE["colon"] or not before.isalnum()):
        return True
    if not before.isalnum() and before not in (")", '"'):
        return bool(after) and not (not before and continues and after not in AFTER["colon"])
    if before in BEFORE["colon"] or after in AFTER["colon"] or (before == "no" and after.isalpha()):
        return True
    return after in _AND_MARK and before not in LABELS  # no mark follows the mark: "bowel and colon period"


def spoken(text: str, *, continues: bool = False) -> str:
    """Punctuation words as private characters, where they are not words."""
    tokens = split(_TORN.sub(lambda torn: torn[0].replace("-", " "), text))
    lows = [t.low for t in tokens]
    closes = any(low == "unquote" for low in lows) or "end quote" in " ".join(lows)
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        found = _phrase(tokens, at) if token.text[0].isalpha() else None
        marked = bool(out) and out[-1].text.strip() in _CHAR
        if found and not _is_word(found[0], tokens, at, found[1], marked=marked, continues=continues):
            last = tokens[at + found[1] - 1]
            if len(out) > 1 and out[-1] == Token("-", ""):
                out.pop()
            out.append(Token(" " + MARKS[SPOKEN[found[0]]], last.space or " "))
            at += found[1]
        elif token.low == "quote" and closes and "unquote" not in lows[:at]:
            out.append(Token(MARKS["open quote"], " "))
            at += 1
        elif found:
            out += tokens[at : at + found[1]]
            at += found[1]
        else:
            out.append(token)
            at += 1
    return join(out)


def _dashed(match: re.Match[str]) -> str:
    """ "segment 7 dash 12 mm": behind a label's number a dash before a measure makes no range."""
    early = match.string[: match.start()].split()[-1:]
    unit = (match[3] or "").split()
    measured = unit[:1] == ["%"] or any(COUNTED.match(" ".join(unit[:count])) for count in (1, 2))
    if highest(match[1].lower(), early[0].lower() if early else "") is None or not measured:
        return match[0]
    return f"{match[1]} {match[2]} - "


_FULL_STOPS = re.compile(rf"[{MARKS['.']}{MARKS['?']}{MARKS['!']}]")
_BREAKS_BEHIND = re.compile(rf"[{_END}{_BREAK}][\s.,]*$")


def says_full_stop(words: str, *, at_end: bool = False) -> bool:
    """Whether a full stop is spoken in ``words``; ``at_end``: whether any mark is the last thing spoken."""
    said = spoken(braces(words))
    return bool((_BREAKS_BEHIND if at_end else _FULL_STOPS).search(said))


_RUN = re.compile(rf"[\s.,;:?!]*(?:[{_END}{_BREAK}][\s.,;:?!]*)+")
_AUTO_LOWER = re.compile(
    r"^(?:The|A|An|No|With|Without|Likely|And|But|There|This|Which|Unchanged|Measuring|Or|Is|Are|Was|In|Of|"
    r"Consistent|Possibly|Probably|As|At|On|It|New|Mild|Moderate|Severe|Small|Stable)\b"
)


def place(text: str) -> str:
    """Private characters to marks, rightly spaced, none doubled; spoken ones win over automatic ones."""

    def run(match: re.Match[str]) -> str:
        part = match.group(0)
        said = [_CHAR[c] for c in part if c in _CHAR]
        marks = [m for m in said if m.strip()]
        breaks = [m for m in said if not m.strip()]
        if not marks and breaks:  # what the recogniser wrote in front of a break stays
            auto = part[: next(i for i, c in enumerate(part) if c in _CHAR)].strip()
            marks = [auto[-1]] if auto and auto[-1] in ".:?!;" else []
        strongest = [m for m in marks if m in ".?!:;"] or marks
        mark = strongest[0] if strongest else ""
        if not breaks:
            return mark + " "
        return mark + ("\n\n" if "\n\n" in breaks or len(breaks) > 1 else "\n")

    lowered = re.sub(
        rf"([.?!]\s*{MARKS[',']}[\s.,]*)(\w+)",
        lambda m: m.group(1) + (m.group(2).lower() if _AUTO_LOWER.match(m.group(2)) else m.group(2)),
        text,
    )
    text = _RUN.sub(run, lowered)
    bullet, dash = MARKS["bullet"], MARKS["dash"]
    text = re.sub(rf"(^|\n)[ \t]*[{bullet}{dash}{MARKS['-']}][ .,:]*", r"\1- ", text)
    text = re.sub(rf"\s*{bullet}[ .,:]*", "\n- ", text)
    text = re.sub(
        rf"(\w*) (\d[\d.]*) ?{dash} ?(?=\d[\d.]*( ?[a-z%]+(?: [a-z]+)?)?)", _dashed, text, flags=re.I
    )
    text = re.sub(rf"(\d) ?{dash} ?(\d)", r"\1-\2", text)
    text = re.sub(rf"\s*{dash}[ ,]*", " - ", text)
    text = re.sub(rf" *{MARKS['-']} *", "-", text)
    text = re.sub(rf" *{MARKS['/']} *", "/", text)
    text = re.sub(rf" *{MARKS['&']} *", " & ", text)
    text = re.sub(rf"[ .,]*{re.escape(MARKS['...'])}[ .,]*", "... ", text)
    text = re.sub(rf" *{MARKS['(']}[ ,.]*", " (", text)
    text = re.sub(rf"[ ]*,?[ ]*{re.escape(MARKS[')'])}", ")", text)
    text = re.sub(rf" *{re.escape(MARKS['['])}[ ,.]*", " [", text)
    text = re.sub(rf" *{re.escape(MARKS[']'])}", "]", text)
    text = re.sub(rf" *{MARKS['open quote']}[ ,.]*", ' "', text)
    text = re.sub(rf" *{MARKS['close quote']}", '"', text)
    text = re.sub(r"([(\[\"])\n", r"\1", text)
    text = re.sub(r" +([.,;?!])(?=\s|$)", r"\1", text)
    text = re.sub(r" +:(?=\s|$)", ":", text)
    text = re.sub(r"(?<=[a-z)])([.,;:?!])\1+(?=\s|$)", r"\1", text)
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", text)).strip(" \t")
