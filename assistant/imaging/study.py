"""One attachment, prepared in a folder of its own: pieces for the model, pictures for the page."""

import errno
import os
import secrets
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import PIL.Image

from assistant.engines.pieces import Image, ImagePiece, Padding, Piece, TextPiece
from assistant.errors import BadInput
from assistant.imaging.square import encoded, squared
from assistant.imaging.timeline import Attached, in_time, is_one_picture
from assistant.imaging.values import chosen_slices
from assistant.orders.pictures import PicturedPatient

NAMED_PROBLEMS = 10
"""Problems of one kind that are named in one upload."""

Kind = Literal["photo", "xray", "pictures", "ct", "mr", "slide", "pages", "record"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was given, and where it lies. ``name`` is shown to the one who gave it, never logged."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one of the files was left out."""

    name: str
    code: str
    message: str


def problem_of(name: str, error: Exception) -> Problem:
    """The problem that stopped the reading of ``name``. Of errors that are not ours the text is left out:
    libraries quote
    what is in the files."""
    match error:
        case BadInput():
            return Problem(name, error.code, error.message)
        case MemoryError():
            return Problem(name, "image_too_many_pixels", f"{name} needs more memory than is allowed.")
        case OSError() if error.errno == errno.ENOSPC:
            return Problem(name, "disk_full", f"{name}: there is no room left on the server's disk.")
        case _:
            return Problem(name, "file_not_readable", f"{name} is damaged.")


def no_room(name: str) -> BadInput:
    message = f"{name} was left out: there is no room for more images. Remove some, or give fewer at once."
    return BadInput(message, code="too_many_images")


def in_short(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first few of each kind, and how many more there are: a disc can hold thousands of other files."""
    counts: Counter[str] = Counter()
    last: dict[str, Problem] = {}
    for each in problems:
        counts[each.code] += 1
        if counts[each.code] <= NAMED_PROBLEMS:
            yield each
        last[each.code] = each
    for code, count in counts.items():
        if (more := count - NAMED_PROBLEMS) > 0:
            message = f"{more} more files were left out in the same way, the last one {last[code].name}."
            yield Problem(last[code].name, code, message)


class Picture(NamedTuple):
    """A picture that a browser can show."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(ABC):
    """A study. Little is kept in memory; its pixels lie in ``folder``, which is deleted with the
    attachment."""

    id: str
    kind: Kind
    name: str
    folder: Path
    count: int
    """The number of pictures to browse."""
    width_px: int
    height_px: int
    time: str = ""
    """When it was taken, ``YYYYMMDDHHMMSS``, for putting studies in order; it goes nowhere else."""
    patients: tuple[PicturedPatient, ...] = ()
    """Whom its file names: to compare with the report's patient. It goes into no prompt."""
    exam: str = ""
    """The examination's identifier, used only to group its views."""
    worked_out: tuple[int, ...] = ()
    """Pictures, from 0, that were not taken but worked out from their neighbours."""
    series: str = ""
    """The key of its series among those given; only where that has several stacks."""
    stack: int = 0
    """Its number among the stacks of its series, from 1."""
    stacks: tuple[str, ...] = ()
    """The names of all stacks of its series, in the order of their numbers; empty where it has but one."""
    notes: tuple[str, ...] = ()
    """Notices for the clinician, e.g. that slices are missing."""

    @property
    def attached(self) -> Attached:
        """As far as a question can mean it."""
        return Attached(self.id, self.name, is_one_picture(self.kind, self.count), self.time, self.exam)

    @property
    def windows(self) -> tuple[str, ...]:
        """Names of the windows that ``view`` knows; the first is what is shown at first."""
        return ()

    @property
    @abstractmethod
    def wanted_images(self) -> int:
        """The number of images for the model if there were room for all that its training used."""

    @abstractmethod
    def pieces(self, most: int) -> tuple[Piece, ...]:
        """The pieces for the model, with at most ``most`` images. The first call can take seconds: use a
        thread."""

    @abstractmethod
    def view(self, index: int, window: str = "") -> Picture:
        """Picture ``index`` for the page. Raises ``IndexError``, or ``KeyError`` for an unknown window."""

    @abstractmethod
    def model_image(self, index: int) -> Picture:
        """Image ``index`` as the model gets it: the number behind the dash of its piece's id."""

    def _image(self, index: int, media_type: str, data: bytes, side_px: int) -> Image:
        return Image(f"{self.id}-{index}", self.name, media_type, data, side_px, side_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures(Study):
    """Pictures that are looked at as they are: photos, X-rays, ultrasound frames, pages."""

    sources: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    suffixes: tuple[str, ...]

    @property
    def wanted_images(self) -> int:
        return self.count

    def pieces(self, most: int) -> tuple[Piece, ...]:
        return tuple(self._piece(index) for index in chosen_slices(self.count, most))

    def _piece(self, index: int) -> ImagePiece:
        padding = Padding(*self.sizes[index])
        image = self._image(index, *self.model_image(index), padding.side_px)
        return ImagePiece(image, self.id, self.sources[index], padding)

    def model_image(self, index: int) -> Picture:
        return self._picture("model", index)

    def view(self, index: int, window: str = "") -> Picture:
        if window:
            raise KeyError(window)
        return self._picture("view", index)

    def _picture(self, what: str, index: int) -> Picture:
        file = self.folder / f"{what}-{index:03}.{self.suffixes[index]}"
        return Picture(f"image/{self.suffixes[index]}", file.read_bytes())


def new_id() -> str:
    return f"att_{secrets.token_urlsafe(9)}"


class Taken(NamedTuple):
    """A picture on its way into an attachment: RGB, whether it came without loss, and where from."""

    picture: PIL.Image.Image
    lossless: bool
    source: str


def keep_pictures(
    pictures: Iterable[Taken],
    folder: Path,
    *,
    kind: Kind,
    name: str,
    time: str = "",
    patients: tuple[PicturedPatient, ...] = (),
    exam: str = "",
    notes: tuple[str, ...] = (),
) -> Pictures:
    """Write pictures as the page and as the model see them; one is in memory at a time. Raises ``BadInput``
    (``pictures_not_readable``) if there are none."""
    study_id = new_id()
    own = folder / study_id
    own.mkdir()
    sources, sizes, suffixes = [], [], []
    for index, (picture, lossless, source) in enumerate(pictures):
        media_type, data = encoded(squared(picture), lossless)
        suffix = media_type.removeprefix("image/")
        (own / f"model-{index:03}.{suffix}").write_bytes(data)
        view = own / f"view-{index:03}.{suffix}"
        if picture.width == picture.height:
            os.link(own / f"model-{index:03}.{suffix}", view)
        else:
            view.write_bytes(encoded(picture, media_type == "image/png")[1])
        sources.append(source)
        sizes.append(picture.size)
        suffixes.append(suffix)
    if not sizes:
        raise BadInput("None of its pictures could be read.", code="pictures_not_readable")
    return Pictures(
        id=study_id,
        kind=kind,
        name=name,
        folder=own,
        count=len(sizes),
        width_px=sizes[0][0],
        height_px=sizes[0][1],
        time=time,
        patients=patients,
        exam=exam,
        notes=notes,
        sources=tuple(sources),
        sizes=tuple(sizes),
        suffixes=tuple(suffixes),
    )


def in_order(studies: Sequence[Study]) -> list[Study]:
    """As a model reads them where no question says otherwise; see ``in_time``."""
    by_id = {study.id: study for study in studies}
    return [by_id[each.id] for each in in_time([study.attached for study in studies])]


def all_pieces(
    studies: Sequence[Study], most: int, labels: Mapping[str, str] | None = None
) -> tuple[Piece, ...]:
    """The pieces of all studies, in the order given, with at most ``most`` images: what asks for few gets
    all, the rest is shared evenly. Studies beyond ``most`` get none. ``labels`` are words that stand before
    the study with that id."""
    kept = studies[:most]
    shares: dict[str, int] = {}
    room = most
    for rank, study in enumerate(sorted(kept, key=lambda study: study.wanted_images)):
        shares[study.id] = min(study.wanted_images, room // (len(kept) - rank))
        room -= shares[study.id]
    pieces: list[Piece] = []
    for study in kept:
        if words := (labels or {}).get(study.id):
            pieces.append(TextPiece(words, study.id, "place in time"))
        pieces += study.pieces(shares[study.id])
    return tuple(pieces)
