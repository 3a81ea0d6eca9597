"""The wishes of a question beside words, and the images it names: read once, from its words. Pure."""

import re
from dataclasses import dataclass

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
LAST = -1
"""The place of "the last image"."""


@dataclass(frozen=True, slots=True)
class Wants:
    """``places`` are those of named images, from 1, or ``LAST``. ``words`` may be of the name of a file."""

    place: bool = False
    """A place, as boxes."""
    table: bool = False
    """The values of a laboratory report."""
    comparison: bool = False
    since_first: bool = False
    """Change since the first of several studies, not since the one before."""
    several: bool = False
    """All or several of the images are named as such."""
    places: tuple[int, ...] = ()
    prior: bool = False
    current: bool = False
    points: bool = False
    """"This image"."""
    words: frozenset[str] = frozenset()


_NOUN = (
    r"(?:images?|pictures?|photos?|photographs?|films?|radiographs?|x[\s-]?rays?|scans?|stud(?:y|ies)|series|views?"
    r"|ct|cts|mri|mris|ecg|ekg|slides?|mammograms?|ultrasounds?|attachments?)"
)
_LOCATE = re.compile(
    r"\b(?:where(?:'s| is| are)|locate|locali[sz]e|outline|bounding box(?:es)?|point (?:to|out)"
    r"|(?:draw|put|mark) (?:a |the )?(?:box|boxes|outline)|(?:show|mark) (?:me )?(?:where|the location))\b",
    re.I,
)
_COMPARE = re.compile(
    r"\b(?:compar\w+|chang(?:e|es|ed)|interval|improv\w+|worse\w*|progress\w*|stable"
    r"|(?:prior|previous|earlier|old)\b.{0,40}\b(?:now|new|current|today)|versus|vs"
    r"|(?:since|than|from)\b.{0,30}\b(?:prior|previous|last|first|earlier|baseline)|over time)\b",
    re.I,
)
_SINCE_FIRST = re.compile(
    r"\b(?:since|from|with|to|than|against)\b.{0,20}\b(?:first|oldest|baseline)\b|\bover(?:all| time)\b", re.I
)
_LABS = re.compile(
    r"\b(?:lab(?:oratory)?s?|blood|test)\b.{0,40}\b(?:table|report|results?|values?)\b"
    r"|\btable\b.{0,40}\b(?:labs?|results?|values?)\b",
    re.I,
)
_READ = re.compile(r"\b(?:table|tabulate|extract|read|list|transcribe|structure)\b", re.I)
_ALL = re.compile(
    rf"\b(?:all|both|these|those|every|each|between)\b(?:\s+\w+){{0,3}}?\s+{_NOUN}\b|\b(?:both|all)\s+of\s+them\b"
    r"|\bcompar\w+|\bversus\b|\bvs\b|\binterval\b|\b(?:any|what)\s+change|\bchanged?\s+(?:since|from)\b"
    r"|\b(?:since|than)\b.{0,30}\b(?:prior|previous|last|first|earlier|baseline)\b|\bover\s+time\b"
    r"|\b(?:progress(?:ed|ion)?|improve[ds]?|improvement|worse(?:ned)?|stable|resolved)\b",
    re.I,
)
_NUMBERED = re.compile(
    rf"\b{_NOUN}\s+(?:number\s+|no\.?\s+|#)?((?:\d{{1,2}}|{'|'.join(NUMBERS)})"
    rf"(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+)(?:\d{{1,2}}|{'|'.join(NUMBERS)}))*)\b(?!\s*(?:mm|cm|mg|%|weeks?|days?|years?))",
    re.I,
)
_ORDINAL = re.compile(rf"\b({'|'.join(ORDINALS)}|last)\s+(?:\w+\s+)?(?:{_NOUN}|one)\b", re.I)
_PRIOR = re.compile(rf"\bprior\b|\b(?:previous|older|old|earlier|baseline)\s+(?:\w+\s+)?{_NOUN}\b", re.I)
_CURRENT = re.compile(
    rf"\b(?:current|new|newer|newest|latest|today'?s)\s+(?:\w+\s+)?{_NOUN}\b|\b{_NOUN}\s+(?:of|from)\s+today\b",
    re.I,
)
_THIS = re.compile(rf"\b(?:this|that)\s+(?:(?!an?\b|the\b|any\b)\w+\s+)?{_NOUN}\b", re.I)
_WORD = re.compile(r"[a-z]{3,}")
_COMMON = {"the", "and", "for", "image", "img", "dcm", "png", "jpg", "jpeg", "tiff", "webp", "copy", "scan"}
_COMMON |= {"series", "study", "with", "from", "chest"}


def wants_of(question: str) -> Wants:
    return Wants(
        place=bool(_LOCATE.search(question)),
        table=bool(_LABS.search(question) and _READ.search(question)),
        comparison=bool(_COMPARE.search(question)),
        since_first=bool(_SINCE_FIRST.search(question)),
        several=bool(_ALL.search(question)),
        places=_places(question),
        prior=bool(_PRIOR.search(question)),
        current=bool(_CURRENT.search(question)),
        points=bool(_THIS.search(question)),
        words=words_of(question),
    )


def words_of(text: str) -> frozenset[str]:
    """The words of a question or of a file's name that may tell one image from others."""
    return frozenset(_WORD.findall(text.casefold())) - _COMMON


def _places(question: str) -> tuple[int, ...]:
    places: list[int] = []
    for match in _NUMBERED.finditer(question):
        places += [_number(word) for word in re.findall(r"\w+", match[1]) if word.casefold() != "and"]
    for match in _ORDINAL.finditer(question):
        word = match[1].casefold()
        places.append(LAST if word == "last" else ORDINALS.index(word) + 1)
    return tuple(places)


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS.index(word.casefold()) + 1
