"""Structured findings in an answer, as events: places, changes, a lab table. Pure."""

from collections.abc import Sequence

from assistant.engines.base import Question
from assistant.engines.pieces import Padding
from assistant.events import (
    AnswerBoxes,
    AnswerChanges,
    AnswerLabs,
    Attachment,
    BoxPart,
    ChangePart,
    LabPart,
    ServerEvent,
)
from assistant.readings.boxes import parse_boxes, place
from assistant.readings.changes import parse_changes
from assistant.readings.labs import parse_labs


def findings(
    response_id: str, question: Question, images: Sequence[Attachment], answer: str, session_path: str
) -> list[ServerEvent]:
    """The findings that the question asked for and the answer gives; none where they make no sense.
    ``session_path`` is where the server has what belongs to this session."""
    match question.task:
        case "locate":
            return _boxes(response_id, images, answer)
        case "compare":
            changes = [ChangePart(finding=each.finding, change=each.change) for each in parse_changes(answer)]
            since = question.comparison.since if question.comparison else ""
            return [AnswerChanges(response_id=response_id, changes=changes, since=since)] if changes else []
        case "labs":
            report = parse_labs(answer)
            if report is None:
                return []
            rows = [LabPart(**row.model_dump()) for row in report.rows]
            return [
                AnswerLabs(
                    response_id=response_id,
                    rows=rows,
                    rejected=report.rejected,
                    rejected_rows=report.rejected_rows,
                    url=f"{session_path}/answers/{response_id}/labs",
                )
            ]
        case _:
            return []


def _boxes(response_id: str, images: Sequence[Attachment], answer: str) -> list[ServerEvent]:
    (image,) = images
    placed = place(parse_boxes(answer), Padding(image.width_px, image.height_px))
    if not placed:
        return []
    return [
        AnswerBoxes(
            response_id=response_id,
            attachment_id=image.id,
            width_px=image.width_px,
            height_px=image.height_px,
            boxes=[BoxPart(label=box.label, x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1) for box in placed],
        )
    ]
