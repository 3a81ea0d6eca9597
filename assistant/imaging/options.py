"""Options for reading attached files, and the result."""

from collections.abc import Callable
from dataclasses import dataclass

from assistant.imaging.study import Problem, Study

Begin = Callable[[str], bool]
"""Called with a file's name before it is opened; False leaves the file out."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stack of a series, as ``Study.series`` and ``Study.stack`` name it."""

    series: str
    stack: int


@dataclass(frozen=True, slots=True)
class Options:
    """The bounds of one upload, in which a zip counts by what it unpacks to, and what may be shown."""

    most_files: int = 20_000
    most_bytes: int = 4 * 2**30
    most_expansion: int = 100
    """Unpacked size over packed size: pictures seldom reach 10, bombs begin at 1,000."""
    most_studies: int = 1_000
    """Pictures, series, slides, documents and records."""
    show_identity: bool = False
    """Names, dates and descriptions of the tags may stand in labels."""
    allow_burned_in: bool = False
    """Take pictures whose tags say that text, perhaps a name, is written in them."""
    only_photos: bool = False
    """Each file is one picture of a camera or a screen, or a problem."""
    wanted: Wanted | None = None
    """This alone, of all that was given."""


@dataclass(frozen=True, slots=True)
class Prepared:
    studies: tuple[Study, ...]
    problems: tuple[Problem, ...]
