"""The guideline folder, kept in step with its files off the event loop."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.characters import whole
from assistant.errors import BadInput, Missing, is_passing
from assistant.guidelines.files import KINDS, draw_page, read_document
from assistant.guidelines.index import Index
from assistant.guidelines.passages import Document, Passage, passages_of

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0
"""Between two looks at the folder. Looking asks for the files' times only, and works on network shares,
where change notices do not."""

Stamp = tuple[int, int]
"""Modification time in ns and size in bytes."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One file as it was read: its passages, or why it was left out."""

    stamp: Stamp
    passages: tuple[Passage, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The contents of the library. ``ready`` is False until the folder has been read once."""

    ready: bool
    files: int
    passages: int
    problems: tuple[str, ...]
    """One sentence a file that was left out, with its name."""


class Library:
    """All guidelines of one folder. Everything but ``watch`` and ``shelf`` blocks: call it in threads."""

    def __init__(self, folder: Path) -> None:
        """Raises ``Missing``: ``guidelines_missing``."""
        if not folder.is_dir():
            raise Missing(f"--guidelines: there is no folder {folder}.", code="guidelines_missing")
        self._folder = folder
        self._held: dict[str, Holding] = {}
        self._index = Index()
        self._ready = False
        self._reading = threading.Lock()

    @property
    def shelf(self) -> Shelf:
        held = self._held.values()
        problems = tuple(sorted(holding.problem for holding in held if holding.problem))
        return Shelf(self._ready, len(held) - len(problems), len(self._index), problems)

    async def watch(self) -> None:
        """Keep the index in step with the folder. Endless; cancel it."""
        while True:
            try:
                await asyncio.to_thread(self.refresh)
            except Exception as error:  # what was read stands
                log.error("guidelines were not read", exc_info=error)
            await asyncio.sleep(LOOK_EVERY_S)

    def refresh(self) -> bool:
        """Read what is new or changed; returns whether anything was. From any thread."""
        with self._reading:
            return self._refresh()

    def _refresh(self) -> bool:
        stamps = self._stamps()
        kept = {file: held for file, held in self._held.items() if stamps.get(file) == held.stamp}
        changed = sorted(stamps.keys() - kept.keys())
        if self._ready and not changed and len(kept) == len(self._held):
            return False
        held = kept | {file: self._read(file, stamps[file]) for file in changed}
        index = Index([passage for file in sorted(held) for passage in held[file].passages])
        self._held, self._index, self._ready = held, index, True
        shelf = self.shelf
        log.info(
            "guidelines: %d files, %d passages; %d read anew, %d left out",
            shelf.files,
            shelf.passages,
            len(changed),
            len(shelf.problems),
        )
        return True

    def _stamps(self) -> dict[str, Stamp]:
        """The folder's guideline files; hidden ones are no guidelines."""
        found: dict[str, Stamp] = {}
        for place, folders, files in os.walk(self._folder, onerror=_raise_passing):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in files:
                path = Path(place, name)
                if name.startswith(".") or path.suffix.lower() not in KINDS:
                    continue
                try:
                    status = path.stat()
                except OSError as error:
                    if is_passing(error):
                        raise
                    continue  # gone, or a link to nothing
                found[path.relative_to(self._folder).as_posix()] = (status.st_mtime_ns, status.st_size)
        return found

    def _read(self, file: str, stamp: Stamp) -> Holding:
        """One bad file is left out and says why; it never keeps the others from being read."""
        name = whole(file)
        try:
            if name != file:
                raise BadInput(f"{name}: its name is not UTF-8; rename it.", code="guideline_not_readable")
            return Holding(stamp, tuple(passages_of(read_document(self._folder, file))))
        except BadInput as error:
            problem = error.message
        except OSError:  # it passes: the file is read at the next look
            raise
        except Exception as error:  # a library's bug; its text may quote the file
            problem = f"{name}: cannot be read ({type(error).__name__})."
        log.warning("guidelines: left out: %s", problem)
        return Holding(stamp, problem=problem)

    def search(self, question: str, limit: int) -> list[Passage]:
        """Passages on what the question asks, best first."""
        return self._index.search(question, limit)

    def passage(self, passage_id: str) -> Passage | None:
        """A passage that was found before, while its file is unchanged."""
        return self._index.get(passage_id)

    def document(self, passage: Passage) -> Document:
        """The passage's whole file. Raises ``BadInput``."""
        return read_document(self._folder, passage.file)

    def picture(self, passage: Passage) -> bytes:
        """The passage's PDF page as PNG, the passage marked. Raises ``BadInput``."""
        return draw_page(self._folder, passage)


def _raise_passing(error: OSError) -> None:
    """Without a file to open, a folder looks empty; its guidelines are still there."""
    if is_passing(error):
        raise error


@asynccontextmanager
async def watching(library: Library | None) -> AsyncIterator[None]:
    """Keeps ``library``, if there is one, in step with its folder inside the block."""
    if library is None:
        yield
        return
    async with asyncio.TaskGroup() as group:
        task = group.create_task(library.watch(), name="guidelines")
        yield
        task.cancel()
