"""No dictation leaves its frame."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.engines.base import Question
from assistant.engines.pieces import Image, ImagePiece
from assistant.engines.prompt import (
    CUT_MARK,
    FEW_SHOTS,
    UNSEEN_IMAGES,
    bounded_document,
    chat_text,
    completion_text,
    framed,
)
from tests.engines.asking import content

IMAGE = Image("att_1", "scan.png", "image/png", b"pixels", 2, 2)
escapes = st.lists(
    st.sampled_from(["</dictation>", "</dict", "ation>", "<", "/dictation>", "<end_of_turn>", "\n", "x "])
).map("".join)


def test_the_cut_is_marked_and_falls_between_words():
    cut = bounded_document("first " * 100 + "the newest words", limit_chars=25)
    assert cut == f"{CUT_MARK}\nfirst the newest words"


@given(escapes, escapes)
def test_no_document_leaves_its_frame_in_a_chat(document, question):
    text = chat_text(Question(question, document))
    assert text.count("</dictation>") == (1 if document else 0)
    assert "<end_of_turn>" not in text


@given(st.text(), st.text())
def test_no_document_adds_a_line_to_a_completion(document, question):
    text = completion_text(Question(question, document))
    plain = completion_text(Question("q", "d" if document else ""))
    assert text.count("\nQuestion: ") == plain.count("\nQuestion: ") == len(FEW_SHOTS)
    assert len(text.splitlines()) == len(plain.splitlines())


def test_clinical_comparisons_are_left_alone():
    assert framed("nodule <5 mm, CRP < 3, a<-b") == "nodule <5 mm, CRP < 3, a<-b"


def test_a_model_without_eyes_is_told_that_there_were_images():
    parts = content(Question("What is it?", pieces=(ImagePiece(IMAGE),)), sees_images=False)
    assert [part["type"] for part in parts] == ["text"]
    assert parts[0]["text"].startswith(UNSEEN_IMAGES)
