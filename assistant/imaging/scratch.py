"""The folder for what is attached while the server runs; what a killed server left is removed."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: nothing there says whether a folder's server still runs
    fcntl = None  # type: ignore[assignment]

PREFIX = "clinical-assistant-"
LOCK = "lock"


class Scratch:
    """One folder for this process, made when it is first asked for, readable by its user only.

    A lock that the system gives back when a process ends, however it ends, tells whose server still runs.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock: IO[str] | None = None

    def new(self) -> Path:
        """An empty folder in it."""
        if self._folder is None:
            made = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}"))
            self._lock = (made / LOCK).open("w")
            if fcntl:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._folder = made.rename(made.with_name(made.name.removeprefix("new-")))  # now it is locked
        return Path(tempfile.mkdtemp(dir=self._folder))

    def close(self) -> None:
        """Delete everything."""
        folder, self._folder = self._folder, None
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        if self._lock:
            self._lock.close()


def remove_leftovers() -> None:
    """Delete this user's folders whose server has ended without deleting them."""
    if not fcntl:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or another server removes it
            if folder.is_symlink() or folder.lstat().st_uid != os.geteuid():
                continue
            with (folder / LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
