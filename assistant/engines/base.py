"""The answer engine interface. Pure."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from assistant.engines.pieces import Image, ImagePiece, LinkPiece, Piece
from assistant.engines.tasks import Comparison, Task

MOST_IMAGES = 126
"""Images in one question. At 256 tokens each they fill the 32,768 that MedGemma 1.5 was trained to."""

ANSWER_TOKENS = 500
"""Longest answer, unless the settings say otherwise."""
PIECE_WAIT_S = 60.0
"""Longest wait for an engine's turn and for its next piece, unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class Source:
    """A passage of a guideline. An answer cites it by its number, ``[1]``."""

    number: int
    file: str
    place: str
    """Page and heading, for people; may be empty."""
    text: str
    url: str = ""
    """Its address on the page; never sent to a model."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier question of the session, and its answer as far as it came."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question with everything that goes to the model with it."""

    text: str
    document: str = ""
    """The session's dictated text so far."""
    attachment_ids: tuple[str, ...] = ()
    record_ids: tuple[str, ...] = ()
    """Attached records: what bears on the question is read from them before it is answered."""
    record: str = ""
    """The facts read, one per line."""
    pieces: tuple[Piece | LinkPiece, ...] = ()
    """The attachments as the model will read them, before the dictation and the question."""
    earlier: tuple[Exchange, ...] = ()
    """The session's turns so far, oldest first. They go into the one turn of this question: MedGemma is not
    made for conversations of several."""
    sources: tuple[Source, ...] = ()
    """Guideline passages found for it."""
    guidelines_searched: bool = False
    """There is a guideline folder; without ``sources``, it holds nothing on this."""
    task: Task = "answer"
    """The kind of result asked for besides words."""
    comparison: Comparison | None = None
    """The studies to compare, in order; only with the task ``compare``."""

    instructions: str = ""
    """The client's instructions; they stand before the question, where MedGemma's own template puts a system
    turn."""
    max_tokens: int | None = None
    """The longest answer that was asked for, where that is shorter than the engine's own."""

    @property
    def images(self) -> tuple[Image, ...]:
        """The images alone, in their order."""
        return tuple(piece.image for piece in self.pieces if isinstance(piece, ImagePiece))


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The engine's description for the page and the protocol."""

    name: str
    """e.g. ``medgemma-1.5-4b-it``."""
    stand_in: bool
    """True for what only shows that the pipeline runs; the page and every answer say so."""
    sees_images: bool
    notice: str = ""
    """A sentence shown with every answer, e.g. that it is a stand-in and not for medical use."""
    most_images: int = MOST_IMAGES
    """The most images in one question; volumes and slides are thinned out to fit."""
    completes: bool = False
    """A base model: it gets a text to continue instead of a chat."""
    follows_links: bool = False
    """Series of the archive are given to it as ``LinkPiece``: its server fetches them itself."""
    revision: str = ""
    """Version of the weights: a commit, or the start of the file's sha256. Empty where a server does not
    say."""
    declines: bool = False
    """It has no model: it says fixed text or quotes the report, and declines every other question."""
    address: str = ""
    """Scheme, host and port of its server. Empty where it runs in this program."""
    why: str = ""
    """Why this engine answers, in a sentence for people. Empty where the settings named it."""


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A piece of the answer, to be put behind the pieces before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what the model thinks before it answers: no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written, thoughts included. Sent at most once, at the end."""

    prompt_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class CutOff:
    """The answer has reached the most tokens that it may have, and is not whole. Comes behind all text."""


Output = AnswerText | Thought | Usage | CutOff


@dataclass(frozen=True, slots=True)
class Sent:
    """The prompt that an engine gave its model for one question, in the order in which the model reads it."""

    parts: tuple[Piece | LinkPiece, ...]

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(part.image for part in self.parts if isinstance(part, ImagePiece))


Report = Callable[[Sent], None]


def nobody(_: Sent) -> None:
    """The report of those who do not ask what was sent."""


class Engine(Protocol):
    """Streams the answer to a question."""

    @property
    def info(self) -> EngineInfo: ...

    def answer(self, question: Question, report: Report = nobody) -> AsyncIterator[Output]:
        """The model's output in order. ``report`` is told what the model was given: once, on the event
        loop, before any output.

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
