"""``assistant doctor``: would ``assistant serve`` work here, and if not, what to do."""

import argparse
import importlib.metadata
import re
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.commands.settings import add_settings, settings_from
from assistant.commands.terminal import Subparsers, say
from assistant.config import Settings
from assistant.errors import AssistantError
from assistant.installation import DISTRIBUTION, Extra, install_command

NOT_LOADED = f"its package cannot be loaded: {install_command()}"
LEAST_MEMORY_MB = 1_000
"""Recogniser, voice activity detector and a small engine together take about this much."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the result. ``ok`` None: for information, not needed to serve."""

    ok: bool | None
    what: str
    todo: str = ""


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="check that the server can run here",
        description="Check everything the server needs. Exit status 0: assistant serve should work.",
    )
    add_settings(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = settings_from(args)
    checks: tuple[Callable[[], list[Finding]], ...] = (
        python,
        packages,
        opus,
        lambda: models(settings),
        lambda: engine(settings),
        lambda: image_matching(settings),
        lambda: port(settings.host, settings.port),
        memory,
        providers,
        chromium,
    )
    works = True
    for check in checks:
        for finding in check():
            mark = {True: "✓", False: "✗", None: "·"}[finding.ok]
            say(f"{mark} {finding.what}" + (f" — {finding.todo}" if finding.todo else ""))
            works &= finding.ok is not False
    say("assistant serve should work." if works else "assistant serve cannot work yet.")
    return 0 if works else 1


def python() -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    todo = "3.11, 3.12 and 3.13 are the versions that this program is tested with"
    supported = (3, 11) <= sys.version_info < (3, 14)
    return [Finding(supported, f"Python {version}", "" if supported else todo)]


def packages() -> list[Finding]:
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return [Finding(False, "The package is not installed", install_command())]
    names = [match[0] for r in required if "extra ==" not in r and (match := re.match(r"[\w.-]+", r))]
    gone = [name for name in names if not _installed(name)]
    return [
        Finding(False, f"Packages missing: {', '.join(gone)}", install_command())
        if gone
        else Finding(True, f"{len(names)} packages")
    ]


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def opus() -> list[Finding]:
    try:
        from assistant.audio.opus import OpusDecoder  # noqa: PLC0415

        OpusDecoder()
    except (AssistantError, ImportError, OSError) as error:
        del error
        return [Finding(False, "libopus was not found", "apt install libopus0, or brew install opus")]
    return [Finding(True, "libopus")]


def models(settings: Settings) -> list[Finding]:
    """Open the recogniser and the voice activity detector as the server would."""
    try:
        from assistant.components.opening import open_recogniser, open_vad  # noqa: PLC0415 (loads the libraries)
    except ImportError:
        return [Finding(False, "The models' libraries", NOT_LOADED)]
    found = []
    try:
        found.append(Finding(True, f"Recogniser {open_recogniser(settings).name}"))
    except AssistantError as error:
        found.append(Finding(False, f"Recogniser {settings.asr}", f"{error.message} [{error.code}]"))
    except ImportError:
        found.append(Finding(False, f"Recogniser {settings.asr}", NOT_LOADED))
    try:
        open_vad(settings)()
        found.append(Finding(True, f"Voice activity detector {settings.vad}"))
    except AssistantError as error:
        todo = f"{error.message} [{error.code}]"
        found.append(Finding(False, f"Voice activity detector {settings.vad}", todo))
    except ImportError:
        todo = NOT_LOADED
        found.append(Finding(False, f"Voice activity detector {settings.vad}", todo))
    return found


def engine(settings: Settings) -> list[Finding]:
    try:
        from assistant.components.opening import open_engine  # noqa: PLC0415

        info = open_engine(settings).info
    except AssistantError as error:
        return [Finding(False, f"Engine {settings.engine}", f"{error.message} [{error.code}]")]
    except ImportError:
        return [Finding(False, f"Engine {settings.engine}", NOT_LOADED)]
    if settings.engine == "gguf":
        gone = [file for file in (settings.gguf, settings.mmproj) if file is not None and not file.is_file()]
        if gone:
            todo = "set --gguf and --mmproj to files that exist [gguf_missing]"
            return [Finding(False, f"There is no model file {gone[0]}", todo)]
    if todo := _packages_gone(settings.engine):
        return [Finding(False, f"Engine {settings.engine}", todo)]
    if info.declines:
        said = ["medical questions are declined.", info.why, "To have them answered:"]
        return [Finding(True, info.name, " ".join([*filter(None, said), "assistant models pull medgemma"]))]
    note = "it is not for medical use; see: assistant serve --help, --engine" if info.stand_in else info.why
    return [Finding(True, f"Engine {info.name}", note)]


ENGINE_EXTRAS: dict[str, tuple[Extra, tuple[str, ...]]] = {
    "transformers": ("medgemma", ("accelerate", "torch", "transformers")),
    "vertex": ("vertex", ("google-auth", "requests")),
}


def _packages_gone(engine: str) -> str:
    """The packages to install for an engine; empty if they are installed."""
    if engine not in ENGINE_EXTRAS:
        return ""
    extra, names = ENGINE_EXTRAS[engine]
    gone = [name for name in names if not _installed(name)]
    return f"{install_command(extra)} brings {', '.join(gone)} [package_missing]" if gone else ""


def image_matching(settings: Settings) -> list[Finding]:
    """Check MedSigLIP's files without loading the model, as the server does."""
    model = settings.siglip_model
    if model is None:
        return []
    if todo := _packages_gone("transformers"):
        return [Finding(False, "MedSigLIP", todo)]
    folder = Path(model)
    if folder.is_dir() and not (folder / "config.json").is_file():
        todo = "name a model's folder, or google/medsiglip-448: --siglip-model [siglip_model_missing]"
        return [Finding(False, f"There is no model in {folder}", todo)]
    here = "from a folder" if folder.is_dir() else "downloaded from the Hugging Face hub at first use"
    return [Finding(True, f"MedSigLIP {folder.name}, {here}")]


def port(host: str, number: int) -> list[Finding]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except (OSError, OverflowError):
            todo = "stop the program that uses it, or choose another port: assistant serve --port 0"
            return [Finding(False, f"Port {number} on {host} cannot be opened", todo)]
    return [Finding(True, f"Port {number} on {host} is free" if number else "Any free port")]


def memory() -> list[Finding]:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return [Finding(None, "Free memory is unknown on this system")]
    free_mb = next((int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable:")), 0)
    enough = free_mb >= LEAST_MEMORY_MB
    return [
        Finding(enough, f"{free_mb} MB of memory free", "" if enough else f"{LEAST_MEMORY_MB} MB are needed")
    ]


def providers() -> list[Finding]:
    try:
        import onnxruntime  # noqa: PLC0415
    except ImportError:
        return []  # said under packages
    names = [str(name).removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()]
    todo = "" if "CUDA" in names else f"no GPU is used; on a machine with one: {install_command('gpu')}"
    return [Finding(None, f"onnxruntime on {', '.join(names)}", todo)]


def chromium() -> list[Finding]:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "firefox")
    if any(shutil.which(name) for name in names):
        return [Finding(None, "A browser is installed")]
    return [
        Finding(None, "No browser found here", "only needed for the page on this machine, and for tests/e2e")
    ]
