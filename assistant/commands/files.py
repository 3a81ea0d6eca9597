"""Reads files named on the command line."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import BadInput

if TYPE_CHECKING:
    from assistant.imaging.options import Options, Prepared
    from assistant.imaging.study import SourceFile


def read_text(path: Path) -> str:
    """Raises ``BadInput`` (``file_not_readable``), which says why."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text.", code="file_not_readable") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput(f"{path} cannot be read: {reason}.", code="file_not_readable") from None


def read_images(given: "Sequence[SourceFile]", folder: Path, options: "Options") -> "Prepared":
    """Read these files into ``folder`` as the server does: in a separate process, within limits of memory
    and time. Raises ``BadInput``, as ``Reader.read`` does."""
    from assistant.imaging.worker import Reader  # noqa: PLC0415 (takes long to import)

    async def read() -> "Prepared":
        reader = Reader(options)
        try:
            return await reader.read(given, folder, options.most_studies)
        finally:
            reader.close()

    return asyncio.run(read())
