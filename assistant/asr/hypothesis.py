"""The stable and the tentative part of a repeatedly decoded text. Pure."""

import difflib
from collections.abc import Collection

from assistant.asr.base import Partial
from assistant.asr.repeats import find_repeats, plain

HOLD_BACK_WORDS = 1
"""The newest word of a hypothesis is never stable: most that change later are at the edge of the audio."""
AGREEING_HYPOTHESES = 4
"""A word is stable when so many hypotheses in a row had it (LocalAgreement-n). On tests/data/speech, with a
hypothesis each 0.3 s, the final changes 1 of 89 stable words; with three hypotheses it was 2 of 95."""
LOOP_WORDS, LOOP_TIMES = 4, 3
"""Up to so many words, repeated so often in a row, are the recogniser going round in a circle:
from there on nothing becomes stable. Said for real ("no no no") it stays tentative until the final."""


class Hypothesis:
    """``update`` takes whole hypotheses, one after the other; ``stable`` only ever grows.

    Words are compared without case and punctuation. A stable word stays as it was first shown, also
    when a later hypothesis spells it differently.
    """

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._recent: list[list[str]] = []

    def update(self, text: str, doubtful: Collection[int] = ()) -> Partial:
        """The next whole hypothesis, e.g. ``"the lungs are clear"``. What begins with a ``doubtful`` word (by
        its number in this hypothesis) does not become stable yet."""
        words = text.split()
        done = self._anchor(words)
        tail = words[done:]
        sure = min((at - done for at in doubtful if at >= done), default=len(tail))
        if len(self._recent) == AGREEING_HYPOTHESES - 1:
            earlier = [recent[self._anchor(recent) :] for recent in self._recent]
            loops = find_repeats([*self._stable, *tail], LOOP_WORDS, LOOP_TIMES)
            loop = (loops[0].first if loops else len(words) + len(self._stable)) - len(self._stable)
            agreed = min((_common(tail, other) for other in earlier), default=len(tail))
            agreed = max(0, min(agreed, len(tail) - HOLD_BACK_WORDS, loop, sure))
            self._stable += tail[:agreed]
            tail = tail[agreed:]
        self._recent = [*self._recent, words][-(AGREEING_HYPOTHESES - 1) :]
        stable, tentative = " ".join(self._stable), " ".join(tail)
        return Partial(stable, f" {tentative}" if stable and tentative else tentative)

    def _anchor(self, words: list[str]) -> int:
        """The end of the stable text in ``words``."""
        done = len(self._stable)
        if _common(words, self._stable) == done:
            return done
        matcher = difflib.SequenceMatcher(None, _plain(self._stable), _plain(words), autojunk=False)
        blocks = [block for block in matcher.get_matching_blocks() if block.size]
        if not blocks:
            return min(done, len(words))
        last = blocks[-1]
        return min(last.b + done - last.a, len(words))


def _plain(words: list[str]) -> list[str]:
    return [plain(word) for word in words]


def _common(a: list[str], b: list[str]) -> int:
    """Length of the common beginning."""
    n = 0
    for x, y in zip(_plain(a), _plain(b), strict=False):
        if x != y:
            break
        n += 1
    return n
