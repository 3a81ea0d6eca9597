"""Corrected intents, appended to the user's own file as training data: label and text, tab-separated."""

import csv
import os
from pathlib import Path

from assistant.errors import AssistantError

HEADER = ("label", "text")


def add(file: Path, heard: str, intent: str) -> None:
    """Append one line; creates the file with access for its owner only. Raises ``AssistantError``
    (``corrections_not_kept``)."""
    try:
        made = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(made, "a", encoding="utf-8", newline="") as out:
            writer = csv.writer(
                out, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n"
            )
            if out.tell() == 0:
                writer.writerow(HEADER)
            writer.writerow((intent, " ".join(heard.split())))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"The correction could not be added to {file}: {reason}. It still applies on the page."
        raise AssistantError(message, code="corrections_not_kept") from None
