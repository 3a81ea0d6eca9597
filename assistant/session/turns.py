"""Turns that only a commit ends: all that is heard up to it is one final. Pure.

The recogniser still hears in utterances, since it can take no more than seconds at once; they are put
together here, and what follows gets the facts of turns instead.
"""

from dataclasses import dataclass, field, replace

from assistant.asr.base import Word
from assistant.conversation.types import (
    Fact,
    FinalExpected,
    FinalHeard,
    PartialHeard,
    RecognitionFailed,
    SpeechStarted,
    SpeechStopped,
    SpeechWentOn,
    TurnCommitted,
    UtteranceDropped,
)

HeardFact = (
    SpeechStarted
    | SpeechStopped
    | PartialHeard
    | FinalExpected
    | SpeechWentOn
    | FinalHeard
    | UtteranceDropped
    | RecognitionFailed
)


@dataclass(slots=True)
class _Turn:
    number: int
    committed: bool = False
    end_ms: int = 0
    running: set[int] = field(default_factory=set)
    """Its utterances without a final."""
    told: str = ""
    """The stable text of the utterances before the running one, as it was told."""
    stable: str = ""
    finals: list[FinalHeard] = field(default_factory=list)
    failed: RecognitionFailed | None = None


class Turns:
    """The turns of a session while it has no turn detection."""

    def __init__(self) -> None:
        self._turns: list[_Turn] = []  # the last one is open
        self._of: dict[int, _Turn] = {}

    def commit(self, first: int, at_ms: int) -> list[Fact]:
        """All sound up to ``at_ms`` is a turn; ``first``: the number of an utterance that began now. The
        utterances that are running have to be ended before."""
        turn = self._open(first)
        turn.committed, turn.end_ms = True, at_ms
        return [TurnCommitted(turn.number), *self._over(turn)]

    def take(self, fact: Fact) -> list[Fact]:
        """The fact as one of its turn; none where it is only of an utterance."""
        match fact:
            case SpeechStarted(utterance):
                turn = self._open(utterance)
                turn.running.add(utterance)
                self._of[utterance] = turn
                return []
            case SpeechStopped() | FinalExpected() | SpeechWentOn():
                return []
            case PartialHeard(utterance, stable, tentative):
                if (told := self._of.get(utterance)) is None:
                    return []
                turn = told
                turn.stable = stable
                joint = " " if turn.told and stable + tentative else ""
                return [PartialHeard(turn.number, f"{turn.told}{joint}{stable}", tentative)]
            case FinalHeard(utterance):
                if (over := self._of.pop(utterance, None)) is None:
                    return []
                turn = over
                turn.running.discard(utterance)
                if fact.text.strip():
                    turn.finals.append(fact)
                if turn.stable:
                    turn.told = f"{turn.told} {turn.stable}".strip()
                    turn.stable = ""
                return self._over(turn)
            case RecognitionFailed(utterance):
                if (over := self._of.pop(utterance, None)) is None:
                    return []
                turn = over
                turn.running.discard(utterance)
                turn.failed = turn.failed or replace(fact, utterance=turn.number)
                return self._over(turn)
            case UtteranceDropped():
                if not self._turns or self._turns[-1].committed:
                    return [UtteranceDropped(None)]
                dropped = self._turns.pop()
                self._of = {number: turn for number, turn in self._of.items() if turn is not dropped}
                return [UtteranceDropped(dropped.number)]
            case _:
                return [fact]

    def _open(self, utterance: int) -> _Turn:
        if not self._turns or self._turns[-1].committed:
            self._turns.append(_Turn(utterance))
        return self._turns[-1]

    def _over(self, turn: _Turn) -> list[Fact]:
        """The final of a committed turn whose utterances are all there; after those before it."""
        found: list[Fact] = []
        while self._turns and self._turns[0].committed and not self._turns[0].running:
            found.append(_joined(self._turns.pop(0)))
        return found


def _joined(turn: _Turn) -> FinalHeard | RecognitionFailed:
    if turn.failed is not None:
        return turn.failed
    if not turn.finals:
        return FinalHeard(turn.number, "", (), turn.end_ms, turn.end_ms, "")
    first, last = turn.finals[0], turn.finals[-1]
    words: tuple[Word, ...] = tuple(
        word.later(each.start_ms - first.start_ms) for each in turn.finals for word in each.words
    )
    whole = all(each.words for each in turn.finals)
    return replace(
        last,
        utterance=turn.number,
        text=" ".join(each.text.strip() for each in turn.finals),
        words=words if whole else (),
        start_ms=first.start_ms,
        other=None,
        lost_before=any(each.lost_before for each in turn.finals),
        lost_after=any(each.lost_after for each in turn.finals),
    )
