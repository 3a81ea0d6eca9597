"""Bytes from a source into a bundle's file: no more than the manifest says, and safely on the disk."""

import contextlib
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO

from assistant.errors import BadInput
from assistant.weights.manifest import BundleFile

BLOCK_BYTES = 1 << 20

Progress = Callable[[str, int, int], None]
"""Called with the file's name, the bytes done and the bytes in all."""


def copy(source: IO[bytes], out: IO[bytes], file: BundleFile, on_progress: Progress) -> None:
    while block := source.read(BLOCK_BYTES):
        out.write(block)
        if out.tell() > file.size:
            raise BadInput(f"{file.path} is larger than its manifest says.", code="archive_invalid")
        on_progress(file.path, out.tell(), file.size)


def to_disk(file: IO[bytes]) -> None:
    """Else a power cut could leave a file of the right size and time with nothing in it."""
    if file.writable():
        file.flush()
    os.fsync(file.fileno())


@contextlib.contextmanager
def unpacking(what: str) -> Iterator[None]:
    """Turns the decoders' errors about damage, encryption and unknown methods into ``archive_invalid``."""
    try:
        yield
    except (
        KeyError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        RuntimeError,
    ) as error:
        raise BadInput(f"{what}: {error}", code="archive_invalid") from None
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's; those of bz2 and gzip have no number
        raise BadInput(f"{what}: {error}", code="archive_invalid") from None
