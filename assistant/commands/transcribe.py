"""``assistant transcribe``: transcribe recordings, JSON or subtitles."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.audio.frames import AudioChunk, Samples
from assistant.audio.input_level import LevelMeter
from assistant.audio.offset import OffsetFilter
from assistant.commands.models import fetch_first
from assistant.commands.settings import add_some_settings, settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.config import Settings
from assistant.errors import AssistantError
from assistant.export.subtitles import srt, vtt

if TYPE_CHECKING:
    from assistant.asr.offline import Segment

Progress = Callable[[float], None]
Transcriber = Callable[[Samples, Progress | None], Sequence["Segment"]]


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "transcribe",
        help="transcribe recordings",
        description="Transcribe sound files. Exit status: 1 when a file failed or held no speech, 2 when all "
        "failed.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, MP3, M4A, OGG …")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="text, segments, words")
    form.add_argument("--srt", dest="form", action="store_const", const="srt", help="SubRip subtitles")
    form.add_argument("--vtt", dest="form", action="store_const", const="vtt", help="WebVTT subtitles")
    add_some_settings(parser, "asr", "asr-bundle", "asr-hotwords", "asr-language-model", "vad", "models-dir")
    parser.set_defaults(run=run, form="text")


def run(args: argparse.Namespace) -> int:
    settings = settings_from(args)
    fetch_first(settings)
    from assistant.audio.files import read_audio  # noqa: PLC0415 (loads a library)

    rows: list[dict[str, Any]] = []
    failed = without_speech = 0
    transcriber: Transcriber | None = None
    for number, path in enumerate(args.files):
        try:
            samples = read_audio(path, on_cut_short=partial(_warn_of, path))
            transcriber = transcriber or open_transcriber(settings)
            segments = transcriber(samples, _progress(path))
        except AssistantError as error:
            note(f"error: {_about(path, error.message)} [{error.code}]")
            failed += 1
            continue
        if not segments:
            note(f"{path}: no speech was found{_because(samples)}.")
            without_speech += 1
        if args.form == "json":
            rows.append({"file": path, **as_json(segments)} if len(args.files) > 1 else as_json(segments))
            continue
        if args.form == "text":
            if len(args.files) > 1:
                say(f"{path}:")
            say("".join(f"{segment.text}\n" for segment in segments), end="")
            continue
        if number and len(args.files) > 1:
            say()
        say((srt if args.form == "srt" else vtt)(segments), end="")
    if args.form == "json" and (rows or len(args.files) > 1):
        say(json.dumps(rows if len(args.files) > 1 else rows[0], ensure_ascii=False, indent=1))
    return 2 if failed == len(args.files) else 1 if failed or without_speech else 0


def _warn_of(path: str, cut_short: AssistantError) -> None:
    note(f"warning: {_about(path, cut_short.message)} What is there is transcribed. [{cut_short.code}]")


def _because(samples: Samples) -> str:
    meter = LevelMeter()
    meter.push(AudioChunk(samples, 0))
    match meter.overall:
        case "silent":
            return ": the recording is silent"
        case "quiet":
            return ": the recording is very quiet"
        case "clipping":
            return ": the recording is too loud and distorted"
        case "fine" | "narrow":
            return ""


def open_transcriber(settings: Settings) -> Transcriber:
    """Load the models, once for all files. Raises ``Missing``."""
    from assistant.asr.offline import transcribe  # noqa: PLC0415 (these load the models' libraries)
    from assistant.components.opening import open_recogniser, open_vad  # noqa: PLC0415

    model, new_vad, endpoint = open_recogniser(settings), open_vad(settings), settings

    def transcriber(samples: Samples, progress: Progress | None) -> list["Segment"]:
        return transcribe(OffsetFilter().push(samples), model, new_vad(), endpoint, progress)

    return transcriber


def as_json(segments: Sequence["Segment"]) -> dict[str, Any]:
    """Times are milliseconds from the start of the file."""
    return {
        "text": " ".join(segment.text for segment in segments),
        "segments": [
            {"start_ms": segment.start_ms, "end_ms": segment.end_ms, "text": segment.text}
            for segment in segments
        ],
        "words": [
            {
                "text": word.text,
                "start_ms": word.start_ms,
                "end_ms": word.end_ms,
                "confidence": word.confidence,
                **({"alternatives": list(word.alternatives)} if word.alternatives else {}),
            }
            for segment in segments
            for word in segment.words
        ],
    }


def _about(path: str, message: str) -> str:
    """The message with the whole path in it exactly once."""
    name = Path(path).name
    if path in message:
        return message
    return path + message.removeprefix(name) if name and message.startswith(name) else f"{path}: {message}"


def _progress(path: str) -> Progress | None:
    """A progress callback that prints a percentage if standard error is a terminal, otherwise None."""
    if not sys.stderr.isatty():
        return None

    def show(done: float) -> None:
        note(f"\r{path}: {done:4.0%}", end="\n" if done >= 1 else "")

    return show
