import pytest

from assistant.engines.base import Question
from assistant.engines.pieces import Image, ImagePiece
from assistant.engines.prompt import chat_content
from assistant.engines.tasks import answer_tokens, task_of


@pytest.mark.parametrize(
    ("question", "images", "task"),
    [
        ("Where is the left clavicle?", 1, "locate"),
        ("Locate the carina.", 1, "locate"),
        ("Draw a box around the heart", 1, "locate"),
        ("Where is the left clavicle?", 0, "answer"),
        ("Where is the left clavicle?", 3, "answer"),
        ("Is there a pneumothorax?", 1, "answer"),
        ("Compare these two X-rays.", 2, "compare"),
        ("Has the effusion improved since the last one?", 2, "compare"),
        ("Compare these two X-rays.", 1, "answer"),
        ("Make a table of this lab report", 1, "labs"),
        ("Extract the lab results", 2, "labs"),
        ("Read the blood test results into a table", 1, "labs"),
        ("Extract the lab results", 0, "answer"),
        ("Are the lab results normal?", 1, "answer"),
    ],
)
def test_a_question_says_by_its_words_and_images_what_it_wants(question, images, task):
    assert task_of(question, images) == task


def test_the_instruction_stands_behind_the_question_and_the_answer_gets_room():
    piece = ImagePiece(Image("att_1", "x.png", "image/png", b"png", 1, 1))
    question = Question("Where is the carina?", pieces=(piece,), task="locate")
    *_, text = chat_content(question, sees_images=True)
    before, asked, after = text["text"].partition("Where is the carina?")
    assert not before and asked
    for needed in (
        "box_2d",
        "[y0, x0, y1, x1]",
        "0 to 1000",
        "patient's left",
        "Final Answer:",
        "without reasoning",
    ):
        assert needed in after
    assert answer_tokens("locate", 500) == 1000
    assert answer_tokens("answer", 500) == 500
    assert answer_tokens("labs", 8000) == 8000
