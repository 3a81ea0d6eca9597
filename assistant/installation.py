"""Locations of this program's files, in a checkout of its repository and in an installed package.

A wheel carries ``web/`` as ``assistant/web`` and ``models/`` as ``assistant/weights/manifests``: see
pyproject.toml.
"""

import shlex
import sys
from pathlib import Path
from typing import Literal

import platformdirs

DISTRIBUTION = "clinical-voice-assistant"
Extra = Literal["dicom", "export", "gpu", "lm", "medgemma", "train", "vertex"]
"""The user-facing extras in pyproject.toml."""

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent if (_PACKAGE.parent / "pyproject.toml").is_file() else None


def page() -> Path:
    """The folder of the web page."""
    return _CHECKOUT / "web" if _CHECKOUT else _PACKAGE / "web"


def front_page() -> str:
    """Its file that is served at ``/``: in a checkout as it is written, in a package the bundle of its
    release (``scripts/bundle.mjs``)."""
    bundled = not _CHECKOUT and (page() / "built.html").is_file()
    return "built.html" if bundled else "index.html"


def manifests() -> Path:
    """The folder of the models' manifests, and of the bundles that ship."""
    return _CHECKOUT / "models" if _CHECKOUT else _PACKAGE / "weights" / "manifests"


def downloads() -> Path:
    """The default folder for downloaded models: in an installed package, the user's
    data folder (Linux: ``~/.local/share``, or ``XDG_DATA_HOME``)."""
    if _CHECKOUT:
        return _CHECKOUT / "models" / "downloads"
    return platformdirs.user_data_path(DISTRIBUTION, appauthor=False) / "models"


def reports() -> Path:
    """The default folder for reports (Linux: below ``~/.local/share``, or ``XDG_DATA_HOME``)."""
    return platformdirs.user_data_path(DISTRIBUTION, appauthor=False) / "reports"


def state() -> Path:
    """The folder of what belongs to running servers (Linux: below ``~/.local/state``)."""
    return platformdirs.user_state_path(DISTRIBUTION, appauthor=False)


def install_command(extra: Extra | None = None) -> str:
    """The command that installs this program, with or without an extra, for this kind of installation."""
    extras = f"[{extra}]" if extra else ""
    return pip_command("-e", f".{extras}") if _CHECKOUT else pip_command(f"{DISTRIBUTION}{extras}")


def pip_command(*arguments: str) -> str:
    """The command that installs packages into this environment. In a checkout, run it in its folder."""
    python = Path(sys.executable)
    pip = [str(python), "-m", "pip"]
    if _CHECKOUT and python.parent == _CHECKOUT / ".venv" / "bin":
        pip = [".venv/bin/pip"]
    return shlex.join([*pip, "install", *arguments])
