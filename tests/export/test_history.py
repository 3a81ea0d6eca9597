"""A report out of a session's events."""

from datetime import UTC, datetime

import pytest

from assistant.errors import BadInput
from assistant.events import (
    DocumentChanged,
    DurationUsage,
    EngineDescription,
    IntentEvent,
    ItemEdited,
    OutputTextDone,
    PositionPart,
    ResponseBody,
    ResponseCreated,
    ResponseDone,
    RunPart,
    SectionPart,
    TranscriptCompleted,
    TranscriptWords,
    WordTime,
)
from assistant.export.history import SessionInfo, report_from

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SESSION = SessionInfo("sess_1", datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "lasr-mini")


def heard(item_id, text, intent="dictation", written=None):
    return [
        TranscriptCompleted(
            item_id=item_id, transcript=text, usage=DurationUsage(seconds=1), start_ms=0, end_ms=1_000, at="t"
        ),
        IntentEvent(item_id=item_id, intent=intent, confidence=1, reason="", text=written or text),
    ]


def revision(number, *runs):
    parts = [RunPart(text=text, origin="voice") for text in runs]
    return DocumentChanged(
        revision=number,
        sections=[SectionPart(id="findings", title="Findings", runs=parts)],
        cursor=PositionPart(section_id="findings", offset=0),
        template="Chest X-ray",
    )


def answered(text, status="completed"):
    engine = EngineDescription(name="stand-in", stand_in=True, sees_images=False)
    return [
        ResponseCreated(
            response=ResponseBody(id="resp_1", status="in_progress"),
            question="Is it?",
            question_item_id="utt_2",
            engine=engine,
        ),
        OutputTextDone(response_id="resp_1", item_id="a", text=text),
        ResponseDone(response=ResponseBody(id="resp_1", status=status)),
    ]


def made(*events, **options):
    return report_from(events, SESSION, NOW, **options)


def test_a_session_in_which_nothing_happened_is_an_empty_report():
    report = made()
    assert (report.sections, report.utterances, report.answers, report.revision) == ((), (), (), 0)
    assert (report.session_id, report.recogniser, report.exported_at) == ("sess_1", "lasr-mini", NOW)


def test_the_newest_revision_is_the_report():
    report = made(revision(1, "A."), revision(2, "A. ", "B."))
    assert [(s.title, s.text) for s in report.sections] == [("Findings", "A. B.")]
    assert (report.revision, report.template) == (2, "Chest X-ray")


def test_an_earlier_revision_comes_with_what_was_said_until_then():
    events = [*heard("utt_1", "a"), revision(1, "A."), *heard("utt_2", "b"), revision(2, "A. B.")]
    report = made(*events, revision=1)
    assert report.sections[0].text == "A."
    assert [utterance.item_id for utterance in report.utterances] == ["utt_1"]
    with pytest.raises(BadInput) as caught:
        made(*events, revision=3)
    assert caught.value.code == "revision_unknown"


def test_what_was_heard_stands_beside_what_was_written():
    words = [WordTime(text="four", start_ms=0, end_ms=200, confidence=0.9)]
    first, taken = heard("utt_1", "four period", written="4.")
    (utterance,) = made(first, TranscriptWords(item_id="utt_1", words=words), taken).utterances
    assert (utterance.heard, utterance.written, utterance.words) == ("four period", "4.", tuple(words))
    (edited,) = made(first, taken, ItemEdited(item_id="utt_1", text="5.")).utterances
    assert (edited.heard, edited.written) == ("four period", "5.")


def test_questions_and_commands_are_no_dictation_and_a_correction_counts():
    events = [*heard("utt_1", "is it", "question"), *heard("utt_2", "stop", "command"), *heard("utt_3", "")]
    assert made(*events).utterances == ()
    corrected = IntentEvent(
        item_id="utt_1", intent="dictation", confidence=1, reason="", text="Is it", corrected=True
    )
    assert [utterance.written for utterance in made(*events, corrected).utterances] == ["Is it"]


def test_of_a_mixed_utterance_only_the_dictated_part_is_an_utterance():
    said = "the lungs are clear is there a nodule no effusion"
    words = [
        WordTime(text=word, start_ms=100 * i, end_ms=100 * i + 100) for i, word in enumerate(said.split())
    ]
    completed, _ = heard("utt_1", said)

    def taken(item_id, intent, text, part_of=None):
        return IntentEvent(
            item_id=item_id, intent=intent, confidence=1, reason="", text=text, part_of=part_of
        )

    report = made(
        completed,
        TranscriptWords(item_id="utt_1", words=words),
        taken("utt_1", "dictation", "The lungs are clear."),
        taken("utt_1_2", "question", "is there a nodule", "utt_1"),
        taken("utt_1_3", "dictation", "No effusion.", "utt_1"),
    )
    assert [(u.item_id, u.heard, u.start_ms, u.end_ms) for u in report.utterances] == [
        ("utt_1", "the lungs are clear", 0, 400),
        ("utt_1_3", "no effusion", 800, 1_000),
    ]


def test_answers_stand_beside_the_report_with_how_they_ended():
    (answer,) = made(*answered("No.", "cancelled")).answers
    assert (answer.question, answer.answer, answer.engine, answer.status) == (
        "Is it?", "No.", "stand-in", "cancelled",
    )  # fmt: skip
