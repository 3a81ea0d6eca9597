"""``assistant models export``: converts LASR weights to a bundle. Needs the [export] extra."""

import argparse
import csv
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from assistant.commands.terminal import note, say
from assistant.errors import BadInput, Missing
from assistant.installation import install_command
from assistant.weights.download import TIMEOUT_S, NotThere, Refused, download, hub_headers, hub_url

PINNED = {"google/medasr": "ae1e4845b4b07479735d93e1e591e566435b7104"}
"""Revisions that were tried; others follow ``--revision``, or the repository's main branch."""
LICENCES = {"google/medasr": "Health AI Developer Foundations terms of use"}
NEEDED = ("config.json", "tokenizer.json", "model.safetensors")
WELCOME = ("preprocessor_config.json", "processor_config.json")
"""Repositories have one or the other."""
COMMIT = re.compile("[0-9a-f]{40}")
LEAST_WORDS = 50
"""To fit confidences on."""
EXTRA = f"Exporting needs more packages. Run: {install_command('export')}"


def register(actions: Any) -> None:
    parser = actions.add_parser("export", help="convert LASR weights to a recogniser bundle")
    parser.add_argument("source", metavar="SOURCE", help="google/medasr, another repository, or a folder")
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        metavar="DIR",
        help="default: the model's name, in the models folder",
    )
    parser.add_argument("--int8", action="store_true", help="write int8 (the default if neither is named)")
    parser.add_argument("--fp32", action="store_true", help="write float32")
    parser.add_argument("--sherpa", action="store_true", help="also write the layout for sherpa-onnx")
    parser.add_argument("--revision", default="", help="commit or branch of the repository")
    parser.add_argument("--name", default="", help="name of the recogniser on the page")
    parser.add_argument("--licence", default="", help="licence of the weights")
    parser.add_argument(
        "--calibrate",
        type=Path,
        default=None,
        metavar="DIR",
        help="recordings with transcripts.tsv (path, text), to calibrate the confidences",
    )
    parser.add_argument("--purpose", default="", help="purpose of the recogniser, in one line")


def run(args: argparse.Namespace, directory: Path) -> int:
    """``directory`` is the models folder. Prints the parity figures; raises if one is too large."""
    try:
        from assistant.asr import export as exporter  # noqa: PLC0415 (needs the extra)
    except ModuleNotFoundError:
        raise Missing(EXTRA, code="package_missing") from None

    folder = Path(args.source)
    name = args.name or exporter.safe_name(str(folder.resolve()) if folder.is_dir() else args.source)
    out = args.out or directory / f"{name}-export"
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=None)

        def show(step: str) -> None:
            bar.update(task, description=step)
            if not bar.console.is_terminal:
                note(f"{step}…")

        revision = ""
        if not folder.is_dir():
            revision = args.revision or PINNED.get(args.source, "main")
            folder, revision = fetch(args.source, revision, directory, show)
        described = exporter.Described(
            name=name,
            source=args.source if revision else folder.name,
            revision=revision,
            licence=args.licence or LICENCES.get(args.source, "as the source"),
            purpose=args.purpose,
        )
        parities = exporter.export(
            folder,
            out,
            described,
            int8=args.int8 or not args.fp32,
            fp32=args.fp32,
            sherpa=args.sherpa,
            on_step=show,
        )
    for parity in parities:
        say(str(parity))
    if args.calibrate:
        say(calibrate(out, args.calibrate))
    say(str(out))
    return 0


def calibrate(bundle: Path, speech: Path) -> str:
    """Calibrate the bundle's confidences on transcribed speech, and write the result into the bundle.

    Raises ``BadInput`` (``calibration_invalid``, those of ``read_audio``).
    """
    from assistant.asr.bundle import BUNDLE_FILE, BundleInfo  # noqa: PLC0415 (these load libraries)
    from assistant.asr.calibration import expected_error, fit, judge  # noqa: PLC0415
    from assistant.asr.medasr import MedAsrModel  # noqa: PLC0415
    from assistant.audio.files import read_audio  # noqa: PLC0415

    path = bundle / BUNDLE_FILE
    info = BundleInfo.model_validate_json(path.read_text()).model_copy(update={"confidence": None})
    path.write_text(info.model_dump_json(indent=1) + "\n")
    model = MedAsrModel(bundle)
    judged: list[tuple[float, bool]] = []
    for name, text in read_transcripts(speech):
        judged += judge(model.transcribe(read_audio(str(speech / name))).words, text)
    if len(judged) < LEAST_WORDS:
        raise BadInput(
            f"{speech} holds {len(judged)} recognised words; {LEAST_WORDS} are needed.",
            code="calibration_invalid",
        )
    posteriors, right = [p for p, _ in judged], [r for _, r in judged]
    found = fit(posteriors, right)
    info = info.model_copy(update={"confidence": found})
    path.write_text(info.model_dump_json(indent=1) + "\n")
    before, after = expected_error(posteriors, right), expected_error([found(p) for p in posteriors], right)
    return f"confidence of {len(judged)} words: calibration error {before:.3f} before, {after:.3f} after"


def read_transcripts(folder: Path) -> list[tuple[str, str]]:
    """(path, text) of each line of ``transcripts.tsv``. Raises ``BadInput`` (``calibration_invalid``)."""
    try:
        with (folder / "transcripts.tsv").open(encoding="utf-8") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            return [(row["path"], row["text"]) for row in rows]
    except (OSError, KeyError, UnicodeDecodeError):
        raise BadInput(
            f"{folder}/transcripts.tsv cannot be read: it needs columns path and text.",
            code="calibration_invalid",
        ) from None


def fetch(repository: str, revision: str, directory: Path, show: Callable[[str], None]) -> tuple[Path, str]:
    """Fetch the files of a hub repository; returns their commit. Files already here are not fetched again.

    Raises ``Missing`` (``model_gated``, ``download_failed``) and ``BadInput``.
    """
    if repository.count("/") != 1 or repository.startswith((".", "/")):
        raise BadInput(f"{repository} is neither a folder nor owner/name.", code="model_unknown")
    owner, _, name = repository.partition("/")
    headers = hub_headers()
    revision = commit_of(repository, revision, headers)
    pinned = COMMIT.fullmatch(revision)
    folder = directory / f".source-{owner}-{name}-{revision}"
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*NEEDED, *WELCOME):
        target = folder / file
        part = target.with_name(f"{file}.part")
        if not pinned:  # what is here may be of another commit
            target.unlink(missing_ok=True)
            part.unlink(missing_ok=True)
        if target.is_file():
            continue

        def progress(done: int, total: int, file: str = file) -> None:
            show(f"{file}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")

        try:
            download(hub_url(repository, revision, file), part, headers, progress)
        except Refused:
            raise Missing(
                f"There is no folder {repository}, and the repository is gated or does not exist. Accept its "
                f"licence at https://huggingface.co/{repository}, set HF_TOKEN to a token of that account, "
                "then export again.",
                code="model_gated",
            ) from None
        except NotThere:
            if file not in WELCOME:
                raise
            continue
        os.replace(part, target)
    return folder, revision


def commit_of(repository: str, revision: str, headers: dict[str, str]) -> str:
    """The current commit of a branch, or the branch name if the hub does not report it."""
    if COMMIT.fullmatch(revision):
        return revision
    url = hub_url(repository, revision, NEEDED[0])
    try:
        answer = httpx2.head(url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S)
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return revision  # fetching says why
    said = [each.headers.get("x-repo-commit", "") for each in (*answer.history, answer)]
    return next(filter(COMMIT.fullmatch, said), revision)
