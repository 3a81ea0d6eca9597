"""What answers questions. Pure."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Image:
    """An image ready for a model: upright RGB, encoded. ``name`` is shown to the user, never logged."""

    id: str
    name: str
    media_type: str
    """``image/png`` or ``image/jpeg``."""
    data: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Question:
    """One question with everything that goes to the model with it."""

    text: str
    document: str = ""
    """The session's dictated text so far."""
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Who answers, for the page and the wire."""

    name: str
    """e.g. ``medgemma-1.5-4b-it``."""
    stand_in: bool
    """True for a model that only shows that the pipeline runs; the page and every answer say so."""
    sees_images: bool
    notice: str = ""
    """A sentence shown with every answer, e.g. that it is a stand-in and not for medical use."""


class Engine(Protocol):
    """Streams the answer to a question."""

    info: EngineInfo

    def answer(self, question: Question) -> AsyncIterator[str]:
        """Pieces of the answer, in order, to be concatenated.

        An async generator: closing it (``aclosing``) or cancelling its task stops the model within one
        token and frees the worker. Raises ``EngineFailed`` (with a code) or ``BadInput``.
        """
        ...

    async def load(self) -> None:
        """Make it ready; called once before the first ``answer``. Raises ``Missing``."""
        ...

    async def close(self) -> None:
        """Free it, within a second."""
        ...
