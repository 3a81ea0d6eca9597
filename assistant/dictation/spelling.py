"""Spelled words: letters by their names or by the phonetic alphabet, with capitals, double letters and marks. Pure."""

import re

from assistant.dictation.tokens import table

_NAMES = {
    "a": "a ay alpha alfa",
    "b": "b be bee bravo",
    "c": "c see sea charlie charley",
    "d": "d dee delta",
    "e": "e echo",
    "f": "f ef eff foxtrot",
    "g": "g gee golf",
    "h": "h aitch hotel",
    "i": "i eye india",
    "j": "j jay juliet juliett",
    "k": "k kay kilo",
    "l": "l el ell lima",
    "m": "m em mike",
    "n": "n en november",
    "o": "o oh oscar",
    "p": "p pee papa",
    "q": "q cue queue quebec",
    "r": "r are ar romeo",
    "s": "s ess sierra",
    "t": "t tea tee tango",
    "u": "u you uniform",
    "v": "v vee victor",
    "w": "w whiskey whisky",
    "x": "x ex xray",
    "y": "y why yankee",
    "z": "z zee zed zulu",
}
_SIGNS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "hyphen": "-", "dash": "-", "apostrophe": "'", "space": " ", "slash": "/",
    "period": ".", "dot": ".", "point": ".",
}  # fmt: skip
_LETTERS = {name: letter for letter, names in _NAMES.items() for name in table(names)}
_PHRASES = (
    (r"\bdouble[ -](?:u|you)\b", "w"),
    (r"\bx[ -]ray\b", "xray"),
    (r"\b(?:capital|upper ?case|cap)\b", "capital"),
    (r"\blower ?case\b", "small"),
    (r"\ball cap(?:ital)?s\b", "allcaps"),
    (r" (?:as in|for|like) [a-z]+\b", ""),
)


def spelled(said: str) -> str | None:
    """``"hotel yankee double p"`` → ``"hypp"``; None where anything in it is no letter, digit or mark."""
    text = re.sub(r"[,.;:]+(?=\s|$)", " ", said.strip())
    text = re.sub(r"\b[A-Z](?:[ -]?[A-Z])+\b", lambda match: " ".join(re.findall("[A-Z]", match[0])), text)
    text = re.sub(r"\b[a-z](?:-[a-z])+\b", lambda match: match[0].replace("-", " "), text)
    text = " ".join(text.lower().split())
    for pattern, name in _PHRASES:
        text = re.sub(pattern, name, text)
    out, is_capital, twice, all_caps = "", False, False, False
    for token in text.split():
        match token:
            case "allcaps":
                all_caps = True
            case "capital":
                is_capital = True
            case "small":
                is_capital = all_caps = False
            case "double":
                twice = True
            case _:
                letter = _LETTERS.get(token) or _SIGNS.get(token) or (token if token.isdigit() else None)
                if letter is None:
                    return None
                letter = letter.upper() if is_capital or all_caps else letter
                out += letter * (2 if twice else 1)
                is_capital = twice = False
    return out if out and not (is_capital or twice) else None
