"""MedSigLIP on one session's images: a check of each image, scores for labels, and similar images."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import assert_never

import numpy as np
import numpy.typing as npt

from assistant.errors import AssistantError, BadInput, Missing
from assistant.events import (
    Attachment,
    AttachmentChecked,
    LabelScore,
    LabelsScore,
    LabelsScored,
    Notice,
    ServerEvent,
    SimilarFind,
    SimilarFound,
    SimilarImage,
)
from assistant.imaging.study import Study
from assistant.imaging.values import chosen_slices
from assistant.session.attachments import Attachments
from assistant.siglip.embedder import Embedder
from assistant.siglip.labels import in_words, judged, scored

log = logging.getLogger(__name__)

MOST_WAITING = 32
"""Twice as many as there can be attachments to check."""
MOST_SEARCHED = 16
"""The most images of one attachment, spread evenly: neighbouring slices are alike, and a CPU needs seconds
for each image."""

Vector = npt.NDArray[np.float32]
Place = tuple[str, int]
"""An attachment's id and the number of one of its pictures, as the page counts them."""
Job = Attachment | LabelsScore | SimilarFind


class ImageMatching:
    """Matches the images of one session. ``run`` works through the requests in order; the vector of each
    image
    is kept while the image is attached. Without an ``embedder`` nothing is checked and requests are
    refused."""

    def __init__(
        self,
        embedder: Embedder | None,
        attachments: Attachments,
        emit: Callable[[ServerEvent], None],
        refuse: Callable[[AssistantError, str | None], None],
    ) -> None:
        self._embedder, self._attachments = embedder, attachments
        self._emit, self._refuse = emit, refuse
        self._jobs: asyncio.Queue[Job] = asyncio.Queue(MOST_WAITING)
        self._vectors: dict[Place, Vector] = {}

    def check(self, attachment: Attachment) -> None:
        """Queue a check of the images, if there are images and an embedder."""
        if self._embedder and attachment.count and not self._jobs.full():
            self._jobs.put_nowait(attachment)

    def ask(self, event: LabelsScore | SimilarFind) -> None:
        """Queue a request; its result or its failure arrives as an event. Raises ``Missing`` (``siglip_off``)
        and
        ``BadInput`` (``siglip_busy``)."""
        if self._embedder is None:
            raise Missing("Start the server with --siglip-model to match images.", code="siglip_off")
        try:
            self._jobs.put_nowait(event)
        except asyncio.QueueFull:
            raise BadInput(
                "Other images are still being checked. Wait and try again.", code="siglip_busy"
            ) from None

    async def run(self) -> None:
        """Work until cancelled."""
        while self._embedder:
            job = await self._jobs.get()
            try:
                await self._do(self._embedder, job)
            except AssistantError as error:
                self._say_why_not(job, error)
            except Exception as error:  # a bug here must not take the session with it
                log.error("image matching failed: %s", type(error).__name__)
                self._say_why_not(
                    job, AssistantError("The images could not be matched.", code="siglip_failed")
                )

    def _say_why_not(self, job: Job, error: AssistantError) -> None:
        if not isinstance(job, Attachment):
            self._refuse(error, job.event_id)
        elif self._attachments.study(job.id):  # else it was removed meanwhile, and nobody needs to know
            self._emit(Notice(code=error.code, message=f"{job.name} was not checked. {error.message}"))

    async def _do(self, embedder: Embedder, job: Job) -> None:
        self._forget_removed()
        match job:
            case Attachment():
                await self._check(embedder, job)
            case LabelsScore():
                await self._score(embedder, job)
            case SimilarFind():
                await self._search(embedder, job)
            case _:
                assert_never(job)

    def _forget_removed(self) -> None:
        for place in list(self._vectors):
            if self._attachments.study(place[0]) is None:
                del self._vectors[place]

    async def _check(self, embedder: Embedder, attachment: Attachment) -> None:
        index = middle(attachment)
        vector = await self._vector(embedder, (attachment.id, index))
        loaded = embedder.loaded
        verdict = judged(embedder.logits(vector[np.newaxis], loaded.checks)[0], attachment.kind)
        if self._attachments.study(attachment.id) is None:
            return
        self._emit(
            AttachmentChecked(
                attachment_id=attachment.id,
                index=index,
                kind=verdict.kind,
                share=verdict.share,
                faults=list(verdict.faults),
                unlike_file=verdict.unlike_file,
                note=in_words(verdict, attachment.kind, loaded.name),
            )
        )

    async def _score(self, embedder: Embedder, asked: LabelsScore) -> None:
        labels = list(dict.fromkeys(label.strip() for label in asked.labels if label.strip()))
        if not labels:
            raise BadInput("Give at least one label.", code="labels_empty")
        image = await self._vector(embedder, (asked.attachment_id, asked.index))
        logits = embedder.logits(image[np.newaxis], await embedder.texts(labels))[0]
        scores = [LabelScore(**asdict(score)) for score in scored(labels, logits)]
        self._emit(LabelsScored(attachment_id=asked.attachment_id, index=asked.index, scores=scores))

    async def _search(self, embedder: Embedder, asked: SimilarFind) -> None:
        image = await self._vector(embedder, (asked.attachment_id, asked.index))
        others = [study for study in self._attachments.studies() if study.id != asked.attachment_id]
        places = [place for study in others for place in _searched(study)]
        found: list[SimilarImage] = []
        for looked_at, place in enumerate(places, start=1):
            new = place not in self._vectors
            try:
                vector = await self._vector(embedder, place)
            except BadInput:  # removed meanwhile
                continue
            found.append(
                SimilarImage(attachment_id=place[0], index=place[1], similarity=float(vector @ image))
            )
            if new and looked_at < len(places):
                self._emit(_ranked(asked, found, looked_at, len(places)))
        self._emit(_ranked(asked, found, len(places), len(places)))

    async def _vector(self, embedder: Embedder, place: Place) -> Vector:
        """Raises ``BadInput`` (``image_unknown``), and what ``Embedder.images`` does."""
        if (known := self._vectors.get(place)) is None:
            encoded = await asyncio.to_thread(model_image, self._attachments.study(place[0]), place[1])
            known = self._vectors[place] = (await embedder.images([encoded]))[0]
        return known


def _ranked(asked: SimilarFind, found: list[SimilarImage], looked_at: int, of: int) -> SimilarFound:
    """The best picture of each attachment: the neighbours of a slice add nothing."""
    best: dict[str, SimilarImage] = {}
    for each in sorted(found, key=lambda image: -image.similarity):
        best.setdefault(each.attachment_id, each)
    return SimilarFound(
        attachment_id=asked.attachment_id,
        index=asked.index,
        images=list(best.values()),
        looked_at=looked_at,
        of=of,
    )


def middle(attachment: Attachment | Study) -> int:
    """Index of the representative picture: the middle of a volume or slide, otherwise the first."""
    return attachment.count // 2 if attachment.kind in ("ct", "mr", "slide") else 0


def _searched(study: Study) -> list[Place]:
    first = 1 if study.kind == "slide" else 0  # its overview is no image for a model
    return [(study.id, first + index) for index in chosen_slices(study.count - first, MOST_SEARCHED)]


def model_image(study: Study | None, index: int) -> bytes:
    """A picture as MedGemma is given it: square, and for CT in three windows. Raises ``BadInput``:
    ``image_unknown``."""
    if study is None or index >= study.count:
        raise BadInput("There is no such image.", code="image_unknown")
    if study.kind == "slide" and index == 0:
        raise BadInput("The overview of a slide cannot be matched. Open a patch.", code="image_unknown")
    try:
        return study.model_image(index - (study.kind == "slide")).data
    except FileNotFoundError:
        raise BadInput("The image has just been removed.", code="image_unknown") from None
