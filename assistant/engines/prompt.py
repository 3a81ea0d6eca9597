"""How a question becomes what a model reads. Pure."""

import base64
import re
from typing import Any, assert_never

from assistant.engines.base import Question
from assistant.engines.pieces import ImagePiece, Piece, TextPiece

LONGEST_DOCUMENT_CHARS = 12_000
"""About 3,000 tokens. Of a longer dictation the end is kept: the newest is what is asked about."""
CUT_MARK = "[the beginning was left out]"
UNSEEN_IMAGES = (
    "Images were attached that you cannot see. If the question is about them, say that you cannot see them."
)

_TAG = re.compile(r"<(?=[^\s\d<=>.,-])")
"""What could open a tag or a model's control token: ``</dictation>``, ``<end_of_turn>``, ``<|im_end|>``.
Not ``<5 mm`` or ``a < b``."""


def bounded_document(document: str, limit_chars: int = LONGEST_DOCUMENT_CHARS) -> str:
    """The end of the document, from a whole word on, and a mark where something was left out."""
    if len(document) <= limit_chars:
        return document
    end = document[-limit_chars:]
    if not document[-limit_chars - 1].isspace():
        rest_of_word, space, whole = end.partition(" ")
        end = whole if space and len(rest_of_word) < 50 else end
    return f"{CUT_MARK}\n{end}"


def framed(text: str) -> str:
    """``text`` with no tag and no control token in it: a space goes between ``<`` and what follows, so that
    it can neither close its frame nor pose as another turn."""
    return _TAG.sub("< ", text)


def chat_text(question: Question, document_chars: int = LONGEST_DOCUMENT_CHARS) -> str:
    """The text of one user turn: the dictation, marked as such, then the question."""
    asked = framed(question.text)
    if not question.document:
        return asked
    document = framed(bounded_document(question.document, document_chars))
    return f"The clinician has dictated so far:\n<dictation>\n{document}\n</dictation>\n\nQuestion: {asked}"


def chat_content(
    question: Question, *, sees_images: bool, document_chars: int = LONGEST_DOCUMENT_CHARS
) -> list[dict[str, Any]]:
    """The content parts of one user turn in OpenAI's form: what is attached, images as data URIs, then the
    text."""
    text = chat_text(question, document_chars)
    if not sees_images:
        if question.images:
            text = f"{UNSEEN_IMAGES}\n\n{text}"
        return [{"type": "text", "text": text}]
    return [*map(_part, question.pieces), {"type": "text", "text": text}]


def _part(piece: Piece) -> dict[str, Any]:
    match piece:
        case TextPiece(text):
            return {"type": "text", "text": text}
        case ImagePiece(image):
            url = f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"
            return {"type": "image_url", "image_url": {"url": url}}
        case _:
            assert_never(piece)


FEW_SHOTS = (
    ("What is the capital of France?", "The capital of France is Paris."),
    ("How many chambers does the heart have?", "The heart has four chambers: two atria and two ventricles."),
)
BASE_MODEL_DOCUMENT_CHARS = 1_500
BASE_MODEL_QUESTION_CHARS = 2_000


def completion_text(question: Question) -> str:
    """For a base model without a chat template: questions and answers to be continued. Document and question
    are one line each, so that neither can pose as a further question."""
    lines = [f"Question: {q}\nAnswer: {a}\n" for q, a in FEW_SHOTS]
    if question.document:
        lines.append(f"Report: {_one_line(bounded_document(question.document, BASE_MODEL_DOCUMENT_CHARS))}\n")
    asked = _one_line(bounded_document(question.text, BASE_MODEL_QUESTION_CHARS))
    return "\n".join([*lines, f"Question: {asked}\nAnswer:"])


def _one_line(text: str) -> str:
    return framed(" ".join(text.split()))
