"""``assistant extract``: extracts the fields of a schema from a folder of reports."""

import argparse
import asyncio
from pathlib import Path

from assistant.commands.files import read_text
from assistant.commands.settings import add_some_settings, settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.config import Settings
from assistant.errors import BadInput, Missing

ENGINE_OPTIONS = ("engine", "engine-url", "engine-model", "engine-revision", "engine-precision", "gguf")
LEAST_TOKENS = 2_000
"""An answer repeats every source; one that is cut off is of no use."""


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "extract",
        help="extract fields from a folder of reports",
        description="Extract the fields of a JSON Schema from every report in a folder: text, Word, PDF, RTF "
        "and HTML. Each value comes with its source words, which must occur in the report. A second run "
        "continues where the first stopped.",
    )
    parser.add_argument("schema", metavar="SCHEMA.json", help="'properties' with type, enum, description")
    parser.add_argument("reports", metavar="REPORTS", help="the folder")
    parser.add_argument(
        "--out", metavar="OUT", default="extracted", help="writes OUT.csv, OUT.jsonl, OUT.errors.jsonl"
    )
    parser.add_argument(
        "--at-once", metavar="N", type=int, default=8, help="questions in parallel (default: 8)"
    )
    add_some_settings(parser, *ENGINE_OPTIONS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 1 if some reports failed."""
    if not 1 <= args.at_once <= 256:
        raise BadInput("--at-once must be between 1 and 256.", code="settings_invalid")
    settings = settings_from(args)
    longest = max(settings.engine_max_tokens, LEAST_TOKENS)
    return asyncio.run(_run(args, settings.model_copy(update={"engine_max_tokens": longest})))


async def _run(args: argparse.Namespace, settings: Settings) -> int:
    from rich.console import Console  # noqa: PLC0415 (only this command's)
    from rich.progress import MofNCompleteColumn, Progress  # noqa: PLC0415

    from assistant.components.opening import open_engine  # noqa: PLC0415 (loads the engines' libraries)
    from assistant.extraction.batch import Batch, Results  # noqa: PLC0415
    from assistant.extraction.files import others_in, reports_in  # noqa: PLC0415
    from assistant.extraction.schema import parse_schema  # noqa: PLC0415
    from assistant.extraction.table import write_csv  # noqa: PLC0415

    fields = parse_schema(read_text(Path(args.schema)))
    folder = Path(args.reports)
    reports = reports_in(folder)
    made = {f"{args.out}{end}" for end in (".csv", ".jsonl", ".errors.jsonl")}
    others = [path for path in others_in(folder) if str(path) not in made]
    engine = open_engine(settings)
    if engine.info.declines:
        raise Missing(
            f"Reports are read by a model, and none is here. {engine.info.why} Run: assistant models pull "
            "medgemma, or name a server: --engine openai --engine-url URL.",
            code="engine_missing",
        )
    await engine.load()
    results = Results(Path(args.out), fields)
    try:
        columns = (*Progress.get_default_columns(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=False) as progress:
            bar = progress.add_task("Reports", total=len(reports))
            batch = Batch(engine, fields, results, folder=folder, advanced=lambda: progress.advance(bar))
            outcome = await batch.run(reports, args.at_once)
    finally:
        results.close()
        await engine.close()
        names, other_names = (
            [path.relative_to(folder).as_posix() for path in paths] for paths in (reports, others)
        )
        table = Path(f"{args.out}.csv")
        write_csv(table, fields, results, names, other_names)
    if engine.info.notice:
        note(engine.info.notice)
    say(f"{outcome.done} done, {outcome.already_done} done earlier, {outcome.failed} failed: {args.out}.csv")
    if others:
        note(f"{len(others)} files of other kinds are not read; the table names them.")
    if results.errors_path.exists():
        note(f"Reasons: {results.errors_path}")
    return 1 if outcome.failed else 0
