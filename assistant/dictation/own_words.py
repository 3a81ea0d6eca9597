"""A user's own words: which may be kept, and what was heard instead of one is written as it, in doubt. Pure.

What a recogniser wrote is exchanged for an own word in two cases only: it is what the user says that the word
"sounds like", or it is a word of no list and nearly this one, by letters and by sound. The text is then in doubt,
with what was heard to take instead. Words that are mistaken for each other, numbers, sides, negations and amounts
are never exchanged.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jellyfish import metaphone
from rapidfuzz.distance import Levenshtein

from assistant.asr.confusable import OPPOSED, alike
from assistant.characters import whole
from assistant.dictation.near_misses import Row, all_terms, as_written, is_near, known_words, near_misses
from assistant.dictation.numbers import WORDS as NUMBERS
from assistant.dictation.written import Doubt, Mark, Written, inside
from assistant.errors import BadInput

LONGEST_WORD = 80
MOST_SOUNDS = 8
MOST_SOUND_WORDS = 6
SHORTEST_NEAR = 6
"""Letters; a shorter own word is like too much: only what it sounds like is taken for it."""

_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SOUND = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f{}\[\]|]")
_GAP = re.compile(r"[ -]")
_SMALL = frozenset({"in", "on", "and", "or", "but", "up", "off", "out"})
"""Opposed words that often stand in a torn word: "lever thigh rocks in"."""
_NEVER = (OPPOSED | NUMBERS) - _SMALL


@dataclass(frozen=True, slots=True)
class OwnWord:
    """``sounds_like``: what the recogniser writes instead, in lower case."""

    written: str
    sounds_like: tuple[str, ...] = ()


def own_word(written: str, sounds_like: Iterable[str] = ()) -> OwnWord:
    """The word as it is kept. Raises ``BadInput``: ``word_invalid``, ``word_is_opposed``, ``sound_invalid``,
    ``sound_is_a_word``, ``sound_is_opposed``."""
    written = " ".join(written.split())
    if not 2 <= len(written) <= LONGEST_WORD or _UNWRITABLE.search(written) or whole(written) != written:
        raise BadInput(
            f"A word has 2 to {LONGEST_WORD} characters, and none of {{}}[]|.", code="word_invalid"
        )
    if not _LETTERS.search(written):
        raise BadInput("A word has letters.", code="word_invalid")
    if all(part in OPPOSED | NUMBERS for part in _parts(written)):
        raise BadInput(
            "Numbers, sides, negations and amounts are always written as they were heard: they cannot be own "
            "words.",
            code="word_is_opposed",
        )
    sounds = dict.fromkeys(" ".join(each.lower().replace("’", "'").split()) for each in sounds_like)
    found = tuple(each for each in sounds if each and each != written.lower())
    if len(found) > MOST_SOUNDS:
        raise BadInput(f"A word sounds like {MOST_SOUNDS} others at most.", code="sound_invalid")
    for sound in found:
        _check_sound(sound, written)
    return OwnWord(written, found)


def _check_sound(sound: str, written: str) -> None:
    parts = _parts(sound)
    if not _SOUND.fullmatch(sound) or len(sound) > LONGEST_WORD or len(parts) > MOST_SOUND_WORDS:
        raise BadInput(
            f"“Sounds like” takes letters only, in {MOST_SOUND_WORDS} words at most.",
            code="sound_invalid",
        )
    if opposed := next((part for part in parts if part in _NEVER), None):
        raise BadInput(
            f"“{opposed}” may not be exchanged: numbers, sides, negations and amounts are written as they were "
            "heard.",
            code="sound_is_opposed",
        )
    one = "".join(parts)
    if one in known_words() or one in all_terms() or one in alike(written) or written.lower() in alike(one):
        raise BadInput(
            f"“{sound}” is a word of its own: wherever somebody says it, “{written}” would be written.",
            code="sound_is_a_word",
        )


def is_new(word: str, own: frozenset[str]) -> bool:
    """Whether a word that a person wrote is worth keeping: a single one that is in no list. ``own``: the own
    words, in lower case."""
    plain = word.lower()
    return (
        _LETTERS.fullmatch(word) is not None
        and len(word) >= 4
        and plain not in OPPOSED | NUMBERS | own | known_words() | all_terms()
    )


class OwnWords:
    """All that a user has: words of one's own, of one's groups and of all."""

    def __init__(self, words: Iterable[OwnWord] = ()) -> None:
        self.words = tuple(words)
        sounds: dict[tuple[str, ...], set[str]] = {}
        for word in self.words:
            for sound in word.sounds_like:
                sounds.setdefault(_parts(sound), set()).add(word.written)
        self._sounds = {key: next(iter(found)) for key, found in sounds.items() if len(found) == 1}
        self._longest = max(map(len, self._sounds), default=0)
        self._near = {
            word.written.lower(): (word.written, metaphone(word.written))
            for word in self.words
            if len(word.written) >= SHORTEST_NEAR and _LETTERS.fullmatch(word.written)
        }

    @property
    def written(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word.written for word in self.words))

    def put_in(self, written: Written, right: frozenset[str] = frozenset()) -> Written:
        """``written`` with own words where others were heard instead, each in doubt. ``right``: what a person
        said was heard rightly, in lower case."""
        if not self.words:
            return written
        text, out, at = written.text, "", 0
        marks: list[Mark] = []
        kept = iter([*written.marks, None])
        mark = next(kept)
        for start, end, word in self._found(text, right):
            while mark is not None and mark.end <= start:
                marks.append(_moved(mark, len(out) - at))
                mark = next(kept)
            if mark is not None and mark.start < end:
                continue  # in doubt already
            out += text[at:start]
            heard = text[start:end]
            put = as_written(word, text, start) if word.islower() else word
            message = f"“{heard}” was heard; “{put}” is one of your words."
            marks.append(Mark(len(out), len(out) + len(put), Doubt("own_word", message, heard)))
            out, at = out + put, end
        while mark is not None:
            marks.append(_moved(mark, len(out) - at))
            mark = next(kept)
        return Written(out + text[at:], inside(marks, len(out) + len(text) - at))

    def _found(self, text: str, right: frozenset[str]) -> Iterator[tuple[int, int, str]]:
        words = list(_LETTERS.finditer(text))
        plain = [_parts(word[0])[0] if _parts(word[0]) else "" for word in words]
        first = 0
        while first < len(words):
            size = self._heard_at(text, words, plain, first, right)
            if size:
                last = words[first + size - 1]
                yield words[first].start(), last.end(), self._sounds[tuple(plain[first : first + size])]
            elif self._near and plain[first] not in right and (near := self._nearest(text, words[first])):
                yield words[first].start(), words[first].end(), near
            first += size or 1

    def _heard_at(
        self,
        text: str,
        words: list[re.Match[str]],
        plain: list[str],
        first: int,
        right: frozenset[str],
    ) -> int:
        """Number of words, from the first one on, that sound like an own word; 0 if none do."""
        for size in range(min(self._longest, len(words) - first), 0, -1):
            row = tuple(plain[first : first + size])
            gaps = (text[words[at].end() : words[at + 1].start()] for at in range(first, first + size - 1))
            if row in self._sounds and " ".join(row) not in right and all(map(_GAP.fullmatch, gaps)):
                return size
        return 0

    def _nearest(self, text: str, word: re.Match[str]) -> str | None:
        """The one own word that is nearly this one, which is in no list and nearer to nothing else."""
        heard = word[0].lower()
        if (
            len(heard) < SHORTEST_NEAR - 1
            or heard in self._near
            or heard in known_words()
            or heard in all_terms()
        ):
            return None
        if any(letter.isdigit() for letter in text[max(0, word.start() - 1) : word.end() + 1]):
            return None  # part of a name with a number
        sound, row = metaphone(heard), Row(0, 1, heard, known=False)
        costs: dict[str, int] = {}
        for own, (shown, own_sound) in self._near.items():
            letters = Levenshtein.distance(heard, own)
            sounds = Levenshtein.distance(sound, own_sound, score_cutoff=2)
            if is_near(row, own, letters, sounds, is_drug=False) and heard not in alike(own):
                costs[shown] = letters + sounds
        for miss in near_misses(word[0]):
            other = miss.likely.lower()
            if other not in self._near:
                costs[""] = Levenshtein.distance(heard, other) + Levenshtein.distance(sound, metaphone(other))
        least = min(costs.values(), default=0)
        nearest = [shown for shown, cost in costs.items() if cost == least]
        return nearest[0] if len(nearest) == 1 and nearest[0] else None


def _moved(mark: Mark, by: int) -> Mark:
    return Mark(mark.start + by, mark.end + by, mark.doubt)


def _parts(text: str) -> tuple[str, ...]:
    """The words of a text, in lower case, without apostrophes."""
    return tuple(re.sub("['’]", "", part) for part in _LETTERS.findall(text.lower()))
