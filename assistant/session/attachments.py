"""The attachments of one session: read once, kept in a private folder that is deleted with the session."""

import asyncio
import contextlib
import math
import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter

from assistant.characters import whole, whole_parts
from assistant.engines.pieces import LinkPiece, Piece
from assistant.errors import AssistantError, BadInput
from assistant.events import Attachment, SeriesStacks
from assistant.imaging.options import Prepared, Wanted
from assistant.imaging.photo import is_photo
from assistant.imaging.record import RecordStudy
from assistant.imaging.slide import Slide
from assistant.imaging.study import Pictures, Problem, SourceFile, Study, all_pieces, no_room, problem_of
from assistant.imaging.volume import Volume
from assistant.imaging.worker import Reader
from assistant.orders.pictures import are_apart
from assistant.records.fhir import Resource
from assistant.storage.keys import Key
from assistant.storage.sealing import SEALED, seal_folder, unseal_folder
from assistant.storage.store import Store

MOST_ATTACHMENTS = 16
MOST_UPLOADS = 4
"""That one session has begun and not finished; and as many single files and series of the archive at once."""
AnyStudy = Pictures | Volume | Slide | RecordStudy
LONGEST_NAME_CHARS = 200


@dataclass(slots=True)
class _Series:
    """A series of several stacks: its files stay, so that any of them can be attached later."""

    id: str
    key: str
    files: list[SourceFile]
    folder: Path
    attached: dict[int, str] = field(default_factory=dict)
    """Number of a stack → its attachment."""


@dataclass(frozen=True, slots=True)
class KeptStudy:
    """An attachment that outlives its session. ``link`` is its address in the archive, if it came from
    there."""

    study: AnyStudy
    link: str = ""


_kept_study = TypeAdapter(KeptStudy)


def _keep(study: Study, folder: Path, link: str, key: Key | None) -> None:
    assert isinstance(study, AnyStudy)
    if key is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = _kept_study.dump_json(KeptStudy(replace(study, folder=Path()), link)).decode()
        seal_folder(study.folder, about, folder / f"{study.id}{SEALED}", key)
        return
    own = replace(study, folder=study.folder.relative_to(folder))
    made = os.open(folder / f"{study.id}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "wb") as out:
        out.write(_kept_study.dump_json(KeptStudy(own, link)))


def kept_studies(folder: Path, key: Key | None, scratch: Callable[[], Path]) -> list[KeptStudy]:
    """The attachments of the session whose folder this is; unreadable ones are left out. Blocks. Those that
    are sealed with the ``key`` are unsealed, each into a folder that ``scratch`` makes."""
    found = []
    if key is not None:
        for sealed in sorted(folder.glob(f"*{SEALED}")):
            with contextlib.suppress(OSError, ValueError, BadInput):
                inner = scratch() / sealed.name.removesuffix(SEALED)
                each = _kept_study.validate_json(unseal_folder(sealed, inner, key))
                found.append(replace(each, study=replace(each.study, folder=inner)))
    for file in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, ValueError):
            each = _kept_study.validate_json(file.read_bytes())
            inner = each.study.folder
            if inner.is_absolute():  # as older versions wrote it
                inner = Path(*inner.parts[-2:])
            if ".." not in inner.parts and (folder / inner).is_dir():
                found.append(replace(each, study=replace(each.study, folder=folder / inner)))
    return found


def kept_bytes(folder: Path) -> int:
    """Bytes of what is attached to the session whose folder this is, without what is on its way. Blocks."""
    described = [*folder.glob("*.json")]
    kept = {file.stem for file in described}
    studies = [each for each in folder.rglob("*") if each.name in kept]
    return sum(_bytes_of(each) for each in (*folder.glob(f"*{SEALED}"), *described, *studies))


def _bytes_of(place: Path) -> int:
    """Bytes of a file, or of the files in a folder, one with two names once; 0 for what is gone."""
    sizes = {}
    for each in (place, *place.rglob("*")):
        with contextlib.suppress(OSError):
            if each.is_file():
                found = each.stat()
                sizes[found.st_ino] = found.st_size
    return sum(sizes.values())


def held_bytes(store: Store, owner: str | None = None) -> Counter[str]:
    """Count the bytes of each user's reports and attachments, or only those of ``owner``. Blocks.
    Raises ``AssistantError``: ``store_failed``."""
    held = Counter[str]()
    for whose, session_id, size in store.sizes(owner):
        held[whose] += size + kept_bytes(store.files_of(session_id))
    return held


@dataclass(frozen=True, slots=True)
class StorageLimit:
    """The limit for the reports and attachments of one user, in GB."""

    store: Store
    owner: str
    most_gb: float

    async def left(self) -> float:
        """Bytes that may still be attached. A store that cannot be read refuses nothing."""
        try:
            held = await asyncio.to_thread(held_bytes, self.store, self.owner)
        except AssistantError:
            return math.inf
        return self.most_gb * 2**30 - held[self.owner]

    def full(self) -> BadInput:
        return BadInput(
            f"There is no room for this attachment: your reports may hold {self.most_gb:g} GB. "
            "Delete reports or attachments that you no longer need, or ask the administrator for more room. "
            "Dictation goes on.",
            code="storage_full_for_user",
        )


def seal_kept(folder: Path, key: Key) -> int:
    """Seal what is attached to the session whose folder this is, beside what is not sealed; returns how many
    attachments there are. Raises ``BadInput`` (``attachment_unreadable``), ``OSError``."""
    found = kept_studies(folder, None, Path)
    if len(found) != len(list(folder.glob("*.json"))):
        raise BadInput(
            f"An attachment in {folder} cannot be read, and would be lost. Delete its report first.",
            code="attachment_unreadable",
        )
    for each in found:
        _keep(each.study, folder, each.link, key)
    return len(found)


def unseal_kept(folder: Path, key: Key) -> int:
    """Unseal what is attached to the session whose folder this is, beside what is sealed; returns how many
    attachments there are. Raises ``BadInput`` (``attachment_unreadable``), ``OSError``."""
    sealed = sorted(folder.glob(f"*{SEALED}"))
    for each in sealed:
        name = each.name.split(".")[0]
        for old in (folder / name, folder / f"{name}.json"):  # of a command that was killed
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    found = kept_studies(folder, key, lambda: folder)
    if len(found) != len(sealed):
        raise BadInput(
            f"An attachment in {folder} cannot be read with this key, and would be lost. Delete its report "
            "first.",
            code="attachment_unreadable",
        )
    for kept in found:
        _keep(kept.study, folder, kept.link, None)
    return len(found)


class Attachments:
    """``attached`` is called for each new one, with its study, ``warn`` with a code and words for what needs
    a look."""

    def __init__(
        self,
        reader: Reader,
        session_id: str,
        attached: Callable[[Attachment, Study], None],
        warn: Callable[[str, str], None],
        kept: Path | None = None,
        *,
        key: Key | None = None,
        limit: StorageLimit | None = None,
    ) -> None:
        """``kept`` is the folder where they stay when the session has ended; without it they go with it.
        With a ``key`` they stay sealed, and as they are in the reader's scratch folder while it lasts.
        ``limit`` holds for those that stay."""
        self._stays, self._key, self._limit = kept, key, limit
        self._reader, self._session_id = reader, session_id
        self._attached, self.warn = attached, warn
        self._studies: dict[str, Study] = {}
        self._links: dict[str, str] = {}
        self._series: dict[str, _Series] = {}
        self._folder: Path | None = None
        self._uploads: set[Path] = set()
        self._turns = asyncio.Semaphore(MOST_UPLOADS)
        self._closed = False
        self._reading = asyncio.Lock()

    @property
    def most_bytes(self) -> int:
        return self._reader.options.most_bytes

    @property
    def most_files(self) -> int:
        return self._reader.options.most_files

    async def check_room(self) -> None:
        """Raises ``BadInput``: ``storage_full_for_user`` where nothing more can stay, so that nobody sends it
        in vain."""
        if self._limit and await self._limit.left() <= 0:
            raise self._limit.full()

    def begin_upload(self) -> Path:
        """A new folder for an upload, until ``end_upload``. Raises ``BadInput``: ``too_many_uploads``,
        ``session_unknown``."""
        if len(self._uploads) >= MOST_UPLOADS:
            message = "Too many uploads at once. Wait until the others have finished."
            raise BadInput(message, code="too_many_uploads")
        folder = self.new_folder()
        self._uploads.add(folder)
        return folder

    @asynccontextmanager
    async def coming(self) -> AsyncIterator[Path]:
        """A folder for one file, or for a series of the archive, until it is read. What comes while
        ``MOST_UPLOADS`` are on their way waits for its turn. Raises ``BadInput``: ``session_unknown``,
        ``storage_full_for_user``."""
        await self.check_room()
        async with self._turns:
            folder = self.new_folder()
            try:
                yield folder
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def end_upload(self, folder: Path) -> None:
        self._uploads.discard(folder)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def new_folder(self) -> Path:
        """An empty folder for incoming files, readable by this user only. Raises ``BadInput``:
        ``session_unknown``."""
        if self._closed:
            raise BadInput("The session has ended.", code="session_unknown")
        if self._folder is None and self._stays is not None and self._key is None:
            self._stays.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = self._stays
        elif self._folder is None:
            self._folder = self._reader.scratch.new()
        return Path(tempfile.mkdtemp(dir=self._folder))

    async def add(
        self, files: Sequence[SourceFile], link: str = ""
    ) -> tuple[list[Attachment], list[Problem]]:
        """Read the files and attach their contents; also returns what was left out and why. ``link`` is the
        address of the contents in the archive."""
        files = whole_parts(files)
        room = MOST_ATTACHMENTS - len(self._studies)
        if room <= 0:
            return [], [problem_of(files[0].name, no_room(files[0].name))]
        folder = self.new_folder()
        try:
            prepared = await self._read(files, folder, room)
        except BadInput as error:
            return [], [Problem(files[0].name, error.code, error.message)]
        series = await self._kept(files, {study.series for study in prepared.studies if study.stacks})
        return await self._attach(prepared, series, link)

    async def add_stack(self, series_id: str, number: int) -> tuple[list[Attachment], list[Problem]]:
        """Attach one more stack of a series, or give it back where it is attached. Raises ``BadInput``:
        ``stack_unknown``, ``too_many_images``, and what reading does."""
        series = self._series.get(series_id)
        if series is None:
            raise BadInput("There is no such series any more. Attach its files again.", code="stack_unknown")
        if known := self._studies.get(series.attached.get(number, "")):
            return [self._describe(known)], []
        if len(self._studies) >= MOST_ATTACHMENTS:
            raise no_room(series.files[0].name)
        async with self._reading:
            wanted = Wanted(series.key, number)
            prepared = await self._reader.read(series.files, self.new_folder(), 1, wanted)
        return await self._attach(prepared, {series.key: series})

    async def _kept(self, files: Sequence[SourceFile], keys: set[str]) -> dict[str, _Series]:
        """The series of these keys, with files of their own: those that were given are deleted."""
        if not keys or self._closed:
            return {}
        folder = self.new_folder()
        kept = [SourceFile(file.name, folder / str(i) / file.path.name) for i, file in enumerate(files)]

        def link() -> None:
            for file, own in zip(files, kept, strict=True):
                own.path.parent.mkdir()
                own.path.hardlink_to(file.path)

        await asyncio.to_thread(link)
        found = {key: _Series(f"series_{secrets.token_urlsafe(9)}", key, kept, folder) for key in keys}
        self._series |= {each.id: each for each in found.values()}
        return found

    async def _attach(
        self, prepared: Prepared, series: Mapping[str, _Series], link: str = ""
    ) -> tuple[list[Attachment], list[Problem]]:
        attachments, problems = [], list(prepared.problems)
        whole = len(prepared.studies) == 1 and not problems
        left = await self._limit.left() if self._limit else math.inf
        for study in prepared.studies:
            if self._limit:
                size = await asyncio.to_thread(_bytes_of, study.folder)
                if size > left:
                    problems.append(problem_of(study.name, self._limit.full()))
                    await asyncio.to_thread(shutil.rmtree, study.folder, ignore_errors=True)
                    continue
                left -= size
            if self._closed or len(self._studies) >= MOST_ATTACHMENTS:  # others may have come meanwhile
                problems.append(problem_of(study.name, no_room(study.name)))
                await asyncio.to_thread(shutil.rmtree, study.folder, ignore_errors=True)
                continue
            self._compare_patient(study)
            self._studies[study.id] = study
            if link and whole:
                self._links[study.id] = link
            if study.series in series:
                series[study.series].attached[study.stack] = study.id
            if self._stays is not None:
                link_of_it = self._links.get(study.id, "")
                await asyncio.to_thread(_keep, study, self._stays, link_of_it, self._key)
            attachments.append(self._describe(study))
            self._attached(attachments[-1], study)
        return attachments, problems

    async def add_data(self, data: bytes, name: str) -> None:
        """Attach one file that is in memory. Raises ``BadInput``."""
        folder = self.new_folder()
        try:
            place = place_for(name, folder)
            await asyncio.to_thread(place.write_bytes, data)
            attachments, problems = await self.add([SourceFile(name, place)])
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if not attachments:
            raise BadInput(problems[0].message, code=problems[0].code)

    async def _read(self, files: Sequence[SourceFile], folder: Path, room: int) -> Prepared:
        if len(files) == 1 and await asyncio.to_thread(is_photo, files[0].path):
            return await self._reader.read_photos(files, folder)
        async with self._reading:  # one upload of a session at a time, so that it leaves readers for others
            return await self._reader.read(files, folder, room)

    def _compare_patient(self, study: Study) -> None:
        others = [other for each in self._studies.values() for other in each.patients]
        if any(are_apart(one, other) for one in study.patients for other in others):
            self.warn(
                "patients_differ", f"{study.name} belongs to a different patient than the other attachments."
            )

    def _describe(self, study: Study) -> Attachment:
        return Attachment(
            id=study.id,
            name=study.name,
            kind=study.kind,
            media_type="image/png",
            width_px=study.width_px,
            height_px=study.height_px,
            url=f"/v1/sessions/{self._session_id}/attachments/{study.id}",
            count=study.count,
            windows=list(study.windows),
            worked_out=list(study.worked_out),
            notes=list(study.notes),
            stacks=next(
                (
                    SeriesStacks(series=each.id, number=study.stack, names=list(study.stacks))
                    for each in self._series.values()
                    if each.attached.get(study.stack) == study.id
                ),
                None,
            ),
        )

    def study(self, attachment_id: str) -> Study | None:
        return self._studies.get(attachment_id)

    def studies(self) -> tuple[Study, ...]:
        """The studies in the order they were attached."""
        return tuple(self._studies.values())

    async def pieces(
        self, ids: Sequence[str], most: int, labels: Mapping[str, str] | None = None
    ) -> tuple[Piece, ...]:
        """These attachments as a model with room for ``most`` images reads them, in order; ``labels`` as
        in ``all_pieces``. Raises ``BadInput``: ``attachment_unknown``."""
        studies = [self._studies[each] for each in ids if each in self._studies]
        try:
            return await asyncio.to_thread(all_pieces, studies, most, labels)
        except FileNotFoundError:
            raise BadInput(
                "An attachment has just been removed. Ask again.", code="attachment_unknown"
            ) from None

    def links(self, ids: Sequence[str]) -> tuple[LinkPiece, ...]:
        """The archive addresses of the attachments that came from the archive."""
        known = [(each, self._links[each]) for each in ids if each in self._links]
        return tuple(LinkPiece(link, each, self._studies[each].name) for each, link in known)

    async def records(self, ids: Sequence[str]) -> tuple[Resource, ...]:
        """The resources of all patient records among these attachments."""
        studies = [each for key in ids if isinstance(each := self._studies.get(key), RecordStudy)]
        read = await asyncio.to_thread(lambda: [study.resources() for study in studies])
        return tuple(resource for resources in read for resource in resources)

    async def remove(self, attachment_id: str) -> None:
        self._links.pop(attachment_id, None)
        if study := self._studies.pop(attachment_id, None):
            if self._stays is not None:
                for kept in self._stays.glob(f"{study.id}.*"):  # of a change of keys there may be two
                    await asyncio.to_thread(kept.unlink, missing_ok=True)
            await asyncio.to_thread(shutil.rmtree, study.folder, ignore_errors=True)
        for series in [*self._series.values()]:
            series.attached = {n: each for n, each in series.attached.items() if each != attachment_id}
            if not series.attached:
                del self._series[series.id]
                if all(each.folder != series.folder for each in self._series.values()):
                    await asyncio.to_thread(shutil.rmtree, series.folder, ignore_errors=True)

    def go_on_from(self, found: Sequence["KeptStudy"]) -> None:
        """The attachments of before."""
        self._studies = {each.study.id: each.study for each in found}
        self._links = {each.study.id: each.link for each in found if each.link}

    async def close(self) -> None:
        """Delete everything that does not stay."""
        self._closed = True
        unsealed = {study.folder.parent for study in self._studies.values()} if self._key else set()
        self._studies.clear()
        for folder in unsealed:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        series = {each.folder for each in self._series.values()}
        self._series.clear()
        if self._stays is not None and self._key is None:  # the files of other stacks do not stay
            for folder in series:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        elif self._folder:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


def place_for(name: str, folder: Path) -> Path:
    """The path under ``folder`` for a file of this name. Its own folders are kept, because slides and discs
    need
    them, and it cannot escape ``folder``. Raises ``BadInput``: ``file_name_invalid``.
    """
    parts = [part for part in whole(name).replace("\\", "/").split("/") if part not in ("", ".")]
    invalid = not parts or ".." in parts or "\0" in name or len(parts) > 32
    if invalid or any(len(part.encode()) > LONGEST_NAME_CHARS for part in parts):
        raise BadInput(
            "A file name is too long or not usable here. Rename the file.", code="file_name_invalid"
        )
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
