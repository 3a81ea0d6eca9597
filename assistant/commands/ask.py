"""``assistant ask``: one question to the engine, the answer on standard output as it comes."""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from assistant.characters import whole
from assistant.commands.files import read_images, read_text
from assistant.commands.models import fetch_first
from assistant.commands.settings import add_some_settings, settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.config import Settings
from assistant.conversation.images import choose_images
from assistant.engines.base import AnswerText, CutOff, Engine, Question
from assistant.engines.outputs import whole_outputs
from assistant.errors import BadInput
from assistant.records.fhir import Resource, named_in
from assistant.records.reading import Consulted, answer_from_record

if TYPE_CHECKING:
    from assistant.imaging.study import Study


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "ask",
        help="ask the answer engine",
        description="Ask the configured engine (ASSISTANT_ENGINE …).",
    )
    parser.add_argument("text", metavar="TEXT", help="the question")
    parser.add_argument(
        "--image",
        metavar="PATH",
        action="append",
        default=[],
        help="a picture, a series (folder or zip), a slide, a lab report, a FHIR record; may be repeated",
    )
    parser.add_argument("--document", metavar="FILE", help="a text file: the report so far")
    add_some_settings(parser, "engine", "engine-url", "engine-model", "gguf", "mmproj")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.text.strip():
        raise BadInput("The question is empty.", code="question_empty")
    question = Question(
        text=whole(args.text).strip(),
        document=read_text(Path(args.document)) if args.document else "",
    )
    from assistant.components.opening import open_engine  # noqa: PLC0415 (loads the engines' libraries)

    settings = settings_from(args)
    fetch_first(settings)
    engine = open_engine(settings)
    with tempfile.TemporaryDirectory() as folder:
        studies = _studies(args.image, Path(folder), settings) if args.image else ()
        resources = _resources(studies)
        question = _with_pictures(question, studies, engine.info.most_images)
        asyncio.run(_answer(engine, question, resources))
    return 0


async def _answer(engine: Engine, question: Question, resources: Sequence[Resource]) -> None:
    await engine.load()
    try:
        if told := " ".join(filter(None, (engine.info.notice, engine.info.why))):
            note(told)
        if question.images and not engine.info.sees_images and not engine.info.declines:
            note(f"{engine.info.name} cannot see images. It answers without them.")
        from_record = resources and not engine.info.declines
        asked = answer_from_record(engine, question, resources) if from_record else engine.answer(question)
        said: list[str] = []
        cut_off = False
        read: tuple[Resource, ...] = ()
        async with aclosing(cast("Any", whole_outputs(asked))) as outputs:
            async for output in outputs:
                match output:
                    case AnswerText(text):
                        said.append(text)
                        say(text, end="")
                    case Consulted(consulted, _):
                        read = consulted
                    case CutOff():
                        cut_off = True
        say()
        if cut_off:
            note("Cut off at the token limit (--engine-max-tokens).")
        for each in named_in("".join(said), read):
            note(f"[{each.label}] {each.reference}: {each.text}")
    finally:
        await engine.close()


def _studies(paths: list[str], folder: Path, settings: Settings) -> "Sequence[Study]":
    """The studies in these files; unusable files are reported. Raises ``BadInput`` if none is usable."""
    # Takes a second to import.
    from assistant.components.opening import reading_options  # noqa: PLC0415
    from assistant.imaging.study import SourceFile  # noqa: PLC0415

    given = [SourceFile(Path(path).name or path, Path(path)) for path in paths]
    prepared = read_images(given, folder, reading_options(settings))
    if not prepared.studies:
        first = prepared.problems[0]
        raise BadInput(first.message, code=first.code)
    for problem in prepared.problems:
        note(f"{problem.message} [{problem.code}]")
    return prepared.studies


def _resources(studies: "Sequence[Study]") -> list[Resource]:
    from assistant.imaging.record import RecordStudy  # noqa: PLC0415

    records = [study for study in studies if isinstance(study, RecordStudy)]
    return [resource for study in records for resource in study.resources()]


def _with_pictures(question: Question, studies: "Sequence[Study]", most: int) -> Question:
    """The question with the pictures as the model reads them, and with what it asks about them."""
    from assistant.imaging.study import all_pieces  # noqa: PLC0415

    pictures = {study.id: study for study in studies if study.kind != "record"}
    chosen = choose_images(question.text, [study.attached for study in pictures.values()])
    labels = chosen.comparison.labels() if chosen.comparison else None
    pieces = all_pieces([pictures[each] for each in chosen.ids], most, labels)
    if chosen.comparison:
        note(f"Compared {chosen.why}.")
    return replace(
        question,
        attachment_ids=chosen.ids,
        pieces=pieces,
        task=chosen.task,
        comparison=chosen.comparison,
    )
