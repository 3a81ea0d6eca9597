"""``assistant ask``: one question to the engine, the answer on standard output as it comes."""

import argparse
import asyncio
import tempfile
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from assistant.commands.serve import settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.engines.base import AnswerText, Engine, Question
from assistant.engines.pieces import Piece
from assistant.errors import BadInput


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "ask",
        help="ask the answer engine",
        description="Ask the engine of the settings (ASSISTANT_ENGINE …).",
    )
    parser.add_argument("text", metavar="TEXT", help="the question")
    parser.add_argument(
        "--image",
        metavar="PATH",
        action="append",
        default=[],
        help="a picture, a series (folder or zip), a slide; may be repeated",
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
    )
    from assistant.components import open_engine  # noqa: PLC0415 (loads the engines' libraries)

    engine = open_engine(settings_from(args))
    if args.image:
        with tempfile.TemporaryDirectory() as folder:
            question = replace(question, pieces=_pieces(args.image, folder, engine.info.most_images))
    asyncio.run(_answer(engine, question))
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


def _pieces(paths: list[str], folder: str, most: int) -> tuple[Piece, ...]:
    """What a model reads of these files. Raises ``BadInput`` for the first that cannot be used."""
    # Takes a second to import.
    from assistant.imaging.options import Options  # noqa: PLC0415
    from assistant.imaging.prepare import prepare  # noqa: PLC0415
    from assistant.imaging.study import SourceFile, all_pieces  # noqa: PLC0415

    prepared = prepare([SourceFile(path, Path(path)) for path in paths], Path(folder), Options())
    for problem in prepared.problems:
        raise BadInput(problem.message, code=problem.code)
    return all_pieces(prepared.studies, most)
