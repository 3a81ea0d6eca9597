"""``assistant models``: get, list and check the models."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from assistant import weights
from assistant.commands.serve import settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.errors import AssistantError, BadInput


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("models", help="get and check the models", description="Model files.")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--models-dir", dest="setting_models_dir", metavar="DIR", help="where the models are")

    action = actions.add_parser("list", parents=[shared], help="what there is, and what is here")
    action.set_defaults(run=run_list)

    action = actions.add_parser("pull", parents=[shared], help="download; what is here already is kept")
    action.add_argument("names", nargs="*", metavar="NAME")
    action.add_argument("--defaults", action="store_true", help="all that assistant serve needs by default")
    action.set_defaults(run=run_pull)

    action = actions.add_parser("verify", parents=[shared], help="hash what is here; exit status 1: damaged")
    action.add_argument(
        "name", nargs="?", metavar="NAME", help="default: all that are here, and the defaults"
    )
    action.set_defaults(run=run_verify)

    action = actions.add_parser("path", parents=[shared], help="print the folder of a model")
    action.add_argument("name", metavar="NAME")
    action.set_defaults(run=run_path)


def run_list(args: argparse.Namespace) -> int:
    directory = _directory(args)
    for bundle in weights.list_bundles():
        try:
            weights.resolve(bundle.name, directory)
            state = "here"
        except AssistantError as error:
            state = "damaged" if error.code == "model_hash_mismatch" else "not here"
        default = ", default" if bundle.default else ""
        say(f"{bundle.name}  {bundle.kind}{default}  {bundle.size / 1e6:.0f} MB  {state}")
        say(f"    {bundle.purpose}. Licence: {bundle.licence}")
    return 0


def run_pull(args: argparse.Namespace) -> int:
    directory = _directory(args)
    names = list(dict.fromkeys(args.names))
    if args.defaults:
        names += [b.name for b in weights.list_bundles() if b.default and b.name not in names]
    if not names:
        raise BadInput("Name a model, or: assistant models pull --defaults", code="model_not_named")
    for name in names:
        weights.load_manifest(name)
    for name in names:
        with _progress() as on_progress:
            folder = weights.pull(name, directory, on_progress)
        note(f"{name}: {folder}")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    directory = _directory(args)
    if args.name:
        names = [args.name]
    else:
        names = [b.name for b in weights.list_bundles() if b.default or (directory / b.name).exists()]
    damaged = False
    for name in names:
        problems = weights.verify(name, directory)
        damaged |= bool(problems)
        for line in problems or [f"{name}: good"]:
            say(line)
    return 1 if damaged else 0


def run_path(args: argparse.Namespace) -> int:
    say(str(weights.resolve(args.name, _directory(args))))
    return 0


def _directory(args: argparse.Namespace) -> Path:
    return (settings_from(args).models_dir or weights.default_directory()).absolute()


@contextlib.contextmanager
def _progress() -> Iterator[weights.OnProgress]:
    """Bars on standard error; nothing where it is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=None)
            progress.update(tasks[name], completed=done, total=total or None)

        yield show
