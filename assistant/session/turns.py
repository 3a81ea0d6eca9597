"""Turns that clients end by commits: all that is heard up to a commit is one final. Pure.

The recogniser still hears in utterances, since it can take no more than seconds at once; they are put
together here, and what follows gets the facts of turns instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby

from assistant.conversation.transcripts import text_of
from assistant.conversation.types import (
    Fact,
    FinalExpected,
    FinalHeard,
    Hearing,
    PartialHeard,
    RecognitionFailed,
    SoundLost,
    SpeechStarted,
    SpeechStopped,
    SpeechWentOn,
    TurnCommitted,
    TurnPart,
    UtteranceDropped,
)


@dataclass(slots=True, eq=False)
class _Turn:
    number: int
    since_ms: int
    parts: list[TurnPart] = field(default_factory=list)
    committed: bool = False
    end_ms: int = 0
    running: set[int] = field(default_factory=set)
    """Its utterances without a final."""
    ends_in_loss: bool = False
    """Sound after its last part is lost, which is not told yet."""
    told: str = ""
    """The text of all before the running utterance, as it was told: words while they were stable."""
    stable: str = ""

    @property
    def is_whole(self) -> bool:
        return self.committed and not self.running and not self.ends_in_loss


class Turns:
    """The turns of a session. An utterance belongs to a turn if it began while commits ended turns."""

    def __init__(self) -> None:
        self.by_commit = False
        """Commits end turns now."""
        self._turns: list[_Turn] = []  # without a final; all but the last one are committed
        self._of: dict[int, _Turn] = {}  # by utterance without a final
        self._before: list[TurnPart] = []  # lost since the last commit, before the first utterance
        self._since_ms = 0  # the last commit, or since when commits end turns

    @property
    def is_open(self) -> bool:
        """Something was heard or lost that no commit has ended."""
        return bool(self._before or (self._turns and not self._turns[-1].committed))

    def switch(self, *, by_commit: bool, at_ms: int) -> None:
        """Whether commits end turns from now on. What was said before has to be committed, or ended."""
        self.by_commit, self._since_ms = by_commit, at_ms

    def commit(self, first: int, at_ms: int) -> list[Fact]:
        """All sound up to ``at_ms`` is a turn; ``first``: the number of an utterance that began now. The
        utterances that are running have to be ended before."""
        turn = self._open(first)
        turn.committed, turn.end_ms = True, at_ms
        self._since_ms = at_ms
        return [TurnCommitted(turn.number), *self._finals()]

    def take(self, fact: Fact) -> list[Fact]:
        """The fact as one of its turn; none where it is only of an utterance."""
        match fact:
            case SpeechStarted(utterance) if self.by_commit:
                turn = self._of[utterance] = self._open(utterance)
                turn.running.add(utterance)
                return []
            case SpeechStopped(utterance) | FinalExpected(utterance) | SpeechWentOn(utterance):
                return [] if utterance in self._of else [fact]
            case PartialHeard(utterance) if utterance in self._of:
                turn = self._of[utterance]
                turn.stable = fact.stable
                joint = " " if turn.told and fact.stable + fact.tentative else ""
                told = PartialHeard(turn.number, f"{turn.told}{joint}{fact.stable}", fact.tentative)
                return [told] if turn in self._turns else []
            case FinalHeard(utterance) | RecognitionFailed(utterance) if utterance in self._of:
                turn = self._of.pop(utterance)
                turn.running.discard(utterance)
                turn.told = _joint(turn.told, turn.stable)
                turn.stable = ""
                turn.ends_in_loss = isinstance(fact, RecognitionFailed) or fact.lost_after
                turn.parts.append(fact)
                return self._finals()
            case SoundLost():
                return self._lost(fact)
            case UtteranceDropped(utterance) if self.by_commit:
                if utterance is not None:
                    self._of.pop(utterance, None)
                if not self._turns or self._turns[-1].committed:
                    return [UtteranceDropped(None)]
                return [UtteranceDropped(self._turns.pop().number)]
            case _:
                return [fact]

    def _open(self, utterance: int) -> _Turn:
        """The turn that is said now; ``utterance`` gives a new one its number."""
        if not self._turns or self._turns[-1].committed:
            self._turns.append(_Turn(utterance, self._since_ms, self._before, told=text_of(self._before)))
            self._before = []
        return self._turns[-1]

    def _lost(self, lost: SoundLost) -> list[Fact]:
        """It stands in the turn in which it was lost; alone, if that turn has its final."""
        first = self._turns[0] if self._turns else None
        if first is None and self.by_commit and lost.start_ms >= self._since_ms:
            self._before.append(lost)
            return []
        if first is None or lost.start_ms < first.since_ms:
            return [lost]
        first.parts.append(lost)
        first.told = _joint(first.told, text_of([lost]))
        first.ends_in_loss = False
        return self._finals()

    def _finals(self) -> list[Fact]:
        """Those of the turns that are whole, in order."""
        found: list[Fact] = []
        while self._turns and self._turns[0].is_whole:
            found += _final(self._turns.pop(0))
        return found


def _joint(before: str, text: str) -> str:
    return f"{before} {text}".strip()


def _final(turn: _Turn) -> list[Fact]:
    """One final for all that was heard, with what was lost at its place. If nothing was heard and something
    failed, that it failed."""
    failed = [part for part in turn.parts if isinstance(part, RecognitionFailed)]
    lost = [part for part in turn.parts if isinstance(part, SoundLost)]
    finals = [part for part in turn.parts if isinstance(part, FinalHeard) and part.text.strip()]
    if failed and not finals:
        return [replace(failed[0], utterance=turn.number), *lost]
    if not finals:
        nothing = FinalHeard(turn.number, text_of(lost), (), turn.end_ms, turn.end_ms, "")
        return [replace(nothing, parts=tuple(lost))]
    parts = tuple(_parts(turn.parts)) if lost or failed else ()
    return [replace(_joined(finals), utterance=turn.number, text=text_of(parts or finals), parts=parts)]


def _parts(parts: Iterable[TurnPart]) -> Iterable[TurnPart]:
    """Join the finals between two losses into one part."""
    spoken = (part for part in parts if not isinstance(part, FinalHeard) or part.text.strip())
    for kind, group in groupby(spoken, type):
        if kind is FinalHeard:
            yield _joined([part for part in group if isinstance(part, FinalHeard)])
        else:
            yield from group


def _joined(finals: list[FinalHeard]) -> FinalHeard:
    first, last = finals[0], finals[-1]
    timed = all(each.words for each in finals)
    words = (word.later(each.start_ms - first.start_ms) for each in finals for word in each.words)
    return replace(
        last,
        text=text_of(finals),
        words=tuple(words) if timed else (),
        start_ms=first.start_ms,
        other=_other(finals),
        lost_before=first.lost_before,
    )


def _other(finals: list[FinalHeard]) -> Hearing | None:
    """The turn with another recogniser's words wherever that one heard something else."""
    others = [each.other for each in finals if each.other is not None]
    if not others:
        return None
    return Hearing(
        recogniser=" and ".join(dict.fromkeys(other.recogniser for other in others)),
        text=" ".join(each.other.text if each.other else each.text for each in finals),
        disputes=any(other.disputes for other in others),
    )
