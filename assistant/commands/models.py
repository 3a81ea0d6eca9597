"""``assistant models``: list, download, check, find and export the model bundles."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from assistant import weights
from assistant.commands import export_model
from assistant.commands.settings import settings_from
from assistant.commands.terminal import Subparsers, ask_yes, is_terminal, note, say
from assistant.config import Settings
from assistant.errors import BadInput, Missing
from assistant.installation import downloads
from assistant.weights.terms import check_accepted

USES = {
    "medgemma": "It answers from the next start on: assistant serve (--engine auto, or medgemma).",
    "medgemma-transformers": "Use it: assistant serve --engine transformers --engine-model {folder}",
    "medasr": "Use it: assistant serve --asr medasr",
}
"""The next step after a model was pulled."""


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("models", help="list, download and check models")
    parser.add_argument("--models-dir", type=Path, default=None, help="where downloaded models are")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="list the models and their state")
    pull = actions.add_parser("pull", help="download")
    pull.add_argument("names", nargs="*", metavar="NAME")
    pull.add_argument("--defaults", action="store_true", help="the models of the default setup")
    pull.add_argument(
        "--export",
        action="store_true",
        help="medasr: export it from Google's repository (needs HF_TOKEN); its partials are faster",
    )
    pull.add_argument(
        "--accept-terms",
        action="store_true",
        help="accept the terms of use of these models without being asked; it is written down",
    )
    verify = actions.add_parser("verify", help="check the sha256 of every file")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all downloaded models")
    path = actions.add_parser("path", help="print the folder of a model")
    path.add_argument("name", metavar="NAME")
    export_model.register(actions)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    directory = args.models_dir or _settings_directory()
    match args.action:
        case "list":
            return _list(directory)
        case "pull" if args.export:
            return _pull_and_export(args.names, directory)
        case "pull":
            names = [*args.names, *(weights.DEFAULTS if args.defaults else ())]
            return _pull(names, directory, accept=args.accept_terms)
        case "verify":
            return _verify(args.names, directory)
        case "export":
            return export_model.run(args, directory)
        case _:
            say(str(weights.resolve(args.name, directory)))
            return 0


def _settings_directory() -> Path:
    return settings_from(argparse.Namespace()).models_dir or downloads()


def _here(name: str, directory: Path) -> bool:
    try:
        weights.resolve(name, directory)
    except Missing:
        return False
    return True


def _list(directory: Path) -> int:
    for bundle in weights.list_bundles():
        state = "here" if _here(bundle.name, directory) else "not here"
        say(f"{bundle.name:20} {state:9} {_size(bundle):>10}  {bundle.purpose}; {bundle.licence}")
    return 0


def _pull_and_export(names: Sequence[str], directory: Path) -> int:
    if list(names) != ["medasr"]:
        raise BadInput(
            "Only medasr is exported when it is pulled: models pull medasr --export", code="model_unknown"
        )
    parser = argparse.ArgumentParser()
    export_model.register(parser.add_subparsers())
    return export_model.run(parser.parse_args(["export", "google/medasr"]), directory)


def _size(bundle: weights.ModelBundle) -> str:
    most = "≤ " if not all(file.sha256 for file in bundle.files) else ""
    return f"{most}{bundle.size / 1e6:.1f} MB"


def fetch_first(settings: Settings) -> None:
    """On a terminal: offer to download what the settings name and is not here. Without one, or after a no,
    opening it raises ``Missing`` with the command."""
    directory = settings.models_dir or downloads()
    for name in _named(settings):
        if _here(name, directory) or not is_terminal():
            continue
        bundle = weights.load_manifest(name)
        note(f"{name} is not here. {bundle.purpose}; {_size(bundle)} from {bundle.source.home}.")
        if ask_yes(f"Download {name} now?"):
            _pull([name], directory, accept=False)


def _named(settings: Settings) -> list[str]:
    """The bundles that the settings ask for by name."""
    asr: dict[str, str] = {} if settings.asr_bundle else {"medasr": "medasr"}
    engines = {"medgemma": "medgemma", "gemma-270m": "gemma-3-270m"}
    exported = (settings.models_dir or downloads()) / "medasr-export"
    found = [asr.get(settings.asr, ""), engines.get(settings.engine, "")]
    return [name for name in found if name and not (name == "medasr" and exported.is_dir())]


def _agree(bundle: weights.ModelBundle, directory: Path, *, accept: bool) -> None:
    """Show the terms that are still to be accepted, and take the answer. Without one, ``pull`` refuses."""
    terms = bundle.terms
    if terms is None or weights.accepted(bundle, directory):
        return
    note(f"{bundle.name} is under the {terms.name} ({terms.modified}): {terms.url}")
    for point in terms.points:
        note(f"  - {point}")
    if accept or (is_terminal() and ask_yes("Have you read these terms, and do you accept them?")):
        weights.accept(bundle, directory)
        note(f"Written down in {directory}.")


def _pull(names: Sequence[str], directory: Path, *, accept: bool) -> int:
    if not names:
        raise BadInput("Name a model, or --defaults. See: assistant models list", code="model_unknown")
    bundles = [weights.load_manifest(name) for name in names]
    for bundle in bundles:
        if not _here(bundle.name, directory):
            _agree(bundle, directory, accept=accept)
            check_accepted(bundle, directory, weights.pull_command(bundle.name, directory))
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        for bundle in bundles:
            if _here(bundle.name, directory):
                continue
            if not bar.console.is_terminal:
                note(f"Downloading {bundle.name} ({bundle.size / 1e6:.0f} MB)…")
            task = bar.add_task(bundle.name, total=bundle.size)
            weights.pull(bundle, directory, _shown(bar, task, bundle))
            bar.update(task, completed=bundle.size)
    for bundle in bundles:
        say(f"{bundle.name}: {directory / bundle.name}")
        if how := USES.get(bundle.name, ""):
            note(how.format(folder=directory / bundle.name))
        if trusted := weights.first_use(bundle, directory):
            note(f"{bundle.name} is under: {bundle.licence} ({bundle.source.home})")
            note("These files have no published checksums. Later pulls must match this first one:")
            for path, sha256 in trusted.items():
                note(f"  {sha256}  {path}")
    return 0


def _shown(bar: Progress, task: TaskID, bundle: weights.ModelBundle) -> weights.Progress:
    """Progress in bytes, counting the files that were fetched before this one."""
    before = {}
    total = 0
    for file in bundle.files:
        before[file.path] = total
        total += file.size

    def show(name: str, done: int, size: int) -> None:
        if name == weights.WAITING:
            bar.update(task, description=f"{bundle.name}: waits for {name}")
        elif name in before:
            bar.update(task, completed=before[name] + done)
        else:
            bar.update(task, completed=done, total=size)

    return show


def _verify(names: Sequence[str], directory: Path) -> int:
    wrong = 0
    for name in names or [b.name for b in weights.list_bundles() if _here(b.name, directory)]:
        problems = weights.verify(name, directory)
        wrong += bool(problems)
        say(f"{name}: " + ("; ".join(problems) if problems else "ok"))
    return 1 if wrong else 0
