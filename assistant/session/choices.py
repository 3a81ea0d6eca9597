"""A client's choices for its session: checked as a whole, then taken in one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from assistant.asr.base import AsrModel
from assistant.asr.expected_words import check_prompt, words_in
from assistant.asr.hotwords import check_phrases
from assistant.audio.pcm import StreamResampler
from assistant.errors import BadInput
from assistant.events import (
    AudioFormat,
    AudioInput,
    SemanticVad,
    ServerVad,
    SessionAudio,
    SessionConfig,
    SessionState,
    TranscriptionConfig,
)
from assistant.vad.endpoint import EndpointSettings

Kind = Literal["realtime", "transcription"]
Include = Literal["item.input_audio_transcription.logprobs"]

BETA_FORMATS = {
    "pcm16": AudioFormat(rate=24_000),
    "g711_ulaw": AudioFormat(type="audio/pcmu"),
    "g711_alaw": AudioFormat(type="audio/pcma"),
}
IN = "session.audio.input"
BY_SILENCE = ServerVad()


@dataclass(frozen=True, slots=True)
class Choices:
    """``turn_detection`` None: only a commit ends a turn."""

    form: AudioFormat
    kind: Kind = "realtime"
    keywords: tuple[str, ...] = ()
    prompt: str = ""
    turn_detection: ServerVad | SemanticVad | None = BY_SILENCE
    instructions: str = ""
    max_output_tokens: int | None = None
    include: tuple[Include, ...] = ()

    @property
    def answers_speech(self) -> bool:
        """Whether a question is answered when it is heard. Without turn detection too: the commit ends it."""
        detection = self.turn_detection
        return detection is None or detection.create_response is not False

    @property
    def speech_stops(self) -> bool:
        """Whether speech ends the running answer."""
        return self.turn_detection is not None and self.turn_detection.interrupt_response is True

    def endpoint(self, settings: EndpointSettings) -> EndpointSettings:
        """The settings by which the ends of utterances are found; ``settings`` are the server's."""
        match self.turn_detection:
            case ServerVad(threshold=threshold, silence_duration_ms=silence, prefix_padding_ms=padding):
                return settings.cut_by(threshold=threshold, silence_ms=silence, pre_roll_ms=padding)
            case SemanticVad(eagerness=eagerness):
                return _as_eager(settings, eagerness)
            case None:
                return settings
            case _:
                assert_never(self.turn_detection)


def chosen(now: Choices, asked: SessionConfig, model: AsrModel) -> Choices:
    """The choices with what is asked for. Raises ``BadInput`` with ``param``: ``language_not_supported``,
    ``audio_rate_unsupported``, ``hotwords_invalid``, ``hint_too_long``; then nothing of it is to be taken."""
    given = asked.model_fields_set
    new = now
    if asked.type is not None:
        new = replace(new, kind=asked.type)
    if asked.input_audio_format is not None:
        new = replace(new, form=BETA_FORMATS[asked.input_audio_format])
    if asked.audio and asked.audio.input:
        new = _of_input(new, asked.audio.input, model)
    if "instructions" in given:
        new = replace(new, instructions=asked.instructions or "")
    if "max_output_tokens" in given:
        most = asked.max_output_tokens
        new = replace(new, max_output_tokens=most if isinstance(most, int) else None)
    if "include" in given:
        new = replace(new, include=tuple(asked.include or ()))
    return new


def _of_input(new: Choices, asked: AudioInput, model: AsrModel) -> Choices:
    if asked.format is not None:
        _check_rate(asked.format)
        new = replace(new, form=asked.format)
    if "turn_detection" in asked.model_fields_set:
        new = replace(new, turn_detection=asked.turn_detection)
    if asked.transcription is not None:
        new = _of_transcription(new, asked.transcription, model)
    return new


def _of_transcription(new: Choices, asked: TranscriptionConfig, model: AsrModel) -> Choices:
    languages = [each for each in (asked.language, *(asked.languages or ())) if each]
    if languages and not any(map(is_english, languages)):
        raise BadInput(
            "The recogniser knows English only.",
            code="language_not_supported",
            param=f"{IN}.transcription.{'language' if asked.language else 'languages'}",
        )
    if asked.keywords is not None:
        with _about(f"{IN}.transcription.keywords"):
            new = replace(new, keywords=check_phrases(asked.keywords))
    if asked.prompt is not None:
        with _about(f"{IN}.transcription.prompt"):
            check_prompt(asked.prompt)
        new = replace(new, prompt=asked.prompt)
    with _about(f"{IN}.transcription.{'keywords' if asked.prompt is None else 'prompt'}"):
        check_phrases(hints(new))
    return new


@contextmanager
def _about(param: str) -> Iterator[None]:
    """Refusals within name this field."""
    try:
        yield
    except BadInput as error:
        raise BadInput(error.message, code=error.code, param=param) from None


def asked_by(state: SessionState, settings: EndpointSettings) -> SessionConfig:
    """The request that would give a client the session of ``state``; ``settings`` are the server's."""
    sent = state.audio.input or AudioInput()
    detection, usual = sent.turn_detection, settings
    if isinstance(detection, ServerVad) and (
        (detection.threshold, detection.prefix_padding_ms, detection.silence_duration_ms)
        == (usual.vad_start, usual.pre_roll_ms, usual.silence_ms)
    ):
        detection = ServerVad(create_response=detection.create_response)
    hints_of = sent.transcription or TranscriptionConfig()
    return SessionConfig(
        type=state.type,
        audio=SessionAudio(
            input=AudioInput(
                format=sent.format,
                transcription=TranscriptionConfig(keywords=hints_of.keywords, prompt=hints_of.prompt),
                turn_detection=detection,
            )
        ),
        instructions=state.instructions,
        max_output_tokens=state.max_output_tokens,
        include=state.include,
        style=state.style,
    )


def hints(choices: Choices) -> tuple[str, ...]:
    """All that a recogniser may expect because of the client."""
    return tuple(dict.fromkeys((*choices.keywords, *words_in(choices.prompt))))


def is_english(language: str) -> bool:
    return language.strip().lower().partition("-")[0] in ("en", "eng", "english")


def _check_rate(form: AudioFormat) -> None:
    with _about(f"{IN}.format.rate"):
        StreamResampler(form.rate_hz)
    if form.type != "audio/pcm" and form.rate not in (None, form.rate_hz):
        raise BadInput(
            f"G.711 has {form.rate_hz} samples a second.",
            code="audio_rate_unsupported",
            param=f"{IN}.format.rate",
        )


def _as_eager(settings: EndpointSettings, eagerness: str | None) -> EndpointSettings:
    """An eager listener waits less for more speech, one that is not waits longer."""
    match eagerness:
        case "high":
            return settings.cut_by(silence_ms=max(100, settings.silence_ms * 2 // 3))
        case "low":
            return settings.cut_by(silence_ms=min(5000, settings.silence_ms * 3))
        case _:
            return settings
