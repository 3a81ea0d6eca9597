"""The events of an utterance, from its first sound to its final. Pure."""

import math
from collections.abc import Callable, Iterable

from assistant.conversation.items import Items
from assistant.conversation.types import (
    Action,
    Emit,
    FinalHeard,
    PartialHeard,
    RecognitionFailed,
    SoundLost,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    TurnPart,
    UtteranceDropped,
)
from assistant.dictation.gaps import gap_text
from assistant.dictation.live import LiveWriter
from assistant.events import (
    AlsoHeard,
    BufferCleared,
    BufferCommitted,
    ConversationItem,
    DurationUsage,
    ErrorBody,
    LogProbability,
    SpeechStartedEvent,
    SpeechStoppedEvent,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    TranscriptPartial,
    WordTime,
)


def text_of(parts: Iterable[TurnPart]) -> str:
    """The words that were heard, with a mark wherever something was lost."""
    told: list[str] = []
    for part in parts:
        match part:
            case FinalHeard():
                told.append(part.text.strip())
            case SoundLost():
                told.append(gap_text(part.duration_ms))
            case RecognitionFailed():
                pass  # its sound is told as lost
    return " ".join(filter(None, told))


def item_id(utterance: int) -> str:
    return f"utt_{utterance}"


class Transcripts:
    """The transcripts of one conversation, before any decision about them."""

    def __init__(self, open_live: Callable[[str], LiveWriter], items: Items) -> None:
        """``open_live`` writes an utterance, named by its item id, that begins now."""
        self._items = items
        self.with_logprobs = False
        self._open_live = open_live
        self._live: dict[int, LiveWriter] = {}  # by running utterance
        self._stable_sent: dict[int, str] = {}  # by running utterance

    def started(self, fact: SpeechStarted) -> list[Action]:
        return [Emit(SpeechStartedEvent(audio_start_ms=fact.at_ms, item_id=item_id(fact.utterance)))]

    def stopped(self, fact: SpeechStopped) -> list[Action]:
        item = item_id(fact.utterance)
        return [Emit(SpeechStoppedEvent(audio_end_ms=fact.at_ms, item_id=item)), *self._committed(item)]

    def committed(self, fact: TurnCommitted) -> list[Action]:
        return self._committed(item_id(fact.utterance))

    def _committed(self, item: str) -> list[Action]:
        previous = self._items.last_id
        said = ConversationItem(id=item, role="user", content=[{"type": "input_audio", "transcript": None}])
        return [Emit(BufferCommitted(item_id=item, previous_item_id=previous)), *self._items.add(said)]

    def partial(self, fact: PartialHeard) -> list[Action]:
        item = item_id(fact.utterance)
        actions: list[Action] = []
        if delta := fact.stable[len(self._stable_sent.get(fact.utterance, "")) :]:
            actions.append(Emit(TranscriptDelta(item_id=item, delta=delta)))
            self._stable_sent[fact.utterance] = fact.stable
        if fact.utterance not in self._live:
            self._live[fact.utterance] = self._open_live(item)
        written, tail = self._live[fact.utterance].update(fact.stable, fact.tentative)
        partial = TranscriptPartial(
            item_id=item, stable=fact.stable, tentative=fact.tentative, written=written, written_tail=tail
        )
        return [*actions, Emit(partial)]

    def final(self, fact: FinalHeard) -> TranscriptCompleted:
        self._forget(fact.utterance)
        item, text = item_id(fact.utterance), fact.text.strip()
        self._items.heard(item, text)
        return TranscriptCompleted(
            item_id=item,
            transcript=text,
            logprobs=logprobs(fact) if self.with_logprobs else None,
            usage=DurationUsage(seconds=(fact.end_ms - fact.start_ms) / 1000),
            start_ms=fact.start_ms,
            end_ms=fact.end_ms,
            at=fact.at,
            also_heard=fact.other and AlsoHeard(recogniser=fact.other.recogniser, transcript=fact.other.text),
        )

    def failed(self, fact: RecognitionFailed) -> list[Action]:
        self._forget(fact.utterance)
        error = ErrorBody(type="server_error", code=fact.code, message=fact.message)
        return [Emit(TranscriptFailed(item_id=item_id(fact.utterance), error=error))]

    def dropped(self, fact: UtteranceDropped) -> list[Action]:
        if fact.utterance is None:
            return [Emit(BufferCleared(item_id=None))]
        self._forget(fact.utterance)
        return [Emit(BufferCleared(item_id=item_id(fact.utterance)))]

    def _forget(self, utterance: int) -> None:
        self._stable_sent.pop(utterance, None)
        self._live.pop(utterance, None)


def logprobs(fact: FinalHeard) -> list[LogProbability]:
    """The log probability of each word to which the recogniser gave a confidence."""
    return [
        LogProbability(
            token=word.text, bytes=list(word.text.encode()), logprob=math.log(max(word.confidence, 1e-9))
        )
        for word in fact.words
        if word.confidence is not None
    ]


def word_times(fact: FinalHeard) -> list[WordTime]:
    """The words of a final on the session's clock; none where the recogniser has no word times."""
    return [
        WordTime(
            text=word.text,
            start_ms=fact.start_ms + word.start_ms,
            end_ms=fact.start_ms + word.end_ms,
            confidence=word.confidence,
            alternatives=list(word.alternatives),
        )
        for word in fact.words
    ]
