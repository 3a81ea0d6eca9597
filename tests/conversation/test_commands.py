"""The table of voice commands: what it understands is obeyed or refused in words, and never becomes text."""

import csv
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    AnswerRequested,
    BeginReport,
    FinalHeard,
    IntentCorrected,
    LibraryLoaded,
    QuestionTyped,
)
from assistant.dictation.commands import HELP, ROW, TABLE, Refused
from assistant.dictation.formatter import Formatter
from assistant.dictation.grammar import COMMON, PHRASES
from assistant.dictation.library import read_library
from assistant.events import (
    AttentionChanged,
    CommandDone,
    CommandName,
    IntentEvent,
    ReportSigned,
    SpeechStop,
)
from tests.conversation.talk import INFO, attach, final, of

REPORT = "Small pleural effusion on the left. The lungs are clear."
LIBRARY = read_library(
    {
        "m.yaml": "macros: [{name: normal heart, text: The heart is normal.}]",
        "t.yaml": "name: Chest\nsections: [{title: Findings}]",
    }
)
ROWS = {
    row["text"]: row["label"]
    for row in csv.DictReader(
        (Path(__file__).parents[1] / "data/commands.tsv").read_text().splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
}
REFUSED = [row.name for row in TABLE if isinstance(row.does, Refused)]
SAID = {
    "copy": ["copy that", "Copy this.", "copy the report", "copy all", "copy the last sentence"],
    "print": ["print", "Print the report.", "print that", "please print this note"],
    "save": ["save", "save it", "Save the report.", "export the report", "export"],
    "sign": ["sign the report", "sign it", "finalize the report", "sign off", "submit the note"],
    "close": ["close the report", "close this note"],
    "cut": ["cut that", "cut the selection"],
    "paste": ["paste", "paste that", "paste it"],
    "emphasis": ["bold that", "underline that", "italicize the last word", "underline the last sentence"],
}  # fmt: skip
"""Commands that used to be recognised and then written into the report."""


def talk() -> Conversation:
    conversation = Conversation(INFO)
    conversation.handle(LibraryLoaded(Formatter(), LIBRARY))
    conversation.handle(final(1, REPORT))
    return conversation


def say(conversation, text, number=2):
    return conversation.handle(FinalHeard(number, text, (), 60_000, 62_000, "2026-01-01T10:01:00+00:00"))


def test_every_name_has_one_row():
    assert set(ROW) == set(get_args(CommandName))
    assert len(TABLE) == len(ROW)


def test_every_row_can_be_said_and_is_in_the_help_unless_refused_or_another_name():
    listed = {row.name for row in TABLE if row.help}
    assert all(row.exactly or row.pattern for row in TABLE)
    assert {row.name for row in TABLE} - listed == {*REFUSED, "pause", "resume"}
    assert {line for line in HELP if line[0] != "literal …"} == {row.help for row in TABLE if row.help}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
@settings(max_examples=30)
@given(data=st.data())
def test_whatever_the_grammar_takes_is_obeyed_or_refused_in_words(row, data):
    """Phrases are made from the table's own patterns, so that none of them is forgotten."""
    letters = st.characters(codec="ascii", categories=("Ll", "Nd"), include_characters=" '")
    kinds = [st.sampled_from(row.exactly)] if row.exactly else []
    if row.pattern:
        pattern = row.pattern.replace("<sections>", "findings").replace("<macros>", "normal heart")
        pattern = COMMON._compile(pattern)
        kinds.append(st.from_regex(pattern, fullmatch=True, alphabet=letters))
    said = data.draw(st.one_of(kinds))
    conversation = talk()
    command = conversation.dictation.understand(said)
    before = conversation.dictation.document
    actions = say(conversation, said)
    (taken,) = of(IntentEvent, actions)
    if command is None or command.said in ROW[command.name].also_dictated:
        return  # worded like dictation, and what it names is not in the report
    assert taken.intent == "command"
    assert taken.command in (command.name, ROW[command.name].does)
    done = of(CommandDone, actions)
    begins = any(isinstance(each, BeginReport) for each in actions)  # and this one stays as it is
    assert done or begins or of(AttentionChanged, actions) or ROW[command.name].does in ("sleep", "wake")
    assert all(each.message for each in done)
    if not any(each.changed for each in done):
        assert conversation.dictation.document.sections == before.sections


@pytest.mark.parametrize(("name", "said"), [(name, said) for name, many in SAID.items() for said in many])
def test_copy_print_save_sign_and_the_rest_leave_the_report_alone(name, said):
    conversation = talk()
    actions = say(conversation, said)
    (done,) = of(CommandDone, actions)
    assert (done.command, done.failed, done.changed) == (name, name in REFUSED, False)
    assert done.message.endswith(".")
    assert conversation.document == REPORT


@pytest.mark.parametrize("said", [text for text, label in ROWS.items() if label == "command"])
def test_the_recorded_commands_are_commands_in_the_conversation(said):
    conversation = Conversation(INFO)
    conversation.handle(LibraryLoaded(Formatter(), LIBRARY))
    conversation.handle(final(1, REPORT + " Hypokalemia. The heart is normal in size."))
    if conversation.dictation.understand(said) is not None:
        assert of(IntentEvent, say(conversation, said))[0].intent == "command"


def test_sign_the_report_signs_nothing_and_asks_for_a_confirmation():
    conversation = talk()
    actions = say(conversation, "Sign the report.")
    (done,) = of(CommandDone, actions)
    assert (done.command, done.failed) == ("sign", False)
    assert "confirm" in done.message
    assert of(ReportSigned, actions) == [] and not conversation.is_signed


def test_copy_gives_the_page_the_report_or_what_that_means():
    (done,) = of(CommandDone, say(talk(), "copy the report"))
    assert done.text == REPORT
    conversation = talk()
    say(conversation, "No effusion on the right.")
    (done,) = of(CommandDone, say(conversation, "copy that", 3))
    assert done.text == "No effusion on the right."
    say(conversation, "select lungs", 4)
    (done,) = of(CommandDone, say(conversation, "copy that", 5))
    assert done.text == "lungs"


@pytest.mark.parametrize("said", ["copy the report", "print the report", "save the report", "read that back"])
def test_of_an_empty_report_nothing_is_copied_printed_saved_or_read(said):
    (done,) = of(CommandDone, say(Conversation(INFO), said))
    assert done.failed
    assert "empty" in done.message


def test_stop_without_an_answer_is_refused_in_words_but_for_the_word_that_is_dictated():
    for number, said in enumerate(phrase for phrase, name in PHRASES.items() if name == "stop"):
        conversation = talk()
        actions = say(conversation, said, number + 2)
        if said == "stop":
            assert conversation.document == f"{REPORT} Stop"
            continue
        (done,) = of(CommandDone, actions)
        assert (done.failed, done.message) == (True, "No answer is running.")
        assert conversation.document == REPORT


def test_every_way_to_say_stop_stops_a_running_answer():
    for said in (phrase for phrase, name in PHRASES.items() if name == "stop"):
        conversation = talk()
        conversation.handle(QuestionTyped("What is gout?"))
        conversation.handle(AnswerRequested())
        actions = say(conversation, said)
        assert of(SpeechStop, actions) or not of(CommandDone, actions)[0].failed
        assert conversation.document == REPORT


@pytest.mark.parametrize("row", [row for row in TABLE if row.offered], ids=lambda row: row.name)
def test_what_is_offered_is_a_command_of_its_row_and_can_be_taken(row):
    for offered in row.offered:
        said = offered.replace("<sections>", "findings").replace("<macros>", "normal heart")
        conversation = talk()
        command = conversation.dictation.understand(said)
        assert command is not None
        assert command.name == row.name
        item = conversation.handle(final(2, "The heart is large."))
        conversation._utterances.get("utt_2").nearly = said
        actions = conversation.handle(IntentCorrected("utt_2", "command"))
        assert item
        assert of(CommandDone, actions)[0].command == row.name


def test_a_refused_command_can_be_made_text_again():
    conversation = talk()
    say(conversation, "Bold that.")
    conversation.handle(IntentCorrected("utt_2", "dictation"))
    assert conversation.document == f"{REPORT} Bold that."


@pytest.mark.parametrize(
    "said",
    [
        "Print out of the ECG was reviewed.",
        "Save for a small effusion, the study is normal.",
        "Sign of consolidation.",
        "Copy of the report was given to the patient.",
        "Paste applied to the wound.",
        "Close follow-up.",
        "Cut of the finger.",
        "Bold writing was noted.",
        "Underline.",
        "Silhouette sign.",
    ],
)
def test_dictation_that_has_words_of_these_commands_is_text(said):
    conversation = talk()
    attach(conversation)
    (taken,) = of(IntentEvent, say(conversation, said))
    assert taken.intent == "dictation"
    assert conversation.document == f"{REPORT} {said}"


@pytest.mark.parametrize("said", ["correct left", "select lungs"])
def test_what_is_offered_says_for_what_in_the_report(said):
    talk = Conversation(INFO)
    talk.handle(final(1, REPORT))
    (done,) = of(CommandDone, talk.handle(final(2, said)))
    text = talk.dictation.document.sections[0].text
    place = done.choices_for
    assert done.choices
    assert text[place.start : place.end] == said.split()[1]
    (done,) = of(CommandDone, talk.handle(final(3, "undo that")))
    assert done.choices_for is None
