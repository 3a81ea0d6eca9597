"""Compares what was said with what was written, token by token: only what a rule explains may differ. Pure.

Each rule takes some tokens of what was said and some of what was written. A way through both texts by such
steps is a proof that they say the same. Where there is none, the place farthest along is the alarm, and
reading goes on behind it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from assistant.proofreading.grammar import NUMBER_WORDS, SUTURES, Part, Reading, Run, decade, runs
from assistant.proofreading.lexicon import (
    BETWEEN,
    DROPPED,
    DRUGS,
    ENDING,
    GLYPHS,
    LETTERED,
    LONGEST_UNIT,
    MARK_BEGINS,
    MARKS,
    MONTHS,
    NEGATIONS,
    ROMAN,
    ROMAN_LABELS,
    SAME,
    SCALES,
    SIDES,
    UNITS,
    is_noun,
    is_span,
)
from assistant.proofreading.tokens import Token, tokens

Kind = Literal["numbers", "sides", "negations", "drugs", "words", "marks"]
KINDS: tuple[Kind, ...] = ("numbers", "sides", "negations", "drugs", "words", "marks")
_PARTS_TO = ("ratio", "titer", "titre", "dilut", "epinephrine", "lidocaine")
_REACH = 12
"""So many tokens are looked through for the place where the texts agree again."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """``said[said_start:said_end]`` is not what stands in ``written[start:end]``."""

    kind: Kind
    said_start: int
    said_end: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """``written[start:end]`` was said in words that can be read in more than one way."""

    start: int
    end: int
    said: str
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    alarms: tuple[Alarm, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.alarms

    @property
    def kinds(self) -> tuple[Kind, ...]:
        found = {alarm.kind for alarm in self.alarms}
        return tuple(kind for kind in KINDS if kind in found)


def proofread(said: str, written: str) -> Proof:
    """Compare the words of one utterance with what was written for them."""
    return _Reader(said, written).read()


def _counted(found: list[Token]) -> list[Token]:
    """ "A hundred" and "a thousand" as one of them, but for "vitamin a hundred", which ends in a letter."""
    for at in range(len(found) - 1):
        lettered = at > 0 and found[at - 1].low in LETTERED
        if found[at].low == "a" and found[at + 1].low in SCALES and not lettered:
            found[at] = found[at]._replace(low="one")
    return found


class _Step(NamedTuple):
    """The positions that a rule leads to; ``run`` is the run of number words that it read."""

    said: int
    written: int
    run: Run | None = None


class _Reader:
    def __init__(self, said: str, written: str) -> None:
        self._said_text = said
        self._a: list[Token] = _counted(tokens(said))
        self._b: list[Token] = _counted(tokens(written))
        self._runs = runs(self._a)
        self._inside = {at for run in self._runs.values() for at in range(run.first + 1, run.last)}

    # --- the way through ---

    def read(self) -> Proof:
        alarms: list[Alarm] = []
        doubts: list[Doubt] = []
        at = (0, 0)
        while True:
            path, end = self._walk(at)
            doubts += self._doubts(path)
            if end == (len(self._a), len(self._b)):
                return Proof(tuple(alarms), tuple(doubts))
            again = self._agrees_again(end)
            alarms.append(self._alarm(end, again))
            at = again
            if at == (len(self._a), len(self._b)):
                return Proof(tuple(alarms), tuple(doubts))

    def _walk(self, begin: tuple[int, int]) -> tuple[list[tuple[tuple[int, int], _Step]], tuple[int, int]]:
        """Depth first, the likeliest rule first; to the end, or to the place farthest along."""
        goal = (len(self._a), len(self._b))
        came: dict[tuple[int, int], tuple[tuple[int, int], _Step] | None] = {begin: None}
        farthest = begin
        trail = [(begin, self._steps(*begin))]
        while trail and farthest != goal:
            place, steps = trail[-1]
            step = next(steps, None)
            if step is None:
                trail.pop()
                continue
            to = (step.said, step.written)
            if to not in came:
                came[to] = (place, step)
                trail.append((to, self._steps(*to)))
                if to[0] + to[1] > farthest[0] + farthest[1]:
                    farthest = to
        path: list[tuple[tuple[int, int], _Step]] = []
        at = farthest
        while (link := came[at]) is not None:
            path.append(link)
            at = link[0]
        return path[::-1], farthest

    def _agrees_again(self, at: tuple[int, int]) -> tuple[int, int]:
        i, j = at
        best = (len(self._a), len(self._b))
        for total in range(1, 2 * _REACH):
            for di in range(max(0, total - _REACH), min(total, _REACH) + 1):
                a, b = i + di, j + total - di
                if a < len(self._a) and b < len(self._b) and a not in self._inside:
                    one, two = self._a[a], self._b[b]
                    if one.kind == "word" == two.kind and one.low == two.low and len(one.low) > 1:
                        return a, b
        return best

    def _alarm(self, at: tuple[int, int], again: tuple[int, int]) -> Alarm:
        (i, j), (k, m) = at, again
        i = min(i, max(len(self._a) - 1, 0))
        said, written = self._a[i : max(k, i + 1)], self._b[j : max(m, j + 1)]
        return Alarm(
            _kind(said, written, at, self._runs),
            said[0].start if said else 0,
            said[-1].end if said else 0,
            written[0].start if written else (self._b[-1].end if self._b else 0),
            written[-1].end if written else (self._b[-1].end if self._b else 0),
        )

    def _doubts(self, path: list[tuple[tuple[int, int], _Step]]) -> Iterator[Doubt]:
        for (i, j), step in path:
            if step.run is None or not step.run.doubt or step.written <= j:
                continue
            said = self._said_text[self._a[i].start : self._a[step.said - 1].end]
            shown = [_shown(reading) for reading in step.run.readings]
            yield Doubt(self._b[j].start, self._b[step.written - 1].end, said, tuple(dict.fromkeys(shown)))

    # --- the rules, the likeliest first ---

    def _steps(self, i: int, j: int) -> Iterator[_Step]:
        a = self._a[i] if i < len(self._a) else None
        b = self._b[j] if j < len(self._b) else None
        if a is not None and b is not None:
            if (run := self._runs.get(i)) is not None:
                yield from self._number(run, j)
                if (date := self._day_of_month(i, j)) is not None:
                    yield date
                yield from self._marks(i, j)
                yield from self._written_alone(i, j)
                return
            if a.low == b.low:
                yield _Step(i + 1, j + 1)
            yield from self._letters(i, j)
            yield from self._unit(i, j)
            yield from self._same(i, j)
            yield from self._between(i, j)
            if (date := self._day_of_month(i, j)) is not None:
                yield date
        if a is not None:
            yield from self._marks(i, j)
            yield from self._said_alone(i, j)
        if b is not None:
            yield from self._written_alone(i, j)

    # numbers

    def _number(self, run: Run, j: int) -> Iterator[_Step]:
        raw = self._raw(run.first, run.last, j)
        if raw is not None:
            yield _Step(run.last, raw, run)
        for reading in run.readings:
            for end in self._written(run, reading, 0, j):
                yield _Step(run.last, end, run)
            if len(reading) == 1 and self._years(run, reading[0], j):
                yield _Step(run.last + 1, j + 2, run)
            if len(reading) == 1 and self._roman_with_letter(run, reading[0], j):
                yield _Step(run.last + 1, j + 1, run)

    def _raw(self, first: int, last: int, j: int) -> int | None:
        """The words themselves from ``j``, however they are joined; where they end."""
        for at in range(first, last):
            token = self._a[at]
            if token.low == "-":
                if j < len(self._b) and self._b[j].low == "-":
                    j += 1
                continue
            if at > first and j < len(self._b) and self._b[j].low == "-" and self._b[j].glued:
                if token.kind == "numeral" or self._b[j - 1].kind == "numeral":
                    return None
                j += 1
            if j >= len(self._b) or self._b[j].low != token.low:
                return None
            j += 1
        return j

    def _written(self, run: Run, reading: Reading, at: int, j: int) -> Iterator[int]:
        """The places where the numbers of a reading from ``at`` on can end when they are written from ``j``
        on."""
        if at == len(reading):
            yield j
            return
        part = reading[at]
        for start in self._glues(part, j) if at else (j,):
            for end in self._one_written(run, part, at, start):
                yield from self._written(run, reading, at + 1, end)

    def _glues(self, part: Part, j: int) -> Iterator[int]:
        if not part.glue or "" in part.glue:
            yield j
        for glue in part.glue:
            if not glue:
                continue
            at = j
            for char in _pieces(glue):
                if at < len(self._b) and self._b[at].low == char:
                    at += 1
                else:
                    break
            else:
                yield at

    def _one_written(self, run: Run, part: Part, at: int, j: int) -> Iterator[int]:
        b = self._b
        if j >= len(b):
            return
        here = b[j]
        if not part.value or part.last > part.first:
            first = run.items[part.first].at if part.first < len(run.items) else run.last
            last = run.items[part.last - 1].at + 1 if part.last > part.first else first
            raw = self._raw(first, last, j) if last > first else None
            if raw is not None and not part.over and not part.half:
                yield raw
        if part.over:
            if here.low in GLYPHS and GLYPHS[here.low] == (part.value, part.over):
                yield j + 1
            if _values(b, j, 3) == (part.value, "/", part.over):
                yield j + 3
            if here.low == part.value and self._raw(run.last - 1, run.last, j + 1):
                yield j + 2  # "2 thirds"
            return
        if part.half:
            if here.value == f"{part.value}.5":
                yield j + 1
            if here.value == part.value and j + 1 < len(b) and b[j + 1].low == "½":
                yield j + 2
            if here.value == part.value and _values(b, j + 1, 3) == ("1", "/", "2"):
                yield j + 4
            if here.value == part.value:
                raw = self._raw(run.last - 3, run.last, j + 1)
                if raw is not None:
                    yield raw
            return
        if part.value == "0" and ":" in part.glue:
            if here.low == "00":
                yield j + 1
            return
        if here.kind == "numeral" and here.value == part.value and self._ordinal_agrees(run, part, here, j):
            yield j + 1
            if self._clock_nought(run, part, j):
                yield j + 3
        elif (
            part.value
            and ROMAN.get(here.low) == part.value
            and here.upper
            and self._roman_fits(run, part, at, j)
        ):
            yield j + 1

    def _ordinal_agrees(self, run: Run, part: Part, here: Token, j: int) -> bool:
        if part.ordinal == here.ordinal:
            return True
        near = [token.low for token in self._a[max(0, run.first - 4) : run.first + 5]]
        dated = any(low in MONTHS for low in near)
        return dated if part.ordinal else False

    def _clock_nought(self, run: Run, part: Part, j: int) -> bool:
        """ "Eight a m" is written 8:00 AM."""
        after = self._a[run.last].low if run.last < len(self._a) else ""
        return (
            after in ("a", "p", "am", "pm")
            and len(run.items) == 1
            and [token.low for token in self._b[j + 1 : j + 3]] == [":", "00"]
        )

    def _roman_fits(self, run: Run, part: Part, at: int, j: int) -> bool:
        before = self._a[run.first - 1].low if run.first else ""
        if before in ROMAN_LABELS or part.value not in ("1", "5", "10"):
            return True
        return j > 1 and any(token.low in ROMAN_LABELS for token in self._b[max(0, j - 8) : j])

    def _years(self, run: Run, part: Part, j: int) -> bool:
        """ "Nineteen nineties" is written 1990s."""
        tens = decade(self._a[run.last].low) if run.last < len(self._a) else None
        if tens is None or j + 1 >= len(self._b):
            return False
        return self._b[j].value == part.value + tens and self._b[j + 1].low == "s"

    def _roman_with_letter(self, run: Run, part: Part, j: int) -> bool:
        """ "Stage three b" is written IIIB."""
        here = self._b[j]
        if not here.upper or run.last >= len(self._a) or len(self._a[run.last].low) != 1:
            return False
        return ROMAN.get(here.low[:-1]) == part.value and here.low[-1] == self._a[run.last].low

    def _day_of_month(self, i: int, j: int) -> _Step | None:
        """ "The fifteenth of june twenty twenty three" is written June 15, 2023."""
        a, b = self._a, self._b
        at = i + 1 if a[i].low == "the" and i + 1 < len(a) else i
        run = self._runs.get(at)
        if run is None or b[j].low not in MONTHS or j + 1 >= len(b):
            return None
        after = [token.low for token in a[run.last : run.last + 3]]
        if after[:2] == ["day", "of"]:
            month = run.last + 2
        elif after[:1] == ["of"]:
            month = run.last + 1
        else:
            return None
        if month >= len(a) or a[month].low != b[j].low:
            return None
        if b[j + 1].value not in {reading[0].value for reading in run.readings if len(reading) == 1}:
            return None
        comma = j + 2 < len(b) and b[j + 2].low == "," and j + 3 < len(b) and len(b[j + 3].value) == 4
        return _Step(month + 1, j + 3 if comma and month + 1 in self._runs else j + 2, run)

    # words

    def _letters(self, i: int, j: int) -> Iterator[_Step]:
        """Letters said one by one, and words said in two, are one word when written."""
        a, target = self._a, self._b[j].low.replace("'", "")
        if self._b[j].kind != "word" or a[i].kind != "word":
            return
        joined, at, words = "", i, 0
        while at < len(a) and len(joined) < len(target):
            token = a[at]
            if token.low in ("-", ".", "'") and at > i:
                at += 1
                continue
            if token.kind != "word" or (at in self._runs and token.low not in ("o",)):
                break
            joined += token.low.replace("'", "")
            words += len(token.low) > 1
            at += 1
            if joined == target and at - i > 1 and words <= 2:
                yield _Step(at, j + 1)
                return
            if not target.startswith(joined):
                return

    def _unit(self, i: int, j: int) -> Iterator[_Step]:
        a, b = self._a, self._b
        if j == 0 and i == 0:
            return
        for width in range(min(LONGEST_UNIT, len(a) - i), 0, -1):
            units = UNITS.get(tuple(token.low for token in a[i : i + width]))
            if not units:
                continue
            for across in range(min(LONGEST_UNIT, len(b) - j), 0, -1):
                written = UNITS.get(tuple(token.low for token in b[j : j + across]))
                if written and not set(units).isdisjoint(written) and self._measures(j):
                    yield _Step(i + width, j + across)
        # "five percent to ten percent" is written 5-10%
        units = UNITS.get((a[i].low,))
        if units and i > 0 and i + 2 < len(a) and a[i + 1].low in ("to", "through", "by", "x", "-"):
            run = self._runs.get(i + 2)
            if run and run.last < len(a) and UNITS.get((a[run.last].low,)) == units:
                yield _Step(i + 1, j)

    def _measures(self, j: int) -> bool:
        """A unit stands behind a number or another unit: "gray matter" is no dose."""
        before = self._b[j - 1] if j else None
        if before is None:
            return False
        amount = before.low in NUMBER_WORDS or before.low in ("million", "thousand", "half", "hundred", "½")
        return (
            before.kind == "numeral" or amount or before.low in ("/", "per", "-") or before.low in UNITS_FLAT
        )

    def _same(self, i: int, j: int) -> Iterator[_Step]:
        a, b = self._a, self._b
        for said, written in SAME.get(a[i].low, ()):
            if len(said) > len(a) - i or len(written) > len(b) - j:
                continue
            if all(a[i + k].low == low for k, low in enumerate(said)) and all(
                b[j + k].low == low for k, low in enumerate(written)
            ):
                yield _Step(i + len(said), j + len(written))
        if (value := decade(a[i].low)) is not None and b[j].kind == "numeral":
            tail = j + 1 < len(b) and b[j + 1].low in ("s", "'s")
            if tail and b[j].value == value:
                yield _Step(i + 1, j + 2)
        if (
            a[i].low in ("minus", "negative")
            and b[j].low in ("-", "−")
            and self._minus(j)
            and i + 1 in self._runs
        ):
            yield _Step(i + 1, j + 1)

    def _minus(self, j: int) -> bool:
        """Whether a written hyphen is the sign of the number behind it."""
        b = self._b
        if b[j].low not in ("-", "−") or j + 1 >= len(b) or b[j + 1].kind != "numeral" or not b[j + 1].glued:
            return False
        return j == 0 or not b[j].glued or b[j - 1].kind == "sign"

    def _between(self, i: int, j: int) -> Iterator[_Step]:
        """Signs that stand between numbers, units and letters only."""
        a, b = self._a, self._b
        low, sign = a[i].low, b[j].low
        if low in ("oh", "o") and (end := self._suture(i, j)) is not None:
            yield _Step(i + 1, end)
            return
        if low == "to" and sign == ":":
            if any(token.low.startswith(_PARTS_TO) for token in a[max(0, i - 5) : i + 5]):
                yield _Step(i + 1, j + 1)
            return
        if low == "out" and i + 1 < len(a) and a[i + 1].low == "of" and sign == "/":
            if self._numeric(b, j - 1) and self._numeric(b, j + 1):
                yield _Step(i + 2, j + 1)
            return
        if sign not in BETWEEN.get(low, ()) or j == 0 or j + 1 >= len(b):
            return
        if low == "and":
            fits = len(b[j - 1].low) <= 2 and len(b[j + 1].low) <= 2
        elif low == "per":
            fits = b[j - 1].kind == "word" or b[j - 1].low in ("%", "°", "2", "3")
        elif low == "times" and b[j - 1].kind == "word":
            fits = b[j + 1].kind == "numeral"
        elif sign in ("-", "–") and self._minus(j) and low in ("to", "through"):
            fits = False
        else:
            fits = self._numeric(b, j - 1) and self._numeric(b, j + 1)
        if fits:
            yield _Step(i + 1, j + 1)

    def _suture(self, i: int, j: int) -> int | None:
        """ "Three oh" is the size 3-0, "oh silk" is 0."""
        b = self._b
        if b[j].low == "0" and i + 1 < len(self._a) and self._a[i + 1].low in SUTURES:
            return j + 1
        dashed = b[j].low == "-" and j + 1 < len(b) and b[j + 1].low == "0" and j > 0
        return j + 2 if dashed and b[j - 1].kind == "numeral" else None

    @staticmethod
    def _numeric(b: Sequence[Token], at: int) -> bool:
        if not 0 <= at < len(b):
            return False
        token = b[at]
        return (
            token.kind == "numeral"
            or token.low in ROMAN
            or len(token.low) == 1
            or token.low in UNITS_FLAT
            or token.low in ("°", "%", '"', "'")
        )

    # marks

    def _marks(self, i: int, j: int) -> Iterator[_Step]:
        a, b = self._a, self._b
        if a[i].low not in MARK_BEGINS:
            return
        for count in (2, 1):
            said, end = self._phrase(i, count)
            marks = MARKS.get(said)
            if marks is None or (self._noun(i, end) and not self._braced(i, end)):
                continue
            for mark in marks:
                if tuple(token.low for token in b[j : j + len(mark)]) == mark:
                    yield _Step(end, j + len(mark))
            before = b[j - 1].low if j else ""
            here = b[j].low if j < len(b) else ""
            beside = (before in ENDING and before) or (here in ENDING and here)
            if beside and (said != ("colon",) or ":" in (before, here)) and not self._determined(i):
                yield _Step(end, j)  # of two marks one is written
            opens = j == 0 and (i > 0 or said[0] in ("new", "next", "newline"))
            if opens or (said == ("quote",) and before == '"'):
                yield _Step(end, j)

    def _determined(self, i: int) -> bool:
        """Whether a word stands in front that asks for a thing: "during this period comma" says two words."""
        return i > 0 and self._a[i - 1].low in ("this", "that", "the", "a", "each", "any", "-")

    def _phrase(self, i: int, count: int) -> tuple[tuple[str, ...], int]:
        """So many words from ``i``, whatever joins them, and where they end."""
        words = [self._a[i].low]
        at = i + 1
        while len(words) < count and at < len(self._a):
            if self._a[at].low in ("{", "}") or (self._a[at].low == "-" and self._a[at].glued):
                at += 1
                continue
            words.append(self._a[at].low)
            at += 1
        return tuple(words), at

    def _braced(self, i: int, end: int) -> bool:
        return i > 0 and self._a[i - 1].low == "{" and end < len(self._a) and self._a[end].low == "}"

    def _noun(self, i: int, end: int) -> bool:
        """Whether a word that can be a mark is a thing here."""
        a = self._a
        before = next(
            (a[k].low for k in range(i - 1, max(-1, i - 4), -1) if a[k].low not in ("-", ",", ".")), ""
        )
        after = a[end].low if end < len(a) else ""
        if before == "a" and i > 1 and a[i - 2].low in LETTERED:
            before = ""  # "influenza a new line"
        word = " ".join(token.low for token in a[i:end] if token.low != "-")
        if word == "colon" and before != "colon" and after in ("period", "comma", "semicolon"):
            return True
        if word == "period" and is_span([token.low for token in a[max(0, i - 8) : i] if token.low != "-"]):
            return True
        return is_noun(word, before, after)

    def _said_alone(self, i: int, j: int) -> Iterator[_Step]:
        """Tokens said, or marked by the recogniser, that leave nothing in the text."""
        a, b = self._a, self._b
        low = a[i].low
        if a[i].kind == "sign":
            if low == "-" and not self._between_numbers(i):
                yield _Step(i + 1, j)
            elif low in DROPPED and not self._between_numerals(i):
                yield _Step(i + 1, j)
                if low == "]" and j < len(b) and b[j].low == ":":
                    yield _Step(i + 1, j + 1)
            return
        if self._unwritten(i, j):
            yield _Step(i + 1, j)

    def _unwritten(self, i: int, j: int) -> bool:
        """Whether a word is said in a form that is written without it."""
        a, b = self._a, self._b
        match a[i].low:
            case "number":  # "number one" opens an item of a list: "1."
                return i + 1 in self._runs and j < len(b) and b[j].kind == "numeral" and self._opens_line(j)
            case "the" if (run := self._runs.get(i + 1)) and j < len(b):
                dated = any(token.low in MONTHS for token in a[run.last : run.last + 3])
                return (j > 0 and b[j - 1].low in MONTHS) or (dated and b[j].kind == "numeral")
            case "of" if i > 0 and i + 1 < len(a):
                month = a[i + 1].low in MONTHS and j < len(b) and b[j].low == a[i + 1].low
                return (a[i - 1].low in MONTHS and i + 1 in self._runs) or (
                    month and b[j - 1].kind == "numeral"
                )
            case "o'clock":
                return i + 1 < len(a) and a[i + 1].low in ("am", "pm", "a", "p", "in")
            case "hours":
                return j > 1 and b[j - 2].low == ":" and len(b[j - 1].low) == 2
            case "in" | "the":
                half = {"am", "pm"} & {token.low for token in a[i + 1 : i + 3]}
                return bool(half) and i > 1 and "o'clock" in (a[i - 1].low, a[i - 2].low)
            case _:
                return False

    def _between_numbers(self, i: int) -> bool:
        """A hyphen that stands for "to" or a minus."""
        a = self._a
        after = a[i + 1] if i + 1 < len(a) else None
        before = a[i - 1] if i else None
        if after is None or after.kind != "numeral":
            return False
        return before is None or before.kind == "numeral" or not a[i].glued

    def _between_numerals(self, i: int) -> bool:
        a = self._a
        return (
            0 < i < len(a) - 1
            and a[i].glued
            and a[i + 1].glued
            and a[i - 1].kind == "numeral"
            and a[i + 1].kind == "numeral"
        )

    @staticmethod
    def _is_hyphen(left: Token, right: Token) -> bool:
        """Whether a hyphen between the two only joins words: it is no range and no minus."""
        if "sign" in (left.kind, right.kind) or left.kind == right.kind == "numeral" or _romans(left, right):
            return False
        return not (left.low in UNITS_FLAT and right.kind == "numeral")

    def _opens_line(self, j: int) -> bool:
        return j == 0 or self._b[j - 1].low == "\n"

    def _written_alone(self, i: int, j: int) -> Iterator[_Step]:
        """Tokens that nobody said and that may stand all the same."""
        a, b = self._a, self._b
        low = b[j].low
        if b[j].kind != "sign":
            return
        if low == "-" and 0 < j < len(b) - 1 and b[j].glued and b[j + 1].glued:
            if self._is_hyphen(b[j - 1], b[j + 1]):
                yield _Step(i, j + 1)
        elif low == "," and j and j + 1 < len(b) and len(b[j + 1].value) == 4 and b[j - 1].kind == "numeral":
            if j > 1 and b[j - 2].low in MONTHS:
                yield _Step(i, j + 1)
        elif low == "." and j and b[j - 1].kind == "numeral" and b[j].glued and self._opens_line(j - 1):
            if j + 1 < len(b) and not b[j + 1].glued:
                yield _Step(i, j + 1)
        elif low == "\n":
            tagged = i < len(a) and a[i].low == "["
            item = j + 2 < len(b) and b[j + 1].kind == "numeral" and b[j + 2].low == "."
            if (
                tagged
                or item
                or (j and b[j - 1].low == "\n" and j + 1 < len(b) and i < len(a) and a[i].low == "[")
            ):
                yield _Step(i, j + 1)
        elif low == '"' and j > 2 and b[j - 1].kind == "numeral" and b[j - 2].low == "'":
            yield _Step(i, j + 1)  # "five foot eleven" is 5'11"
        elif low == ":" and i and a[i - 1].low == "]":
            yield _Step(i, j + 1)


UNITS_FLAT = frozenset(key[0] for key in UNITS if len(key) == 1)


def _romans(left: Token, right: Token) -> bool:
    return left.upper and right.upper and left.low in ROMAN and right.low in ROMAN


def _pieces(glue: str) -> list[str]:
    return list(glue)


def _values(b: Sequence[Token], j: int, count: int) -> tuple[str, ...]:
    return tuple(token.value or token.low for token in b[j : j + count])


def _shown(reading: Reading) -> str:
    out = ""
    for part in reading:
        glue = (
            next((glue for glue in part.glue if glue and glue.strip()), "")
            if part.glue and "" not in part.glue
            else ""
        )
        text = f"{part.value}/{part.over}" if part.over else part.value or "…"
        out += (glue or " ") * bool(out) + text
    return out


def _kind(
    said: Sequence[Token], written: Sequence[Token], at: tuple[int, int], found: dict[int, Run]
) -> Kind:
    lows = [token.low for token in (*said, *written)]
    only = [low for low in lows if lows.count(low) == 1] or lows
    if any(low in SIDES for low in only):
        return "sides"
    if any(low in NEGATIONS or low.endswith("n't") for low in only):
        return "negations"
    if any(low in DRUGS for low in only):
        return "drugs"
    if at[0] in found or (said and said[0].kind == "numeral") or (written and written[0].kind == "numeral"):
        return "numbers"
    if all(token.kind == "sign" for token in written[:1]) and written:
        return "marks"
    return "words"
