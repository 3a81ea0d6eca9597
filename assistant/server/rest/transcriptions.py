"""``POST /v1/audio/transcriptions``: a recording to text, on the path of live dictation.

A form as OpenAI's clients send it, or JSON as Google's MedASR container takes it: ``{"file": base64}``.
"""

import asyncio
import base64
import io
import math
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import IO, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from assistant.asr.expected_words import check_prompt, words_in
from assistant.audio.files import audio_parts
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.components.components import Components
from assistant.config import Settings
from assistant.errors import AssistantError, BadInput
from assistant.events import WordTime
from assistant.export.report import Utterance
from assistant.export.subtitles import cues_of, srt, vtt
from assistant.server.rest.bodies import form_with_file, json_body, unless_gone
from assistant.server.rest.errors import answered, described, invalid
from assistant.server.rest.events import Events
from assistant.server.rest.slots import Slots
from assistant.session.choices import is_english
from assistant.session.transcription import Doubt, Segment, Step, Transcript, Transcription
from assistant.vad.endpoint import EndpointSettings

MAX_JSON_BYTES = 64 * 2**20
"""Base64 is held in memory: about half an hour of 16 kHz WAV. Larger recordings are sent as a form."""
NAME = "The recording"
OPENAI_NAMES = frozenset(
    {
        "whisper-1",
        "gpt-transcribe",
        "gpt-live-transcribe",
        "gpt-realtime-whisper",
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-4o-mini-transcribe-2025-12-15",
    }
)
"""Names that clients have built in: they mean the recogniser that runs here."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(_listed)]


class ServerVad(BaseModel):
    """Settings that cut utterances, in place of the server's."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["server_vad"]
    threshold: float | None = Field(None, gt=0, lt=1)
    prefix_padding_ms: int | None = Field(None, ge=0, le=1000)
    silence_duration_ms: int | None = Field(None, ge=100, le=5000)

    def over(self, settings: EndpointSettings) -> EndpointSettings:
        return settings.cut_by(
            threshold=self.threshold,
            silence_ms=self.silence_duration_ms,
            pre_roll_ms=self.prefix_padding_ms,
        )


class TranscriptionRequest(BaseModel):
    """The fields beside ``file``. What cannot be had is refused, never ignored."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field("", description="The recogniser's name, or one of OpenAI's for transcription.")
    language: str | None = Field(None, description="English only.")
    languages: Texts = []
    prompt: str = Field("", description="A hint: its longer words are expected where the recogniser can.")
    keywords: Texts = Field([], description="A hint: words and names to expect where the recogniser can.")
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    timestamp_granularities: Annotated[
        list[Literal["word", "segment"]], BeforeValidator(_listed), Field(min_length=1)
    ] = ["segment"]
    include: Annotated[list[Literal["logprobs"]], BeforeValidator(_listed)] = []
    temperature: Literal[0] = Field(0, description="The recogniser does not sample.")
    stream: bool = False
    chunking_strategy: Literal["auto"] | ServerVad | None = None
    form: Literal["written", "heard"] = Field(
        "written", description="Ours: as dictation is written, or word for word as it was heard."
    )


class Transcriptions:
    """At most ``max_transcriptions`` recordings at once, behind live speech."""

    def __init__(self, settings: Settings, components: Components) -> None:
        self._settings, self._components = settings, components
        most = settings.max_transcriptions
        self._slots = Slots(
            most,
            "too_many_transcriptions",
            f"{most} recordings are being transcribed, the most at once. Try again soon.",
        )

    def routes(self) -> list[Route]:
        return [Route("/v1/audio/transcriptions", answered(self.create), methods=["POST"])]

    async def create(self, request: Request) -> Response:
        """Transcribe one recording."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self._slots.one())
            asked, file = await self._read(request, stack)
            self._check(asked)
            recording = _Recording(file)
            await recording.begin()
            if not asked.stream:
                work = self._transcription(asked).run(recording.parts())
                return self._shown(asked, await unless_gone(request, work))
            events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
            told = _telling(events, recording)
            work = self._transcription(asked, told).run(recording.parts())
            kept = stack.pop_all()
        return Events(self._events(asked, work, events), kept)

    async def _read(self, request: Request, stack: AsyncExitStack) -> tuple[TranscriptionRequest, IO[bytes]]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        file: IO[bytes]
        try:
            match kind:
                case "application/json":
                    body = _Json.model_validate_json(await json_body(request, MAX_JSON_BYTES))
                    file = io.BytesIO(_decoded(body.file))
                    return TranscriptionRequest.model_validate(body.model_dump(exclude={"file"})), file
                case "multipart/form-data":
                    most = int(self._settings.upload_gb * 2**30)
                    fields, file = await form_with_file(request, most, stack)
                    return TranscriptionRequest.model_validate(fields), file
                case _:
                    raise BadInput(
                        "Send multipart/form-data with the field 'file', or JSON with it as base64.",
                        code="content_type_unsupported",
                    )
        except ValidationError as error:
            raise invalid(error) from None

    def _check(self, asked: TranscriptionRequest) -> None:
        languages = [each for each in (asked.language, *asked.languages) if each]
        if languages and not any(is_english(each) for each in languages):
            raise BadInput(
                "The recogniser knows English only.", code="language_not_supported", param="language"
            )
        try:
            check_prompt(asked.prompt)
        except BadInput as error:
            raise BadInput(error.message, code=error.code, param="prompt") from None
        if asked.model and asked.model not in OPENAI_NAMES | {self._components.model.name}:
            raise BadInput(
                "There is no such recogniser. See /v1/models.", code="model_not_found", param="model"
            )
        if asked.stream and asked.response_format in ("srt", "vtt"):
            raise BadInput(
                f"{asked.response_format} cannot be streamed: leave 'stream' out.",
                code="stream_not_supported",
                param="stream",
            )
        if asked.include and asked.response_format != "json":
            raise BadInput(
                "logprobs come with the response_format json only.",
                code="logprobs_not_supported",
                param="include",
            )
        if asked.response_format != "verbose_json" and asked.timestamp_granularities != ["segment"]:
            raise BadInput(
                "Times come with the response_format verbose_json only.",
                code="timestamps_not_supported",
                param="timestamp_granularities",
            )
        if "word" in asked.timestamp_granularities and not self._components.model.times_words:
            raise BadInput(
                f"{self._components.model.name} does not time every word.",
                code="timestamps_not_supported",
                param="timestamp_granularities",
            )

    def _transcription(
        self, asked: TranscriptionRequest, on_step: Callable[[Step], None] = lambda _: None
    ) -> Transcription:
        cutting = asked.chunking_strategy
        return Transcription(
            self._components,
            form=asked.form,
            keywords=asked.keywords,
            context=words_in(asked.prompt),
            endpoint=cutting.over(self._components.endpoint) if isinstance(cutting, ServerVad) else None,
            mark_below=self._settings.mark_below,
            on_step=on_step,
        )

    # --- out ---

    async def _events(
        self,
        asked: TranscriptionRequest,
        work: Coroutine[Any, Any, Transcript],
        events: asyncio.Queue[dict[str, Any] | None],
    ) -> AsyncIterator[dict[str, Any]]:
        """Deltas as they come; then the whole."""
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            transcript = task.result()
            shown = self._verbose(asked, transcript) if asked.response_format == "verbose_json" else {}
            yield {"type": "transcript.text.done", **shown, **self._json(asked, transcript)}
        except AssistantError as error:
            yield {"type": "error", **described(error)[1]}
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _shown(self, asked: TranscriptionRequest, transcript: Transcript) -> Response:
        match asked.response_format:
            case "json":
                return JSONResponse(self._json(asked, transcript))
            case "verbose_json":
                return JSONResponse(self._verbose(asked, transcript))
            case "text":
                return PlainTextResponse(f"{transcript.text}\n")
            case "srt":
                return PlainTextResponse(srt(cues_of(_utterances(transcript))))
            case "vtt":
                return PlainTextResponse(vtt(cues_of(_utterances(transcript))), media_type="text/vtt")

    def _json(self, asked: TranscriptionRequest, transcript: Transcript) -> dict[str, Any]:
        usage = {"type": "duration", "seconds": transcript.duration_ms / 1000}
        words = [word for segment in transcript.segments for word in segment.words]
        logprobs = {"logprobs": [_logprob(word) for word in words if word.confidence is not None]}
        return {"text": transcript.text, **(logprobs if asked.include else {}), "usage": usage}

    def _verbose(self, asked: TranscriptionRequest, transcript: Transcript) -> dict[str, Any]:
        words = [_word(word) for segment in transcript.segments for word in segment.words]
        segments = [_segment(number, each) for number, each in enumerate(transcript.segments)]
        return {
            "task": "transcribe",
            "language": "english",
            "duration": transcript.duration_ms / 1000,
            **self._json(asked, transcript),
            **({"words": words} if "word" in asked.timestamp_granularities else {}),
            **({"segments": segments} if "segment" in asked.timestamp_granularities else {}),
            "model": self._components.model.name,
            "form": asked.form,
            "hints_used": transcript.hints_used,
        }


class _Json(TranscriptionRequest):
    file: str


def _telling(events: asyncio.Queue[dict[str, Any] | None], recording: "_Recording") -> Callable[[Step], None]:
    def told(step: Step) -> None:
        progress = {"seconds": step.until_ms / 1000, "of_seconds": round(recording.length_s, 3)}
        events.put_nowait({"type": "transcript.text.delta", "delta": step.delta, "progress": progress})

    return told


class _Recording:
    """A sound file read in a thread, in parts of about a second."""

    def __init__(self, file: IO[bytes]) -> None:
        self.length_s = 0.0
        """As its header states it; 0: it does not."""
        self._parts = audio_parts(file, NAME, self._know_length)
        self._first: Samples | None = None

    async def begin(self) -> None:
        """Read the first part. Raises what ``audio_parts`` raises, before anything was answered."""
        self._first = await asyncio.to_thread(self._a_second)

    async def parts(self) -> AsyncIterator[Samples]:
        assert self._first is not None
        part = self._first
        while len(part):
            yield part
            part = await asyncio.to_thread(self._a_second)

    def _know_length(self, seconds: float) -> None:
        self.length_s = seconds

    def _a_second(self) -> Samples:
        some: list[Samples] = []
        while sum(map(len, some)) < SAMPLE_RATE_HZ and (part := next(self._parts, None)) is not None:
            some.append(part)
        return np.concatenate(some) if some else np.zeros(0, np.float32)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadInput("'file' is not base64.", code="audio_not_base64", param="file") from None


def _utterances(transcript: Transcript) -> Iterator[Utterance]:
    for number, each in enumerate(transcript.segments):
        yield Utterance(
            item_id=str(number),
            start_ms=each.start_ms,
            end_ms=each.end_ms,
            at="",
            heard=each.heard,
            written=each.text,
            words=each.words,
        )


def _word(word: WordTime) -> dict[str, Any]:
    """Words are as they were heard, not as they are written."""
    more = {"alternatives": word.alternatives} if word.alternatives else {}
    return {
        "word": word.text,
        "start": word.start_ms / 1000,
        "end": word.end_ms / 1000,
        "confidence": word.confidence,
        **more,
    }


def _logprob(word: WordTime) -> dict[str, Any]:
    return {"token": word.text, "bytes": list(word.text.encode()), "logprob": _log(word.confidence)}


def _log(confidence: float | None) -> float:
    return math.log(max(confidence or 0.0, 1e-9))


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    """``avg_logprob`` is that of the words' confidences. The recogniser has no seek, tokens or temperature,
    and estimates no ``no_speech_prob``: a segment is what the detector of speech let through."""
    logs = [_log(word.confidence) for word in segment.words if word.confidence is not None]
    data = segment.text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": segment.start_ms / 1000,
        "end": segment.end_ms / 1000,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": sum(logs) / len(logs) if logs else 0.0,
        "compression_ratio": len(data) / len(zlib.compress(data)),
        "no_speech_prob": 0.0,
        "heard": segment.heard,
        "doubts": [_doubt(doubt) for doubt in segment.doubts],
        **({"also_heard": segment.also_heard} if segment.also_heard else {}),
    }


def _doubt(doubt: Doubt) -> dict[str, Any]:
    offer = {"offer": doubt.offer} if doubt.offer else {}
    return {
        "start": doubt.start,
        "end": doubt.end,
        "reason": doubt.reason,
        "message": doubt.message,
        **offer,
    }
