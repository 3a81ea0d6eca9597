"""Text files that are named on the command line."""

from pathlib import Path

from assistant.errors import BadInput


def read_text(path: Path) -> str:
    """Raises ``BadInput`` (``file_not_readable``), which says why."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text.", code="file_not_readable") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput(f"{path} cannot be read: {reason}.", code="file_not_readable") from None
