"""Moonshine's decoding: the one best reading for partials, a beam with words to expect for finals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from assistant.asr.expected_words import ExpectedWords, Node
from assistant.asr.moonshine_graph import STOP_TOKEN, Audio, Cache, Floats, MoonshineGraph, log_softmax
from assistant.asr.moonshine_tokens import Pieces, Spelled

HELD = 0.3
"""In a partial, a token of the last one stays while none is likelier by so much (natural logarithm): which of
two is first that are as good as alike changes with the rounding."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Settings of the search for finals. With ``bonus`` 0, no words are expected."""

    width: int = 4
    bonus: float = 1.0
    """For each token of an expected word (natural logarithm). At 1.5 three times as many medical words were
    invented as at 1 (docs/decisions/0044)."""
    least_first: float = -5.0
    """Tokens that begin an expected word are tried down to this likelihood (natural logarithm)."""
    least_next: float = -7.0
    """And those that go on with one."""
    within: float = 4.0
    """A reading so far behind the best one (natural logarithm) is given up."""


@dataclass(frozen=True, slots=True)
class Match:
    """A way into an expected word: where its first token is, and how much of it is ``kept`` already, for a
    shorter word that it begins with."""

    node: Node
    first: int
    paid: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Tokens so far. ``likely``: their logarithm of probability; ``kept`` and ``lent``: of expected words."""

    tokens: tuple[int, ...] = ()
    likely: float = 0.0
    kept: float = 0.0
    lent: float = 0.0
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Likeliest:
    """Tokens, and the logarithm of each one's probability among those that are no marks."""

    tokens: list[int]
    likely: list[float]


def likeliest(
    graph: MoonshineGraph, pieces: Pieces, audio: Audio, most: int, guess: Sequence[int] = ()
) -> Likeliest:
    """The likeliest token after each, at most ``most``. What a ``guess`` has right is read in one pass."""
    guess = guess[:most]
    logits, cache = graph.read(audio, guess)
    found = Likeliest([], [])
    for following, token in zip(logits, guess, strict=False):
        if following[token] < following.max() - HELD:
            break
        found.tokens.append(token)
        found.likely.append(_among_words(following, pieces, token))
    following, cache = logits[len(found.tokens)], cache.first(len(found.tokens) + 1)
    while len(found.tokens) < most:
        token = int(following.argmax())
        if token == STOP_TOKEN:
            break
        found.tokens.append(token)
        found.likely.append(_among_words(following, pieces, token))
        step, cache = graph.step(audio, [token], cache)
        following = step[0]
    return found


def _among_words(logits: Floats, pieces: Pieces, token: int) -> float:
    words = logits.copy()
    words[pieces.marks] = -np.inf
    most = float(words.max())
    return float(logits[token]) - most - math.log(float(np.exp(words - most).sum()))


class BeamSearch:
    """Holds no state between utterances."""

    def __init__(
        self, pieces: Pieces, settings: SearchSettings, expected: Sequence[ExpectedWords] = ()
    ) -> None:
        self._pieces, self._settings, self._expected = pieces, settings, expected

    @cached_property
    def _roots(self) -> list[Node]:
        roots = [words.root for words in self._expected] if self._settings.bonus else []
        return [root for root in roots if root.next]

    @cached_property
    def _firsts(self) -> npt.NDArray[np.int64]:
        return np.array(sorted({token for root in self._roots for token in root.next}), np.int64)

    def best(self, graph: MoonshineGraph, audio: Audio, most: int) -> tuple[int, ...]:
        """The best reading of at most ``most`` tokens."""
        logits, cache = graph.read(audio, ())
        following = log_softmax(logits)
        live, done = [Reading()], list[Reading]()
        for _ in range(most):
            live, parents, ended = self._extended(live, following)
            done += ended
            if not live or (done and max(map(self._score, done)) >= self._score(live[0])):
                break
            logits, cache = graph.step(audio, [each.tokens[-1] for each in live], cache.of(parents))
            following = log_softmax(logits)
        return max(done or live, key=self._score).tokens

    def _extended(
        self, live: list[Reading], following: Floats
    ) -> tuple[list[Reading], list[int], list[Reading]]:
        """The best readings that are a token longer, whose they are, and those that end here."""
        ways = [
            (self._with(reading, token, float(following[number, token])), number, token)
            for number, reading in enumerate(live)
            for token in self._tried(reading, following[number])
        ]
        ways.sort(key=lambda way: -self._score(way[0]))
        longer, parents, ended = list[Reading](), list[int](), list[Reading]()
        for reading, number, token in ways:
            if self._score(reading) < self._score(ways[0][0]) - self._settings.within:
                break
            if token == STOP_TOKEN:
                ended.append(reading)
            else:
                longer.append(reading)
                parents.append(number)
            if len(longer) == self._settings.width:
                break
        return longer, parents, ended

    def _score(self, reading: Reading) -> float:
        return reading.likely + self._settings.bonus * (reading.kept + reading.lent)

    def _tried(self, reading: Reading, following: Floats) -> set[int]:
        count = 2 * self._settings.width
        tried = set(np.argpartition(following, -count)[-count:].tolist())
        if self._roots:
            tried.update(self._firsts[following[self._firsts] > self._settings.least_first].tolist())
            ahead = {token for match in reading.matches for token in match.node.next}
            tried.update(token for token in ahead if following[token] > self._settings.least_next)
        return tried

    def _with(self, reading: Reading, token: int, likely: float) -> Reading:
        likely += reading.likely
        ends = token == STOP_TOKEN
        tokens = reading.tokens if ends else (*reading.tokens, token)
        if not self._roots:
            return Reading(tokens, likely)
        kept, paid = reading.kept, 0.0
        if ends or not self._pieces.goes_on_word[token]:
            gained, paid = self._completed(reading)
            kept += gained
        if ends:
            return Reading(tokens, likely, kept)
        matches = [
            Match(match.node.next[token], match.first, max(match.paid, min(paid, match.node.kept)))
            for match in reading.matches
            if token in match.node.next
        ]
        if self._pieces.begins_word[token]:
            at = len(reading.tokens)
            matches += [Match(root.next[token], at) for root in self._roots if token in root.next]
        lent = max((match.node.lent - match.paid for match in matches), default=0.0)
        return Reading(tokens, likely, kept, lent, tuple(matches))

    def _completed(self, reading: Reading) -> tuple[float, float]:
        """The state of a reading whose last word ends here, and the worth of that word. A word that was just
        said is worth nothing a second time: a loop must not pay."""
        best = max(
            (match for match in reading.matches if match.node.kept),
            key=lambda match: match.node.kept - match.paid,
            default=None,
        )
        if best is None:
            return 0.0, 0.0
        word = reading.tokens[best.first :]
        for gap in (0, 1):  # a comma may stand between
            end = best.first - gap
            if end >= len(word) and reading.tokens[end - len(word) : end] == word:
                return 0.0, best.node.kept
        return best.node.kept - best.paid, best.node.kept


@dataclass(frozen=True, slots=True)
class Rival:
    """Another reading of a word. ``margin``: how much likelier the chosen one is at the token where they
    part (natural logarithm); below 0 only the beam or what is expected decided."""

    text: str
    margin: float


LONGEST_RIVAL = 12
"""Tokens."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A reading, read once more in one pass: what follows each token, [n + 1, V], as logarithms of
    probabilities among what is no mark."""

    audio: Audio
    tokens: Sequence[int]
    following: Floats
    cache: Cache

    @classmethod
    def of(cls, graph: MoonshineGraph, pieces: Pieces, audio: Audio, tokens: Sequence[int]) -> "Heard":
        logits, cache = graph.read(audio, tokens)
        logits[:, pieces.marks] = -np.inf
        return cls(audio, tokens, log_softmax(logits), cache)

    @property
    def likely(self) -> list[float]:
        """The log probability of each token."""
        return [float(row[token]) for row, token in zip(self.following, self.tokens, strict=False)]


def rival(graph: MoonshineGraph, pieces: Pieces, heard: Heard, word: Spelled) -> Rival | None:
    """The nearest other reading of a word; None where it has no letter or digit."""
    nearest: tuple[float, int, int] | None = None
    for place in range(word.first, word.end):
        token = heard.tokens[place]
        if pieces.is_said[token]:
            row = heard.following[place].copy()
            chosen, row[token] = float(row[token]), -math.inf
            other = int(row.argmax())
            nearest = min(nearest or (math.inf, 0, 0), (chosen - float(row[other]), place, other))
    if nearest is None:
        return None
    margin, place, token = nearest
    written = list(heard.tokens[word.first : place])
    cache = heard.cache.first(place + 1)
    while len(written) < LONGEST_RIVAL:
        if token == STOP_TOKEN or (written and pieces.begins_word[token]):
            break
        written.append(token)
        logits, cache = graph.step(heard.audio, [token], cache)
        token = int(logits[0].argmax())
    return Rival(pieces.decode(written), margin)
