"""``assistant ask``: one question to the engine, the answer on standard output as it comes."""

import argparse
import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from assistant.commands.serve import settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.engines.base import AnswerText, Engine, Question
from assistant.engines.pieces import Image, ImagePiece
from assistant.errors import BadInput


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "ask",
        help="ask the answer engine",
        description="Ask the engine of the settings (ASSISTANT_ENGINE …).",
    )
    parser.add_argument("text", metavar="TEXT", help="the question")
    parser.add_argument(
        "--image", metavar="FILE", action="append", default=[], help="a picture; may be repeated"
    )
    parser.add_argument("--document", metavar="FILE", help="a text file: the report so far")
    for name in ("engine", "engine-url", "engine-model", "gguf", "mmproj"):
        parser.add_argument(
            f"--{name}", dest=f"setting_{name.replace('-', '_')}", help=f"as in: assistant serve --{name}"
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.text.strip():
        raise BadInput("The question is empty.", code="question_empty")
    question = Question(
        text=args.text.strip(),
        document=_text(Path(args.document)) if args.document else "",
        pieces=tuple(ImagePiece(_image(Path(path))) for path in args.image),
    )
    from assistant.components import open_engine  # noqa: PLC0415 (loads the engines' libraries)

    asyncio.run(_answer(open_engine(settings_from(args)), question))
    return 0


async def _answer(engine: Engine, question: Question) -> None:
    await engine.load()
    try:
        if engine.info.notice:
            note(engine.info.notice)
        if question.images and not engine.info.sees_images:
            note(f"{engine.info.name} does not see images; it answers without them.")
        async with aclosing(cast("Any", engine.answer(question))) as outputs:
            async for output in outputs:
                if isinstance(output, AnswerText):
                    say(output.text, end="")
        say()
    finally:
        await engine.close()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{path}: cannot be read as UTF-8 text.", code="file_not_readable") from None


def _image(path: Path) -> Image:
    from assistant.imaging.photo import read_image  # noqa: PLC0415

    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or 'cannot be read'}.", code="file_not_readable") from None
    return read_image(data, path.name)
