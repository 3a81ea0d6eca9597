"""``assistant export``: exports a stored session, or a report saved as JSON, in any format."""

import argparse
import getpass
import sys
from datetime import datetime
from pathlib import Path

from assistant.commands.settings import add_store_settings, settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.errors import BadInput
from assistant.export.formats import FORMATS, Format, find_format
from assistant.export.history import report_from
from assistant.export.report import Report, read_report
from assistant.storage.keys import unlocked
from assistant.storage.store import Store

TEXT_TYPES = (
    "text/",
    "application/json",
    "application/fhir+json",
    "application/hl7-v2",
    "application/x-subrip",
)


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "export",
        help="export a stored session or a saved JSON report in any format",
        description="Write a report in another format. Without SOURCE, list the sessions in the store.",
    )
    parser.add_argument(
        "source", nargs="?", metavar="SOURCE", help="a session of the store, or a JSON export"
    )
    parser.add_argument("--format", default="txt", help=f"{', '.join(FORMATS)} (default: txt)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    parser.add_argument("--revision", type=int, help="the report as of this revision (default: the newest)")
    parser.add_argument(
        "--verify", action="store_true", help="check the store against its audit and print its last hash"
    )
    parser.add_argument(
        "--had",
        action="append",
        default=[],
        metavar="HASH",
        help="with --verify: an earlier last hash (the server logs it), to find an end that was cut off",
    )
    parser.add_argument(
        "--delete", action="store_true", help="delete the session SOURCE from the store; the audit says so"
    )
    add_store_settings(parser, "store-files")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    form = find_format(args.format)
    if args.verify:
        with _opened(args) as store:
            say(store.verify(*args.had))
    elif args.delete:
        _delete(args)
    elif args.source is None:
        _list(args)
    elif (saved := Path(args.source)).is_file():
        _write(form, _read(saved), args.output)
    else:
        _write(form, _stored(args, form), args.output)
    return 0


def _list(args: argparse.Namespace) -> None:
    with _opened(args) as store:
        sessions = store.sessions()
    for session in sessions:
        say(f"{session.id}  {session.started_at:%Y-%m-%d %H:%M}  {session.recogniser}")
    if not sessions:
        note("The store is empty.")


def _stored(args: argparse.Namespace, form: Format) -> Report:
    """Read a session and add an audit entry about it."""
    with _opened(args) as store:
        session = store.session(args.source)
        report = report_from(
            store.events(session.id), session, datetime.now().astimezone(), revision=args.revision
        )
        store.record(session.id, _who(), f"exported_{form.name}")
    return report


def _delete(args: argparse.Namespace) -> None:
    if args.source is None:
        raise BadInput("Name the session to delete.", code="session_unknown")
    with _opened(args) as store:
        store.forget(args.source, _who())
    note(f"{args.source} was deleted.")


def _who() -> str:
    return f"{getpass.getuser()} (command line)"


def _opened(args: argparse.Namespace) -> Store:
    settings = settings_from(args)
    store = unlocked(settings)
    if store is None and args.source:
        raise BadInput(
            f"There is no file {args.source}. For a session, say which store: --store DIR.",
            code="store_missing",
        )
    if store is None:
        raise BadInput(
            "Name a store with --store DIR or ASSISTANT_STORE, or give a report saved as JSON.",
            code="store_missing",
        )
    return Store(store, files=settings.store_files, create=False)


def _read(path: Path) -> Report:
    try:
        return read_report(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", code="report_unreadable") from None


def _write(form: Format, report: Report, output: Path | None) -> None:
    data = form.write(report)
    if output is None:
        if sys.stdout.isatty() and not form.media_type.startswith(TEXT_TYPES):
            raise BadInput(f"{form.label} is a binary format. Add -o FILE.", code="output_missing")
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise BadInput(f"{output} cannot be written: {error.strerror}.", code="output_unwritable") from None
