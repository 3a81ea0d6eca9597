"""The intent of the last utterance, corrected aloud; and training with what was corrected."""

from pathlib import Path

import pytest

from assistant.errors import AssistantError, BadInput
from assistant.intents.classifier import Classifier
from assistant.intents.corrections import correction_of
from assistant.intents.training import DATA, read_lines, retrain
from assistant.storage import corrections


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("that was dictation", "dictation"),
        ("That was dictation.", "dictation"),
        ("No, that was dictation {period}", "dictation"),
        ("that was not a question", "dictation"),
        ("that was a question", "question"),
        ("That is a question, please.", "question"),
        ("that was a question of timing", None),
        ("that was a difficult dictation", None),
    ],
)
def test_a_correction_is_the_whole_utterance(said: str, meant: str | None) -> None:
    assert correction_of(said) == meant


def test_corrections_are_appended_for_their_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "corrections.tsv"
    corrections.add(file, "find a match\nfor transplant", "dictation")
    corrections.add(file, 'the "tab"\tsign', "question")
    assert file.read_text().splitlines() == [
        "label\ttext",
        "dictation\tfind a match for transplant",
        'question\tthe "tab" sign',
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [line.asks for line in read_lines(file)] == [False, True]


def test_a_file_that_cannot_be_written_is_an_error_without_what_was_said(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="could not be added") as caught:
        corrections.add(tmp_path / "none" / "corrections.tsv", "secret words", "question")
    assert caught.value.code == "corrections_not_kept"
    assert "secret" not in caught.value.message


def test_retraining_learns_what_was_corrected(tmp_path: Path) -> None:
    said = "find a match for transplant"
    assert Classifier()(said) > 0.7
    own, out = tmp_path / "own.tsv", tmp_path / "own.npz"
    for text in (said, "find a match for the bone marrow", "the lungs are clear"):
        corrections.add(own, text, "dictation")
    lines = DATA.read_text().splitlines(keepends=True)
    some = tmp_path / "some.tsv"  # a fifth of the data: the test is quick
    some.write_text("".join([lines[0], *lines[1::5]]))
    assert retrain([own], out, threshold=0.7, data=some) == (2, 3)
    assert Classifier(out)(said) < 0.5
    assert Classifier(out)("show me the mass") > 0.7


def test_files_that_are_no_corrections_or_no_model_say_so(tmp_path: Path) -> None:
    bad = tmp_path / "bad.tsv"
    bad.write_text("some\tthing\na\tb\n")
    with pytest.raises(BadInput, match="label and a text"):
        read_lines(bad)
    with pytest.raises(BadInput, match="no intent model"):
        Classifier(bad)
