"""How a question becomes what a model reads. Pure."""

from assistant.engines.base import Question

LONGEST_DOCUMENT_CHARS = 12_000
"""About 3,000 tokens. Of a longer dictation the end is kept: the newest is what is asked about."""


def bounded_document(document: str, limit_chars: int = LONGEST_DOCUMENT_CHARS) -> str:
    """The end of the document, and a mark where something was left out."""
    if len(document) <= limit_chars:
        return document
    return f"[the beginning was left out]\n{document[-limit_chars:]}"


def chat_text(question: Question) -> str:
    """The text of one user turn: the dictation, marked as such, then the question."""
    if not question.document:
        return question.text
    document = bounded_document(question.document).replace("</dictation>", "")
    return (
        f"The clinician has dictated so far:\n<dictation>\n{document}\n</dictation>\n\n"
        f"Question: {question.text}"
    )


FEW_SHOTS = (
    ("What is the capital of France?", "The capital of France is Paris."),
    ("How many chambers does the heart have?", "The heart has four chambers: two atria and two ventricles."),
)
BASE_MODEL_DOCUMENT_CHARS = 1_500


def completion_text(question: Question) -> str:
    """For a base model without a chat template: questions and answers to be continued."""
    lines = [f"Question: {q}\nAnswer: {a}\n" for q, a in FEW_SHOTS]
    if question.document:
        document = bounded_document(question.document, BASE_MODEL_DOCUMENT_CHARS).replace("\n", " ")
        lines.append(f"Report: {document}\n")
    return "\n".join([*lines, f"Question: {question.text}\nAnswer:"])
