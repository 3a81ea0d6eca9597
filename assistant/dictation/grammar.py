"""Spoken words → the command that they are, all of them, with its arguments. Pure.

Words in a command's place are kept as they were heard, capitals too, so that they can be looked for and written.
"""

import re
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from functools import lru_cache

from jellyfish import metaphone
from rapidfuzz.distance import Levenshtein

from assistant.dictation.commands import HEARD_NUMBERS, TABLE
from assistant.dictation.desk import Command
from assistant.dictation.numbers import UNITS as NUMBERS
from assistant.dictation.tokens import plain
from assistant.events import CommandName

PHRASES: dict[str, CommandName] = {phrase: row.name for row in TABLE for phrase in row.exactly}
"""Commands that are said in exactly these words."""
_POLITE = re.compile(
    r"^(?:(?:hey|hi|ok|okay)\s)?(?:assistant\s)(?=\w)|^(?:please|now|ok|okay|alright|so|well|um|uh)\s|\s(?:please|now|thanks|thank you|period|full stop)$",
    re.I,
)
LONGEST_CHARACTERS = 120
_USUAL_SECTIONS = ("findings", "impression", "plan", "recommendation")


class Grammar:
    """The commands, with the section and macro names of one report added to those everybody has."""

    def __init__(self, sections: Collection[str] = (), macros: Collection[str] = ()) -> None:
        self._sections, self._macros = sorted(sections), sorted(macros)
        self._patterns = [(row.name, self._compile(row.pattern)) for row in TABLE if row.pattern]

    def _compile(self, pattern: str) -> re.Pattern[str]:
        pattern = pattern.replace("<sections>", _any_of(self._sections)).replace(
            "<macros>", _any_of(self._macros)
        )
        names: dict[str, int] = {}

        def once(match: re.Match[str]) -> str:
            names[match[1]] = names.get(match[1], 0) + 1
            return match[0] if names[match[1]] == 1 else f"(?P<{match[1]}_{names[match[1]]}>"

        return re.compile("(?:" + re.sub(r"\(\?P<([a-z]+)>", once, pattern) + ")", re.I)

    def parse(self, heard: str) -> Command | None:
        """The command that ``heard`` is, all of it."""
        return self._parsed(heard)

    def _parsed(self, heard: str) -> Command | None:
        said = plain(heard)
        if not said or len(said) > LONGEST_CHARACTERS:
            return None
        for _ in range(3):
            if (name := PHRASES.get(said.casefold())) is not None:
                return Command(name, said=said.casefold())
            shorter = _POLITE.sub("", said)
            if shorter == said:
                break
            said = shorter
        for name, pattern in self._patterns:
            if match := pattern.fullmatch(said):
                return _command(name, match)
        return None

    def nearly(self, heard: str) -> list[str]:
        """The commands that ``heard``, which is none, comes close to, as they would be said; the nearest first: by its
        letters, by its sound, or with a word before or behind it that a recogniser has added."""
        said = plain(heard).casefold()
        if not 1 <= len(said.split()) <= 5:
            return []
        names = {"<sections>": self._sections or _USUAL_SECTIONS, "<macros>": self._macros}
        phrases = [phrase for row in TABLE for offered in row.phrases for phrase in _named(offered, names)]
        sound = _sound(said)
        near = {phrase: likeness for phrase in phrases if (likeness := _likeness(said, sound, phrase))}
        words = said.split()
        parts = [" ".join(part) for part in (words[1:], words[:-1]) if 2 <= len(part) <= 3]
        within = [part for part in parts if self._parsed(part)]
        sounds = {_sound(part) for part in parts}
        sounding = [phrase for phrase in phrases if " " in phrase and _sound(phrase) in sounds]
        return [*sorted(near, key=lambda phrase: -near[phrase]), *within, *sounding]


_LIKE, _LIKE_IN_SOUND = 0.84, 0.6
"""Shares of the letters that are alike: of a phrase that is near by its letters, and of one that sounds the same."""


def _likeness(said: str, sound: str, phrase: str) -> float:
    """Nearness of two phrases; 0 if they are not near."""
    alike = SequenceMatcher(None, said, phrase).ratio()
    if " " in said and alike >= _LIKE:
        return 1 + alike
    same = _sound(phrase)
    apart = Levenshtein.distance(sound, same)
    most = 1 if len(same) >= _LONG_SOUND else 0
    return alike if apart <= most and alike >= _LIKE_IN_SOUND else 0


_LONG_SOUND = 5
"""Consonants of a phrase of which one may be another."""


@lru_cache(1024)
def _sound(phrase: str) -> str:
    return metaphone(phrase.replace(" ", ""))


def _named(phrase: str, names: Mapping[str, Collection[str]]) -> list[str]:
    """``phrase``, or, where it has the place of a name, one for each name."""
    place = next((place for place in names if place in phrase), None)
    return [phrase.replace(place, name) for name in names[place]] if place else [phrase]


def _any_of(names: Collection[str]) -> str:
    return "(?:" + "|".join(re.escape(name) for name in names) + ")" if names else r"(?!)"


_UNITS = {"utterance": "", "selection": "", "change": "", "edit": "", "phrase": "", "placeholder": "field", "blank": "field",
          "report": "document", "note": "document"}  # fmt: skip
_WHICHES = {"previous": "last", "current": "this", "whole": "this", "entire": "this", "that": "this", "bottom": "end",
            "beginning": "top", "start": "top"}  # fmt: skip
_FORMS = {"all cap": "all_caps", "all caps": "all_caps", "uppercase": "all_caps", "upper case": "all_caps",
          "no cap": "no_caps", "no caps": "no_caps", "lowercase": "no_caps", "lower case": "no_caps"}  # fmt: skip


def _command(name: CommandName, match: re.Match[str]) -> Command:
    found = {key: value for key, value in match.groupdict().items() if value is not None}

    def first(*keys: str) -> str:
        return next((v for k, v in found.items() if re.sub(r"[_\d]*$", "", k) in keys), "")

    unit, which = first("unit").lower(), first("which", "place").lower()
    unit = unit.removesuffix("s")
    count = first("count").lower()
    form = first("form").lower()
    if first("all"):
        unit, which = "document", "all"
    if first("none"):
        which = "none"
    if first("list", "item"):
        which = "number" if "number" in first("list", "item").lower() or first("item") else "bullet"
    return Command(
        name,
        unit=_UNITS.get(unit, unit),
        which=_WHICHES.get(which, which),
        count=(int(count) if count.isdigit() else NUMBERS.get(HEARD_NUMBERS.get(count, count), 1))
        if count
        else 1,
        target=first("target"),
        said=match[0].casefold(),
        text=first("text") or (_FORMS.get(form, "cap") if name == "format" else ""),
    )


COMMON = Grammar()
"""The commands of any report."""


def command_of(heard: str) -> CommandName | None:
    """The name of the command that ``heard`` is in any report, all of it."""
    found = COMMON.parse(heard)
    return found.name if found else None
