from assistant.engines.base import Question
from assistant.engines.pieces import Image, ImagePiece
from assistant.engines.tasks import Comparison, answer_tokens, instruction
from tests.engines.asking import content


def test_the_instruction_stands_behind_the_question_and_the_answer_gets_room():
    piece = ImagePiece(Image("att_1", "x.png", "image/png", b"png", 1, 1))
    question = Question("Where is the carina?", pieces=(piece,), task="locate")
    *_, text = content(question, sees_images=True)
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


def test_two_images_are_compared_as_trained_and_several_with_their_places_in_time():
    two = Comparison((("a",), ("b",)))
    assert two.labels() == {}
    assert "the first is the prior study, the last the current one" in instruction("compare", two)
    views = Comparison((("a", "b"), ("c",)))
    assert views.labels() == {"a": "Study 1 of 2, the oldest:", "c": "Study 2 of 2, the current one:"}
    assert "compared with the prior study" in instruction("compare", views)
    three = Comparison((("a",), ("b",), ("c",)), since_first=True)
    assert three.labels()["b"] == "Study 2 of 3:"
    assert "compared with the first study" in instruction("compare", three)
    assert Comparison(three.exams).since == "the study before it"
