"""Opens recognisers, engines and everything else that sessions share, from the settings."""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, assert_never

from pydantic import SecretStr

from assistant import weights
from assistant.asr.base import AsrModel
from assistant.asr.beam import BeamSettings
from assistant.asr.expected_words import medical_words
from assistant.asr.hotwords import LONGEST_PHRASE, MOST_PHRASES, read_phrases
from assistant.asr.medasr import MedAsrModel
from assistant.asr.moonshine import MoonshineModel, is_moonshine
from assistant.asr.moonshine_search import SearchSettings
from assistant.asr.shared import SharedRecogniser, end_steps_before_python
from assistant.audio.files import read_audio
from assistant.audio.frames import SAMPLE_RATE_HZ
from assistant.audio.offset import OffsetFilter
from assistant.components.choosing import Choice, FromBundle, FromServer, Nothing, choose
from assistant.components.components import Components
from assistant.components.personal import PersonalFiles
from assistant.config import Settings
from assistant.dictation import FormatOptions
from assistant.engines.base import Engine
from assistant.engines.hf_engine import TransformersEngine
from assistant.engines.llamacpp import LlamaCppEngine
from assistant.engines.local_servers import sees_images
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.stand_in import StandIn
from assistant.engines.vertex import VertexEngine
from assistant.errors import Missing
from assistant.guidelines.library import Library
from assistant.imaging.options import Options
from assistant.imaging.worker import Reader
from assistant.installation import downloads, manifests
from assistant.intents import classifier
from assistant.siglip.embedder import Embedder
from assistant.vad.base import Vad
from assistant.vad.silero import SileroModel
from assistant.vad.webrtc import WebRtcVad

GENERAL_BUNDLE, MEDASR_BUNDLE, MINI_BUNDLE = "moonshine-clinical", "medasr", "lasr-mini"
MEDGEMMA_BUNDLE, SMALL_BUNDLE = "medgemma", "gemma-3-270m"
VAD_BUNDLE = "silero-vad"
RECORDING = Path(__file__).parents[1] / "data" / "demo.flac"
PROBE_S = 5
"""Seconds of the recording that warm the recogniser up and measure the time of a final."""
RECORDINGS_WAIT = 10
"""Recordings give way to live speech: a step of theirs may take so many times as long."""


def models_dir(settings: Settings) -> Path:
    return settings.models_dir or downloads()


def open_recogniser(settings: Settings, words: Sequence[str] = ()) -> AsrModel:
    """The recogniser of the settings, which expects ``words`` where it can, as many as it can take.

    Raises ``Missing`` when its files are not there.
    """
    if settings.asr_bundle is not None:
        if is_moonshine(settings.asr_bundle):
            return _open_moonshine(settings.asr_bundle, settings, words)
        return _open_lasr(settings.asr_bundle, settings, words)
    match settings.asr:
        case "moonshine-clinical" | "moonshine-tiny-en":
            folder = weights.resolve(settings.asr, models_dir(settings))
            return _open_moonshine(folder, settings, words)
        case "medasr":
            return _open_lasr(_medasr_folder(settings), settings, words)
        case "lasr-mini":
            return _open_lasr(manifests() / MINI_BUNDLE, settings, words)
        case _:
            assert_never(settings.asr)


def open_shared_recognisers(
    settings: Settings, personal: PersonalFiles
) -> tuple[SharedRecogniser, SharedRecogniser]:
    """For live speech and for recordings: one model, with speech to try it with. Raises ``Missing``."""
    end_steps_before_python()

    def reopen() -> AsrModel:
        return open_recogniser(settings, personal.current.words)

    model, probe = reopen(), read_audio(RECORDING)[: PROBE_S * SAMPLE_RATE_HZ]
    patience_s, workers = settings.asr_patience_s, settings.asr_workers
    live = SharedRecogniser(model, reopen=reopen, probe=probe, workers=workers, patience_s=patience_s)
    recordings = SharedRecogniser(
        model,
        reopen=reopen,
        probe=probe,
        workers=settings.max_transcriptions,
        patience_s=patience_s * RECORDINGS_WAIT,
        begin_thread=_give_way,
        gives_up=True,
    )
    return live, recordings


def open_second_recogniser(settings: Settings) -> AsrModel | None:
    """A general recogniser for questions. None if the main recogniser is a general one, or if the setting is
    off. Raises ``Missing``."""
    if _is_general(settings) or not settings.asr_second:
        return None
    folder = weights.resolve(GENERAL_BUNDLE, models_dir(settings))
    return _open_moonshine(folder, settings, ())


def _is_general(settings: Settings) -> bool:
    """Whether the main recogniser knows general English, and so questions; others know dictation."""
    if settings.asr_bundle is not None:
        return is_moonshine(settings.asr_bundle)
    match settings.asr:
        case "moonshine-clinical" | "moonshine-tiny-en":
            return True
        case "medasr" | "lasr-mini":
            return False
        case _:
            assert_never(settings.asr)


def _open_lasr(folder: Path, settings: Settings, words: Sequence[str]) -> MedAsrModel:
    return MedAsrModel(
        folder,
        preset=settings.asr_preset,
        precision=None if settings.asr_precision == "auto" else settings.asr_precision,
        provider=settings.asr_provider,
        threads=settings.asr_threads,
        workers=settings.asr_workers,
        batch=settings.asr_batch,
        phrases=_phrases(settings, words),
        language_model=settings.asr_language_model,
        beam=BeamSettings(width=settings.asr_beam or BeamSettings().width, lm_weight=settings.asr_lm_weight),
    )


def _open_moonshine(folder: Path, settings: Settings, words: Sequence[str]) -> MoonshineModel:
    return MoonshineModel(
        folder,
        vocabulary=medical_words(),
        phrases=_phrases(settings, words),
        search=SearchSettings(width=settings.asr_beam or SearchSettings().width, bonus=settings.asr_bonus),
    )


def _phrases(settings: Settings, words: Sequence[str]) -> tuple[str, ...]:
    listed = read_phrases(settings.asr_hotwords) if settings.asr_hotwords else ()
    short = [word for word in words if len(word) <= LONGEST_PHRASE]
    return tuple(dict.fromkeys((*listed, *short)))[:MOST_PHRASES]


def _medasr_folder(settings: Settings) -> Path:
    """Our own export comes before the published one, because it has caches."""
    exported = models_dir(settings) / f"{MEDASR_BUNDLE}-export"
    return exported if exported.is_dir() else weights.resolve(MEDASR_BUNDLE, models_dir(settings))


def open_vad(settings: Settings) -> Callable[[], Vad]:
    """A factory of detectors, one per stream; all share the weights."""
    match settings.vad:
        case "webrtc":
            return WebRtcVad
        case "silero":
            path = weights.resolve(VAD_BUNDLE, models_dir(settings)) / "silero_vad.onnx"
            return SileroModel(path).open
        case _:
            assert_never(settings.vad)


def open_engine(settings: Settings) -> Engine:
    """The engine of the settings, not loaded yet."""
    match settings.engine:
        case "auto":
            own_port = (settings.port,)
            return open_choice(choose(MEDGEMMA_BUNDLE, models_dir(settings), without=own_port), settings)
        case "medgemma":
            folder = weights.resolve(MEDGEMMA_BUNDLE, models_dir(settings))
            return open_choice(FromBundle(folder, why=""), settings)
        case "openai" | "vertex":
            return _open_server(settings)
        case "transformers":
            return TransformersEngine(
                settings.engine_model,
                revision=settings.engine_revision,
                precision=settings.engine_precision,
                threads=settings.engine_threads,
                thinks=settings.engine_thinking,
                max_tokens=settings.engine_max_tokens,
                timeout_s=settings.engine_timeout_s,
            )
        case "gguf":
            if settings.gguf is None:
                raise Missing("--engine gguf needs --gguf FILE.", code="gguf_missing")
            return _open_gguf(settings.gguf, settings.mmproj, settings)
        case "gemma-270m":
            folder = weights.resolve(SMALL_BUNDLE, models_dir(settings))
            gguf = next(folder.glob("*.gguf"))
            return LlamaCppEngine(gguf, mmproj=None, stand_in=True, threads=settings.engine_threads)
        case "stand-in":
            return StandIn()
        case _:
            assert_never(settings.engine)


def open_choice(choice: Choice, settings: Settings) -> Engine:
    """The engine that ``choice`` names, not loaded yet. It tells people ``why``."""
    match choice:
        case FromBundle(folder, why):
            tower = next(folder.glob("mmproj*.gguf"))
            model = next(file for file in folder.glob("*.gguf") if file != tower)
            return _open_gguf(model, tower, settings, why)
        case FromServer(server, model, why):
            return OpenAICompatibleEngine(
                base_url=server.base_url,
                model=model,
                api_key=None,
                sees_images=sees_images(model),
                why=why,
                **_server_options(settings),
            )
        case Nothing(why):
            return StandIn(why)
        case _:
            assert_never(choice)


def _open_gguf(model: Path, tower: Path | None, settings: Settings, why: str = "") -> LlamaCppEngine:
    return LlamaCppEngine(
        model,
        mmproj=tower,
        stand_in=False,
        threads=settings.engine_threads,
        thinks=settings.engine_thinking,
        max_tokens=settings.engine_max_tokens,
        timeout_s=settings.engine_timeout_s,
        why=why,
    )


def open_text_engine(settings: Settings) -> Engine | None:
    """The engine for questions without images, if there is one of its own."""
    if settings.text_engine_model is None:
        return None
    return OpenAICompatibleEngine(
        base_url=settings.text_engine_url or settings.engine_url,
        model=settings.text_engine_model,
        api_key=_secret(settings.engine_key),
        sees_images=False,
        **_server_options(settings),
    )


def open_embedder(settings: Settings) -> Embedder | None:
    """MedSigLIP, not loaded yet; None where the setting is off."""
    if settings.siglip_model is None:
        return None
    return Embedder(settings.siglip_model, revision=settings.siglip_revision, threads=settings.engine_threads)


def _open_server(settings: Settings) -> Engine:
    links = settings.engine_dicom_links
    options = _server_options(settings) | {
        "base_url": settings.engine_url,
        "model": settings.engine_model,
        "revision": settings.engine_revision,
        "sees_images": settings.engine_images,
        "streams": settings.engine_stream,
        "follows_links": links,
        "archive_token": _secret(settings.dicomweb_token) if links else None,
    }
    if settings.engine == "vertex":
        return VertexEngine(**options)
    return OpenAICompatibleEngine(api_key=_secret(settings.engine_key), **options)


def _server_options(settings: Settings) -> dict[str, Any]:
    return {
        "timeout_s": settings.engine_timeout_s,
        "thinks": settings.engine_thinking,
        "max_tokens": settings.engine_max_tokens,
    }


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def reading_options(settings: Settings) -> Options:
    """Options for reading attached files."""
    return Options(
        most_bytes=int(settings.upload_gb * 2**30),
        show_identity=settings.dicom_identity,
        allow_burned_in=settings.allow_burned_in,
    )


def format_options(settings: Settings) -> FormatOptions:
    return FormatOptions(
        dates=settings.format_dates,
        times=settings.format_times,
        numbers_under_ten=settings.format_numbers_under_ten,
        units=settings.format_units,
        cranial_nerves=settings.format_cranial_nerves,
        classes=settings.format_classes,
        thousands=settings.format_thousands,
    )


def _give_way() -> None:
    """This thread runs only when those of live speech leave it room, where the system can do that."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def open_components(settings: Settings) -> Components:
    """Open everything. Raises ``Missing`` with what to do when a model is not there."""
    classifier.load(settings.intent_model)
    personal = PersonalFiles(settings.templates, settings.words, format_options(settings))
    recogniser, recordings = open_shared_recognisers(settings, personal)
    return Components(
        recogniser=recogniser,
        recordings=recordings,
        second_model=open_second_recogniser(settings),
        open_vad=open_vad(settings),
        open_filter=lambda: OffsetFilter().push,
        engine=open_engine(settings),
        text_engine=open_text_engine(settings),
        embedder=open_embedder(settings),
        endpoint=settings,
        guidelines=Library(settings.guidelines) if settings.guidelines else None,
        reader=Reader(reading_options(settings), settings.readers),
        personal=personal,
    )
