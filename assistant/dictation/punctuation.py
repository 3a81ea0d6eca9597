"""Punctuation and layout words: told from the same words meant as words, and placed between the others."""

import re

from assistant.dictation.numbers import WORDS
from assistant.dictation.tokens import MARKS, Token, join, split, table

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
    "period": _A
    | frozenset(
        table(
            "postoperative post-operative preoperative perioperative intraoperative operative incubation "
            "waiting observation time menstrual last latent latency refractory grace neonatal postpartum "
            "antepartum perinatal peripartum recovery washout brief short long her prolonged extended "
            "interim window symptom-free"
        )
    ),
    "colon": (_A - {"no"})
    | frozenset(
        table(
            "ascending descending transverse sigmoid entire right left proximal distal of redundant "
            "spastic remaining within throughout in rectosigmoid cathartic toxic visualized visualised "
            "decompressed normal"
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
    "bullet": frozenset(table("a the retained of by this with from one single metallic embedded")),
    "bullet point": frozenset(["a", "the"]),
}
AFTER: dict[str, frozenset[str]] = {
    "period": frozenset(["of", "pain", "pains", "cramps", "during"]),
    "colon": frozenset(
        table(
            "cancer cancers carcinoma adenocarcinoma polyp polyps polypectomy is was are has had appears "
            "demonstrates shows wall resection mass with to without from screening and or surgery "
            "interposition which resections perforation diverticula contains remains appear tumor tumors "
            "lesion"
        )
    ),
    "comma": frozenset(),
    "new line": frozenset(table("of was placement is placed therapy")),
    "next line": frozenset(["of", "was", "therapy", "is"]),
    "dash": frozenset(["of"]),
    "slash": frozenset(["wound", "wounds", "burn", "and-burn"]),
    "bullet": frozenset(table("wound wounds fragment fragments is was hole tract in injury and")),
}
LABELS = frozenset(
    table(
        "impression findings indication technique comparison history allergies medications plan "
        "assessment lungs heart abdomen pelvis exam examination procedure diagnosis diagnoses "
        "conclusion"
    )
)
BRACES = re.compile(r"\{\s*([A-Za-z|\- ]+?)\s*\}")
_END = "".join(MARKS[m] for m in (".", ",", ":", ";", "?", "!"))
_BREAK = MARKS["\n"] + MARKS["\n\n"]


def braces(text: str) -> str:
    """MedASR's ``{period}``; a marker that is not known stays as it is."""

    def mark(match: re.Match[str]) -> str:
        kind = SPOKEN.get(" ".join(match.group(1).lower().split()))
        return f" {MARKS[kind]} " if kind else match.group(0)

    return BRACES.sub(mark, text)


def _phrase(tokens: list[Token], at: int) -> tuple[str, int] | None:
    for count in range(_LONGEST, 0, -1):
        part = tokens[at : at + count]
        if len(part) == count and all(t.space for t in part[:-1]):
            phrase = " ".join(t.low for t in part)
            if phrase in SPOKEN:
                return phrase, count
    return None


def _is_word(phrase: str, tokens: list[Token], at: int, count: int, continues: bool) -> bool:
    before = tokens[at - 1].low if at else ""
    after = tokens[at + count].low if at + count < len(tokens) else ""
    if before == "-" and not tokens[at - 1].space and at > 1:
        joined = tokens[at - 2].low
        number = joined in WORDS or joined.isdecimal()  # "a two-period study", but "at L4-L5-period"
        if SPOKEN[phrase] not in _ENDS or joined in _PREFIXES or (number and after.isalnum()):
            return True
        return _is_word(phrase, tokens[: at - 1] + tokens[at:], at - 1, count, continues)  # "clear-period"
    if after in ("-", "'") and not tokens[at + count - 1].space:
        return True
    if after == phrase and phrase in ("period", "colon"):
        return True
    if before == phrase and phrase in ("period", "colon"):
        return False
    if phrase == "colon" and at and (after == ":" or (before in (",", ".") and after in (",", ".", ":"))):
        return False
    if phrase == "colon":
        if before in (",", ".") and at > 1 and tokens[at - 2].low in LABELS:
            before = tokens[at - 2].low
        if before in LABELS and after != "cancer":
            return False
        if not before.isalnum() and before not in (")", '"') and not continues:
            return at == 0 or bool(after)
    if phrase == "period":
        early = tokens[at - 2].low if at > 1 else ""
        if before in ("day", "week", "month", "year", "hour", "minute") and at > 1:
            return (after in ("", "of", "and") and early in ("-", "over")) or _adjective(tokens, at)
        if at == 0 and after and not continues:
            return after in ("of", "pain", "is", "was")
    if phrase == "slash" and (at == 0 or not after):
        return True
    return before in BEFORE.get(phrase, ()) or after in AFTER.get(phrase, ())


def _adjective(tokens: list[Token], at: int) -> bool:
    """ "over a two week period": an article, a number and a unit of time before."""
    before = [t.low for t in tokens[max(0, at - 5) : at - 1]]
    return any(word in ("a", "the", "this", "an") for word in before[:-1])


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
        if found and not _is_word(found[0], tokens, at, found[1], continues):
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


_RUN = re.compile(rf"[\s.,;:?!]*(?:[{_END}{_BREAK}][\s.,;:?!]*)+")
_AUTO_LOWER = re.compile(
    r"^(?:The|A|An|No|With|Without|Likely|And|But|There|This|Which|Unchanged|Measuring|Or|Is|Are|Was|In|Of|"
    r"Consistent|Possibly|Probably|As|At|On|It|New|Mild|Moderate|Severe|Small|Stable)\b"
)
_CHAR = {v: k for k, v in MARKS.items()}


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
