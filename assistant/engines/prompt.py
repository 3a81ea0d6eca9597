"""Turns a question into a prompt. Pure."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from assistant.engines.base import Question, Sent
from assistant.engines.context import earlier_text, framed, sources_text
from assistant.engines.pieces import ImagePiece, LinkPiece, Piece, TextPiece
from assistant.engines.tasks import answer_tokens, instruction

LONGEST_DOCUMENT_CHARS = 12_000
"""About 3,000 tokens. Of a longer dictation the end is kept: the newest is what is asked about."""
SOURCES_PERCENT, EARLIER_PERCENT = 40, 25
"""At most so much of the room goes to guideline passages, and to earlier turns."""
CUT_MARK = "[the beginning was left out]"
UNSEEN_IMAGES = (
    "Images were attached that you cannot see. If the question is about them, say that you cannot see them."
)


def bounded_document(document: str, limit_chars: int = LONGEST_DOCUMENT_CHARS) -> str:
    """The end of the document, from a whole word on, and a mark where something was left out."""
    if len(document) <= limit_chars:
        return document
    end = document[-limit_chars:]
    if not document[-limit_chars - 1].isspace():
        rest_of_word, space, whole = end.partition(" ")
        end = whole if space and len(rest_of_word) < 50 else end
    return f"{CUT_MARK}\n{end}"


def chat_text(question: Question, document_chars: int = LONGEST_DOCUMENT_CHARS) -> str:
    """The text of one user turn: guideline passages, earlier turns, the dictation, each marked as such, then
    the question. All but the question have ``document_chars`` together; the dictation gets what is left."""
    asked = framed("\n\n".join(filter(None, (question.instructions, question.text))))
    if how := instruction(question.task, question.comparison):
        asked = f"{asked}\n\n{how}"
    before = [
        record_text(question),
        sources_text(question, document_chars * SOURCES_PERCENT // 100),
        earlier_text(question.earlier, document_chars * EARLIER_PERCENT // 100),
    ]
    if question.document:
        room = max(document_chars - sum(map(len, before)), document_chars // 3)
        document = framed(bounded_document(question.document, room))
        before.append(f"The clinician has dictated so far:\n<dictation>\n{document}\n</dictation>")
    before = [part for part in before if part]
    return "\n\n".join([*before, f"Question: {asked}"]) if before else asked


def record_text(question: Question) -> str:
    """The facts from the patient's record, with instructions to cite them; empty without a record."""
    if not question.record:
        return ""
    return (
        f"From the patient's record:\n<record>\n{framed(question.record)}\n</record>\n"
        "Answer from the record, and name the resource behind each fact in brackets, as in [Observation/12]. "
        "If the record does not say, say so."
    )


THINK = "SYSTEM INSTRUCTION: think silently if needed. "
"""The instruction that makes MedGemma think, word for word from Google's notebooks."""
THINKING_TOKENS = 2_000
"""Room for thoughts and answer together, after the same notebooks."""


def room_for_answer(question: Question, *, thinks: bool, max_tokens: int) -> int:
    """The token limit of the answer: ``max_tokens``, or more if its kind needs more; at most what was asked
    for."""
    room = answer_tokens(question.task, max(max_tokens, THINKING_TOKENS) if thinks else max_tokens)
    return room if question.max_tokens is None else min(room, question.max_tokens)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a chat, as the model reads it."""

    role: Literal["system", "user"]
    pieces: tuple[Piece | LinkPiece, ...]


def turns(
    question: Question,
    *,
    sees_images: bool,
    thinks: bool = False,
    document_chars: int = LONGEST_DOCUMENT_CHARS,
) -> tuple[Turn, ...]:
    """The whole of what a chat model gets: one user turn with what is attached and then the text, without a
    system turn, since MedGemma 1.5 was not trained with one; but for ``thinks``."""
    text = chat_text(question, document_chars)
    if not sees_images and question.images:
        text = f"{UNSEEN_IMAGES}\n\n{text}"
    attached = question.pieces if sees_images else ()
    system = (Turn("system", (TextPiece(THINK, source="system turn"),)),) if thinks else ()
    return (*system, Turn("user", (*attached, TextPiece(text))))


def sent(chat: Sequence[Turn]) -> Sent:
    """The prompt that ``chat`` gives to the model, as it is reported."""
    return Sent(tuple(piece for turn in chat for piece in turn.pieces))


def messages(chat: Sequence[Turn], archive_token: str | None = None) -> list[dict[str, Any]]:
    """``chat`` in OpenAI's form: images as data URIs, links with ``archive_token``."""
    return [
        {"role": turn.role, "content": [_part(piece, archive_token) for piece in turn.pieces]}
        for turn in chat
    ]


def _part(piece: Piece | LinkPiece, archive_token: str | None) -> dict[str, Any]:
    match piece:
        case TextPiece(text):
            return {"type": "text", "text": text}
        case ImagePiece(image):
            url = f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"
            return {"type": "image_url", "image_url": {"url": url}}
        case LinkPiece(url):  # as Google's container documents it
            credential = {"access_credential": archive_token} if archive_token else {}
            return {"type": "image_dicom", "image_dicom": {"dicom_source": url, **credential}}
        case _:
            assert_never(piece)


FEW_SHOTS = (
    ("What is the capital of France?", "The capital of France is Paris."),
    ("How many chambers does the heart have?", "The heart has four chambers: two atria and two ventricles."),
)
BASE_MODEL_DOCUMENT_CHARS = 1_500
BASE_MODEL_QUESTION_CHARS = 2_000
BASE_MODEL_SOURCE_CHARS = 700


def completion_text(question: Question) -> str:
    """For a base model without a chat template: questions and answers to be continued. Document and question
    are one line each, so that neither can pose as a further question."""
    lines = [f"Question: {q}\nAnswer: {a}\n" for q, a in FEW_SHOTS]
    if question.record:
        lines.append(f"Record: {_one_line(question.record)}\n")
    if question.sources:
        lines.append(f"Guideline: {_one_line(question.sources[0].text)[:BASE_MODEL_SOURCE_CHARS]}\n")
    if question.document:
        lines.append(f"Report: {_one_line(bounded_document(question.document, BASE_MODEL_DOCUMENT_CHARS))}\n")
    said = f"{question.instructions} {question.text}"
    asked = _one_line(bounded_document(said, BASE_MODEL_QUESTION_CHARS))
    return "\n".join([*lines, f"Question: {asked}\nAnswer:"])


def _one_line(text: str) -> str:
    return framed(" ".join(text.split()))
