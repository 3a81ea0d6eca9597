"""Attached images and the image matcher's results. Pure."""

from typing import Annotated, Literal

from pydantic import Field

from assistant.events.base import ClientEventBase, Part, ServerEventBase


class AttachmentConfirm(ClientEventBase):
    """The attachment is of the report's patient, whoever its file names: questions are asked with it."""

    type: Literal["assistant.attachment.confirm"] = "assistant.attachment.confirm"
    attachment_id: str = Field(max_length=128)


class AttachmentLook(ClientEventBase):
    """The image open on the page: questions that name no other image are about this one."""

    type: Literal["assistant.attachment.look"] = "assistant.attachment.look"
    attachment_id: str | None = Field(None, description="None when nothing is open any more.")


class AttachmentRemove(ClientEventBase):
    """Remove an attached image; later questions are asked without it."""

    type: Literal["assistant.attachment.remove"] = "assistant.attachment.remove"
    attachment_id: str = Field(max_length=64)


class LabelsScore(ClientEventBase):
    """Score labels for an image. Needs an image matcher (``session.image_matcher``)."""

    type: Literal["assistant.labels.score"] = "assistant.labels.score"
    attachment_id: str = Field(max_length=64)
    index: int = Field(0, ge=0, description="Number of its picture, as in /slice?i=.")
    labels: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=32)


class SimilarFind(ClientEventBase):
    """Rank the other attachments by their most similar picture."""

    type: Literal["assistant.similar.find"] = "assistant.similar.find"
    attachment_id: str = Field(max_length=64)
    index: int = Field(0, ge=0, description="Number of its picture, as in /slice?i=.")


class SeriesStacks(Part):
    """The stacks of the series that an attachment is one of: any can be attached
    (``POST /v1/sessions/ID/stacks``)."""

    series: str = Field(description="The same for all attachments of one series.")
    number: int = Field(description="Number of this attachment among them, from 1.")
    names: list[str]


class Attachment(Part):
    id: str
    name: str
    media_type: str
    width_px: int
    height_px: int
    url: str = Field(description="Path of a small picture of it on this server; below it: /slice?i=&window=.")
    kind: str = Field("photo", description="photo, xray, pictures, ct, mr, slide, pages or record.")
    count: int = Field(1, description="Pictures to look through: slices, pages, patches behind an overview.")
    windows: list[str] = Field([], description="Windows that its slices can be seen in, the usual one first.")
    worked_out: list[int] = Field(
        [], description="Its pictures, from 0, that were not taken but worked out from their neighbours."
    )
    notes: list[str] = Field([], description="Remarks, e.g. that slices are missing.")
    stacks: SeriesStacks | None = Field(None, description="Only where its series has several.")


class AttachmentAdded(ServerEventBase):
    """An image is attached: every question from now on is asked with it, unless
    ``assistant.attachment.doubted`` says otherwise."""

    type: Literal["assistant.attachment.added"] = "assistant.attachment.added"
    attachment: Attachment


class AttachmentDoubted(ServerEventBase):
    """Whether a file may be of another patient than the report: it names one who differs, or whom nobody can
    compare. While there is a ``message`` no question is asked with the attachment;
    ``assistant.attachment.confirm`` takes the doubt away, and so does a report's patient who agrees."""

    type: Literal["assistant.attachment.doubted"] = "assistant.attachment.doubted"
    attachment_id: str
    message: str = Field(description="The doubt, for people; empty where there is none (any more).")
    confirmed: bool = Field(False, description="A person has said that it is of the report's patient.")


class AttachmentRemoved(ServerEventBase):
    type: Literal["assistant.attachment.removed"] = "assistant.attachment.removed"
    attachment_id: str


class AttachmentChecked(ServerEventBase):
    """The image matcher's opinion of an attachment: its kind of image and possible faults. Sent some time
    after ``assistant.attachment.added``; questions do not wait for it."""

    type: Literal["assistant.attachment.checked"] = "assistant.attachment.checked"
    attachment_id: str
    index: int = Field(description="Number of the picture that was looked at, as in /slice?i=.")
    kind: str = Field(description="e.g. “chest X-ray”; empty where no kind is sure.")
    share: float = Field(description="Share of the best kind, against the others.")
    faults: list[str] = Field(description="e.g. “blurred”.")
    unlike_file: bool = Field(description="The file says that it is something else.")
    note: str = Field(description="All of it, for people.")


class LabelScore(Part):
    label: str
    share: float = Field(description="Against the other labels: all shares add up to 1.")
    match: float = Field(
        description="By itself, as the model was trained; often small for the right one too."
    )


class LabelsScored(ServerEventBase):
    """The answer to ``assistant.labels.score``, best first."""

    type: Literal["assistant.labels.scored"] = "assistant.labels.scored"
    attachment_id: str
    index: int
    scores: list[LabelScore]


class SimilarImage(Part):
    attachment_id: str
    index: int
    similarity: float = Field(description="Cosine of the two images' vectors: 1 is the same.")


class SimilarFound(ServerEventBase):
    """The answer to ``assistant.similar.find``, most alike first, the best picture of each attachment; it
    grows until ``looked_at`` is ``of``."""

    type: Literal["assistant.similar.found"] = "assistant.similar.found"
    attachment_id: str
    index: int
    images: list[SimilarImage]
    looked_at: int
    of: int = Field(description="Images that are searched; long series are thinned out.")
