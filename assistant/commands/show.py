"""``assistant show``: writes out what the model would be given for files, folders or zips."""

import argparse
import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import PIL.Image

from assistant.commands.files import read_images
from assistant.commands.settings import settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.engines.base import MOST_IMAGES
from assistant.engines.pieces import ImagePiece, Piece
from assistant.errors import BadInput

if TYPE_CHECKING:
    from assistant.imaging.options import Options
    from assistant.imaging.study import SourceFile


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "show",
        help="write out what the model would see",
        description="Write the images as PNG, as they are before the model's own resize, and prompt.json: "
        "images and texts in their order, with where each came from.",
    )
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="file, folder, zip, or DICOMweb address",
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="output folder, created if missing")
    parser.add_argument("--question", metavar="TEXT", help="the question to ask about them")
    parser.add_argument(
        "--most-images", type=int, default=MOST_IMAGES, help="images in one question (%(default)s)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    # Takes a second to import.
    from assistant.components.opening import reading_options  # noqa: PLC0415
    from assistant.imaging.study import all_pieces, in_order  # noqa: PLC0415

    if args.most_images < 1:
        raise BadInput("--most-images must be at least 1.", code="option_invalid")
    options = replace(reading_options(settings_from(args)), most_studies=args.most_images)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as fetched:
        sources = [source for path in args.paths for source in _sources(path, Path(fetched), options)]
        prepared = read_images(sources, Path(folder), options)
        for problem in prepared.problems:
            note(f"{problem.message} [{problem.code}]")
        if not prepared.studies:
            return 2
        for study in prepared.studies:
            say(". ".join(part.rstrip(".") for part in (study.name, *study.notes)))
        pieces = all_pieces(in_order(prepared.studies), args.most_images)
        written = write_prompt(pieces, Path(args.out), args.question)
    say(f"{args.out} holds prompt.json and {written} image{'' if written == 1 else 's'}.")
    return 1 if prepared.problems else 0


def _sources(path: str, fetched: Path, limits: "Options") -> "list[SourceFile]":
    from assistant.imaging.study import SourceFile  # noqa: PLC0415

    if not path.startswith(("http://", "https://")):
        return [SourceFile(Path(path).name or path, Path(path))]
    from assistant.imaging.dicomweb import archive_of  # noqa: PLC0415

    archive, study, series = archive_of(path)
    folder = Path(tempfile.mkdtemp(dir=fetched))
    return archive.fetch(study, series, folder, limits.most_files, limits.most_bytes)


def write_prompt(pieces: tuple[Piece, ...], out: Path, question: str | None) -> int:
    """Write the pieces, replacing those of an earlier run; returns the number of images. Raises ``BadInput``
    if
    the folder cannot be written."""
    parts: list[dict[str, object]] = []
    images = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / "prompt.json").exists():
            for old in out.glob("[0-9][0-9][0-9].png"):
                old.unlink()
        for piece in pieces:
            if isinstance(piece, ImagePiece):
                name = f"{images:03}.png"
                images += 1
                with PIL.Image.open(io.BytesIO(piece.image.data)) as picture:
                    picture.save(out / name, compress_level=1)
                parts.append({"type": "image", "file": name, "source": piece.source})
            else:
                parts.append({"type": "text", "text": piece.text, "source": piece.source})
        if question:
            parts.append({"type": "text", "text": question, "source": "question"})
        (out / "prompt.json").write_text(json.dumps(parts, indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{out}: {error.strerror or 'cannot be written'}.", code="out_not_writable") from None
    return images
