"""Filters what the microphone hears: nothing while asleep, and no echo of speech output. Pure."""

import re
from dataclasses import replace
from typing import Literal

from assistant.conversation.echo import Loudspeaker, may_be_echo, without_echo
from assistant.conversation.transcripts import text_of
from assistant.conversation.types import (
    AnswerFinished,
    AttentionChosen,
    Fact,
    FinalExpected,
    FinalHeard,
    PartialHeard,
    ReadingAloud,
    RecognitionFailed,
    SoundLost,
    SpeechStarted,
    SpeechStopped,
    UtteranceDropped,
)
from assistant.dictation.commands import ROW
from assistant.dictation.desk import Command
from assistant.dictation.grammar import COMMON, command_of
from assistant.events import Mode

Order = Literal["sleep", "wake", "stop"]
"""Spoken commands that steer the hearing itself; ``stop`` only while something is read aloud or just after
an answer."""

LATE_STOP_MS = 3_000
"""Time after an answer's end in which "stop" still refers to it and is not dictation."""

_WORD = re.compile(r"[\w']+")


class Attention:
    """Between the microphone and the conversation."""

    def __init__(self) -> None:
        self.asleep = False
        self.wake_phrase = ""
        self.loudspeaker = Loudspeaker()
        self.left_out = ""
        """The last final that was nothing but an echo."""
        self._now_ms = 0  # the newest time that is known, on the session's sample clock
        self._quiet_from_ms: int | None = None  # the end of the last answer, or of its reading
        self._unheard: set[int] = set()  # utterances that began while asleep
        self._began_ms: dict[int, int] = {}  # by running utterance

    def let_through(self, fact: Fact) -> Fact | None:
        """The fact without any echo, or None to ignore it. "Wake up", heard while asleep, wakes the
        session."""
        self._now_ms = max(self._now_ms, _time_of(fact))
        match fact:
            case SpeechStarted(utterance, at_ms):
                self._began_ms[utterance] = at_ms
                if self.asleep:
                    self._unheard.add(utterance)
                return None if self.asleep else fact
            case PartialHeard(utterance):
                text = f"{fact.stable}{fact.tentative}"
                held = utterance in self._unheard or self._may_be_echo(utterance, text)
                return None if held else fact
            case FinalExpected(utterance, text):
                held = utterance in self._unheard or self._may_be_echo(utterance, text)
                return None if held else fact
            case SpeechStopped(utterance):
                return None if utterance in self._unheard else fact
            case FinalHeard():
                return self._final(fact)
            case SoundLost():
                return None if self.asleep else fact
            case RecognitionFailed(utterance) | UtteranceDropped(int(utterance)):
                self._began_ms.pop(utterance, None)
                unheard = utterance in self._unheard
                self._unheard.discard(utterance)
                return None if unheard else fact
            case _:
                return fact

    def read(self, text: str | None, at_ms: int) -> None:
        """The page started or stopped reading ``text`` aloud."""
        if text is None:
            self.loudspeaker.ended(at_ms)
            self._quiet_from_ms = at_ms
        else:
            self.loudspeaker.begun(text, at_ms)

    def answer_ended(self) -> None:
        """An answer has just completed, failed or stopped."""
        self._quiet_from_ms = self._now_ms

    def _wakes(self, text: str, at_ms: int) -> bool:
        """The last sentence is the order to wake, maybe said more than once: who is not heard repeats it."""
        last = [part for part in re.split(r"[.?!,;]+", text) if part.strip()][-1:]
        repeated = re.fullmatch(r"(\w+(?: \w+)*?)(?: \1)*", _plain("".join(last)))
        command = COMMON.parse(repeated[1]) if repeated else None
        return self.order(command, at_ms, at_ms) == "wake"

    def order(self, command: Command | None, start_ms: int, end_ms: int) -> Order | None:
        """The order that ``command`` is, as things are now."""
        match ROW[command.name].does if command else None:
            case "sleep":
                return "sleep"
            case "wake":
                return "wake"
            case "stop" if self.loudspeaker.is_reading(end_ms) or self._is_late_stop(start_ms):
                return "stop"
            case _:
                return None

    def _is_late_stop(self, start_ms: int) -> bool:
        return self._quiet_from_ms is not None and start_ms <= self._quiet_from_ms + LATE_STOP_MS

    def meant(self, text: str, mode: Mode) -> tuple[str, Mode]:
        """With a wake phrase, in the mode that decides by itself: what begins with it is a question, without
        it; all else is none."""
        if not self.wake_phrase or mode != "auto":
            return text, mode
        said = self.addressed(text)
        return (said, "question") if said else (text, "dictation")

    def addressed(self, text: str) -> str | None:
        """The words after the wake phrase, if ``text`` begins with it."""
        phrase = [word.casefold() for word in _WORD.findall(self.wake_phrase)]
        words = list(_WORD.finditer(text))
        if not phrase or [word[0].casefold() for word in words[: len(phrase)]] != phrase:
            return None
        if len(words) == len(phrase):
            return None
        rest = text[words[len(phrase)].start() :]
        return rest[:1].upper() + rest[1:]

    def _final(self, fact: FinalHeard) -> Fact | None:
        self._began_ms.pop(fact.utterance, None)
        if fact.utterance in self._unheard:
            self._unheard.discard(fact.utterance)
            whole = not (fact.parts or any(fact.beside))
            wakes = self.asleep and whole and self._wakes(fact.text, fact.end_ms)
            return AttentionChosen(asleep=False, by="voice") if wakes else None
        heard = self._without_echo(fact)
        self.left_out = "" if heard.text else fact.text
        return heard

    def _without_echo(self, fact: FinalHeard) -> FinalHeard:
        if fact.parts:
            parts = tuple(self._without_echo(p) if isinstance(p, FinalHeard) else p for p in fact.parts)
            rest = text_of(parts)
        else:
            read = self.loudspeaker.between(fact.start_ms, fact.end_ms)
            parts, rest = (), without_echo(fact.text, read, _is_command) if read else fact.text
        return fact if rest == fact.text else replace(fact, text=rest, words=(), parts=parts)

    def _may_be_echo(self, utterance: int, text: str) -> bool:
        """True if a partial may be an echo: it is then neither shown nor acted on before its final."""
        began = self._began_ms.get(utterance)
        read = self.loudspeaker.since(began) if began is not None else ""
        return bool(read) and not _is_command(text) and may_be_echo(text, read)


def _time_of(fact: Fact) -> int:
    match fact:
        case SpeechStarted(_, at_ms) | SpeechStopped(_, at_ms) | ReadingAloud(_, at_ms):
            return at_ms
        case FinalHeard(end_ms=at_ms) | AnswerFinished(at_ms=at_ms):
            return at_ms
        case _:
            return 0


def _plain(text: str) -> str:
    return " ".join(word.casefold() for word in _WORD.findall(text))


def _is_command(text: str) -> bool:
    return command_of(_plain(text)) is not None
