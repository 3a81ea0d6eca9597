"""Spoken or half-written text in, written text out: the whole order of passes, and the check at the end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from assistant.dictation import capitals, forms, markers, medical, numerals, punctuation, units
from assistant.dictation.checker import checked
from assistant.dictation.numbers import Number, unhyphened, write_numbers
from assistant.dictation.tokens import HELD, MARKS, table
from assistant.dictation.written import Written

SECTIONS = frozenset(
    table(
        "exam type|exam|examination|indication|technique|comparison|findings|impression|"
        "procedure|plan|diagnoses|diagnosis|history|clinical history|clinical information|"
        "assessment|recommendation|recommendations|conclusion|medications|allergies|contrast|"
        "protocol|subjective|objective|addendum",
        "|",
    )
)
_MARKER = re.compile(r"\{[^{}\n]*\}|\[[^\[\]\n]*\]")
_TAG = re.compile(r"\s*\[([A-Z][A-Z /&]+)\]\s*(?:\{colon\}|:)?[ \t]*")
_LIST = re.compile(
    r"(^|\n)(?:number )?(?:(\d{1,2})|(one|two|three|four|five|six|seven|eight|nine|ten))(?:\.|\ue001| \ue001)\s+(?=[A-Za-z])",
    re.I,
)
_NUMBERED = re.compile(
    r"(^\s*|[\n\ue007\ue008]\s*)number (one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\b[ .,:\ue001\ue003]*"
    rf"(?={forms.LIST_ITEM})",
    re.I,
)
_NEXT_NUMBER = re.compile(
    r"(?:(?<=period )|(?<=[.\ue001] ))number (?=(?:one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\b)",
    re.I,
)
_OPENS_LIST = re.compile(r"\s*number (?:one|1)\b(?=.*\bnumber (?:two|2)\b)", re.I | re.S)
_ITEM = re.compile(
    r"(?<=[a-z] )(?<!line )(?<!paragraph )(?<!period )number (?=(?:two|three|four|five|six|seven|eight|nine|ten|\d{1,2}) [a-z])",
    re.I,
)
_PASSES = 4


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """House style by default."""

    dates: Literal["long", "day_first", "as_dictated"] = "long"
    times: Literal["clock", "as_dictated"] = "clock"
    numbers_under_ten: Literal["numerals", "words"] = "numerals"
    units: Literal["abbreviated", "as_dictated"] = "abbreviated"
    cranial_nerves: Literal["roman", "arabic"] = "roman"
    classes: Literal["roman", "arabic"] = "roman"
    thousands: Literal["plain", "comma"] = "plain"


HOUSE_STYLE = FormatOptions()


class Formatter:
    """Pure and reusable; ``words`` are a person's own: spoken form to written form."""

    def __init__(self, options: FormatOptions | None = None, words: Mapping[str, str] | None = None) -> None:
        self.options = options or HOUSE_STYLE
        self._own = {tuple(k.lower().split()): v for k, v in (words or {}).items() if k.strip()}
        self._longest = max((len(k) for k in self._own), default=0)

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Every word of a person's own list, spoken and written, in lower case."""
        texts = (f"{' '.join(spoken)} {written}" for spoken, written in self._own.items())
        return frozenset(word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower()))

    @cached_property
    def written_words(self) -> tuple[str, ...]:
        """A person's own words, as they are written."""
        return tuple(dict.fromkeys(self._own.values()))

    def styled(self, **changes: str) -> "Formatter":
        """The same words in another house style; ``changes`` are fields of ``FormatOptions``."""
        other = Formatter(replace(self.options, **changes))  # type: ignore[arg-type]
        other._own, other._longest = self._own, self._longest
        return other

    def format(self, text: str, *, continues: bool = False) -> str:
        """The written form alone: see :meth:`write`."""
        return self.write(text, continues=continues).text

    def write(self, text: str, *, continues: bool = False) -> Written:
        """The written form, checked: a clause that would say something else stays as it was said, and is marked."""
        own = self._replace_own(text)
        written = checked(own, lambda said: self._passes(said, continues), continues=continues)
        if own.strip() and not written.text:
            return Written(text.strip())  # only marks were said, with nothing they could stand after
        return written

    def _passes(self, text: str, continues: bool) -> str | None:
        """As often as something changes; None when that comes to no end."""
        done = text
        for turn in range(_PASSES):
            once = self._once(done, continues, spoken=not turn)
            if once == done:
                return done
            done = once
        return None

    def _replace_own(self, text: str) -> str:
        if not self._own:
            return text
        parts = re.findall(r"\S+|\s+", text)
        words = parts[0::2] if parts and not parts[0].isspace() else parts[1::2]
        out: list[str] = []
        at = 0
        while at < len(words):
            for count in range(min(self._longest, len(words) - at), 0, -1):
                last = words[at + count - 1]
                bare = last.rstrip(".,;:?!")
                key = tuple(w.lower() for w in (*words[at : at + count - 1], bare))
                if key in self._own:
                    out.append(self._own[key] + last[len(bare) :])
                    at += count
                    break
            else:
                out.append(words[at])
                at += 1
        return " ".join(out)

    def _once(self, text: str, continues: bool, *, spoken: bool) -> str:
        """``spoken``: marks may be said in words; what is left of these words then is no mark."""
        held: list[str] = []

        def hold(match: re.Match[str]) -> str:
            held.append(match.group(0))
            return chr(HELD + len(held) - 1)

        text = re.sub(r"[\ue000-\uf8ff]", "", text).replace("</s>", "").replace("’", "'")
        body = text.lstrip()
        lead = "\n" * min(text[: len(text) - len(body)].count("\n"), 2)
        continues = continues and not lead
        text = body.rstrip(" \t\r")
        text = markers.decimals(markers.tags(text, SECTIONS))
        text = _TAG.sub(self._section, text)
        text = punctuation.braces(text)
        text = _MARKER.sub(hold, text)
        if _OPENS_LIST.match(text):
            text = _ITEM.sub(lambda m: f" {MARKS[chr(10)]}{m[0]}", text)
        text = _NEXT_NUMBER.sub(lambda m: f"{MARKS[chr(10)]}{m[0]}", text)
        text = _NUMBERED.sub(lambda m: f"{m[1]}{medical.number(m[2])}. ", text)
        text = re.sub(r"\b(a|p)\.m\b\.?(?=[\s,]|$)", r"\1m", text, flags=re.I)
        if spoken:
            text = punctuation.spoken(text, continues=continues)
        text = self._numbers(text)
        text = capitals.known(text)
        text = punctuation.place(text)
        text = _LIST.sub(lambda m: f"{m[1]}{m[2] or medical.number(m[3])}. ", text)
        text = capitals.starts(text, continues=continues)
        for index, marker in enumerate(held):
            text = text.replace(chr(HELD + index), marker)
        return lead + text

    def _section(self, match: re.Match[str]) -> str:
        name = match.group(1)
        if name.lower() not in SECTIONS:
            return match.group(0)
        before = match.string[: match.start()].rstrip()
        if not before:
            return f"{name}: "
        if before.endswith((".", "?", "!", "}", "\n")) and not before.lower().endswith(
            ("{comma}", "{colon}")
        ):
            return f"{MARKS[chr(10) * 2]}{name}: "
        return f" {name.lower()} "

    def _numbers(self, text: str) -> str:
        options = self.options
        text = unhyphened(re.sub(r"[^\S\n]+", " ", text))
        if options.dates != "as_dictated":
            text = medical.apply(medical.DATES, text)
        if options.dates == "day_first":
            text = medical.day_first(text)
        if options.times == "clock":
            text = medical.apply(medical.TIMES, text)
        text = medical.apply(forms.BEFORE, medical.apply(medical.BEFORE, text))
        text = capitals.spelled(medical.acuity(text))
        small = options.numbers_under_ten == "numerals"

        def wanted(number: Number, words: list[str], start: int, end: int) -> bool:
            return numerals.wanted(number, words, start, end, small=small)

        text = write_numbers(text, wanted)
        text = medical.apply(medical.AFTER, medical.apply(forms.AFTER, text))
        if options.classes == "roman":
            text = medical.apply(forms.CLASSES, text)
        if options.cranial_nerves == "roman":
            text = medical.NERVES.sub(medical._nerves, text)
        text = units.write_units(text, abbreviate=options.units == "abbreviated")
        text = medical.apply(medical.AFTER_UNITS, text)
        return forms.thousands(text, units.COUNTED) if options.thousands == "comma" else text
