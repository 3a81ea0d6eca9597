"""Terms of use that have to be accepted before a model is downloaded, and the record that they were."""

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import BadInput
from assistant.weights.manifest import ModelBundle

ACCEPTED = ".{}.terms.json"
"""Beside a bundle's folder: which terms were accepted for it, and when. It outlives the folder."""


def accepted(bundle: ModelBundle, directory: Path) -> bool:
    """Whether nothing is left to accept. Newer terms have to be accepted anew."""
    if bundle.terms is None:
        return True
    try:
        record = json.loads((directory / ACCEPTED.format(bundle.name)).read_text())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and all(
        record.get(key) == value
        for key, value in bundle.terms.model_dump(include={"url", "modified"}).items()
    )


def accept(bundle: ModelBundle, directory: Path) -> None:
    """Write down that the person has accepted the terms now. Raises ``OSError``."""
    assert bundle.terms is not None
    directory.mkdir(parents=True, exist_ok=True)
    record = {
        **bundle.terms.model_dump(include={"name", "url", "modified"}),
        "accepted": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with tempfile.NamedTemporaryFile("w", dir=directory, delete=False) as out:
        json.dump(record, out, indent=1)
    os.replace(out.name, directory / ACCEPTED.format(bundle.name))


def check_accepted(bundle: ModelBundle, directory: Path, command: str) -> None:
    """Raises ``BadInput`` (``terms_not_accepted``). ``command`` downloads the bundle."""
    if not accepted(bundle, directory):
        assert bundle.terms is not None
        raise BadInput(
            f"{bundle.name} is under the {bundle.terms.name}. Read them at {bundle.terms.url}; if you accept "
            f"them, run: {command} --accept-terms",
            code="terms_not_accepted",
        )
