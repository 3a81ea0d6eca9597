"""The report in a conversation: what is said, pressed and typed, and the events that tell of it."""

import pytest

from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    AnswerRequested,
    BeginReport,
    ImageAttached,
    IntentCorrected,
    LibraryLoaded,
    ReportCommanded,
    ReportOf,
    StyleChosen,
)
from assistant.dictation.formatter import Formatter
from assistant.dictation.library import read_library
from assistant.events import (
    NO_ORDER,
    NOBODY,
    Attachment,
    CommandDone,
    DocumentChanged,
    DocumentCommand,
    ErrorEvent,
    IntentEvent,
    LibraryRead,
    Order,
    Patient,
)
from tests.conversation.talk import INFO, final, of

LIBRARY = read_library(
    {
        "t.yaml": "name: Chest\nsections:\n- {title: Findings, text: '[lungs: clear | hazy]'}\n"
        "- {title: Impression}",
        "m.yaml": "macros: [{name: normal heart, section: Findings, text: The heart is normal.}]",
        "bad.yaml": "name: [",
    }
)


PICTURE = Attachment(id="img_1", name="x.png", media_type="image/png", width_px=1, height_px=1, url="/x")


def talk(*said):
    conversation = Conversation(INFO)
    conversation.handle(LibraryLoaded(Formatter(words={"zotran": "Zotran"}), LIBRARY))
    for number, text in enumerate(said, 1):
        conversation.handle(final(number, text))
    return conversation


def press(conversation, command, **arguments):
    return conversation.handle(ReportCommanded(DocumentCommand(command=command, event_id="e1", **arguments)))


def test_the_library_tells_what_can_be_said_and_what_is_wrong():
    (read,) = of(LibraryRead, Conversation(INFO).handle(LibraryLoaded(Formatter(), LIBRARY)))
    assert (read.templates, read.macros) == (["Chest"], ["normal heart"])
    assert "scratch that" in [each.say for each in read.commands]
    assert read.problems[0].startswith("bad.yaml: This is not YAML in line 1")


def test_a_spoken_command_is_done_and_told_and_no_text():
    conversation = talk("The lungs are clear.", "The heart is large.")
    actions = conversation.handle(final(3, "Scratch that."))
    (intent,), (done,) = of(IntentEvent, actions), of(CommandDone, actions)
    assert (intent.intent, intent.command) == ("command", "scratch")
    assert (done.item_id, done.message, done.failed) == ("utt_3", "Removed the last utterance.", False)
    assert conversation.document == "The lungs are clear."
    assert of(DocumentChanged, actions)[0].can_undo


def test_a_command_that_cannot_be_done_says_why_and_changes_nothing():
    conversation = talk("The lungs are clear.")
    actions = conversation.handle(final(2, "Replace liver with spleen."))
    (done,) = of(CommandDone, actions)
    assert (done.failed, done.message) == (True, "The report does not contain “liver”.")
    assert not of(DocumentChanged, actions)


def test_that_was_dictation_undoes_the_command_and_writes_the_words():
    conversation = talk("The lungs are clear.", "Scratch that.")
    conversation.handle(IntentCorrected("utt_2", "dictation"))
    assert conversation.document == "The lungs are clear. Scratch that."


def test_a_near_command_is_text_until_the_offer_is_taken():
    conversation = talk("The lungs are clear.", "The heart is large.")
    (intent,) = of(IntentEvent, conversation.handle(final(3, "Scratched that.")))
    assert (intent.intent, intent.nearly) == ("dictation", "scratch that")
    actions = conversation.handle(IntentCorrected("utt_3", "command"))
    assert (of(CommandDone, actions)[0].command, of(CommandDone, actions)[0].changed) == ("scratch", True)
    assert conversation.document == "The lungs are clear."
    (error,) = of(ErrorEvent, conversation.handle(IntentCorrected("utt_1", "command")))
    assert error.error.code == "not_a_command"


def test_help_is_a_command_and_the_words_of_the_clinician_are_written():
    conversation = talk("zotran daily")
    assert conversation.document == "Zotran daily"
    (listed,) = of(CommandDone, conversation.handle(final(2, "What can I say?")))
    assert (listed.command, listed.changed) == ("help", False)


def test_buttons_do_what_they_say():
    conversation = talk()
    assert of(CommandDone, press(conversation, "new_report", name="Chest"))
    changed = of(
        DocumentChanged, press(conversation, "choose", section_id="findings", offset=1, text="clear")
    )
    assert changed[0].sections[0].runs[0].text == "clear"
    press(conversation, "insert_macro", name="normal heart")
    press(conversation, "go_to", section_id="impression")
    press(conversation, "insert_text", text="Pneumonia.", origin="answer")
    assert conversation.document == "Findings:\nclear The heart is normal.\n\nImpression:\nPneumonia."
    assert conversation.dictation.document.section("impression").runs[0].origin == "answer"
    for _ in range(4):
        press(conversation, "undo")
    assert conversation.document == ""
    press(conversation, "redo")
    assert conversation.dictation.document.template == "Chest"


def sections_of(conversation):
    return [(section.title, section.text) for section in conversation.dictation.document.sections]


def test_a_template_that_is_spoken_takes_no_words_from_a_report_that_has_some():
    conversation = talk("Findings colon the lungs are clear.")
    before = sections_of(conversation)
    (done,) = of(CommandDone, conversation.handle(final(2, "Use template chest.")))
    assert "Added the sections of Chest" in done.message and not done.failed
    assert sections_of(conversation) == [*before, ("Impression", "")]
    press(conversation, "undo")
    assert sections_of(conversation) == before
    conversation = talk()
    conversation.handle(final(4, "Use template chest."))  # nothing to lose: it is the template as it is
    assert [title for title, _ in sections_of(conversation)] == ["Findings", "Impression"]
    conversation.handle(final(5, "Use template chest."))  # nor is a template's own text
    assert len(conversation.dictation.document.sections) == 2


@pytest.mark.parametrize(
    "fact",
    [
        final(1, "The lungs are clear."),
        ReportOf(Patient(name="Maria Muster"), NO_ORDER, None),
        ReportOf(NOBODY, Order(accession="A-77"), None),
        ImageAttached(PICTURE),
        AnswerRequested("e1", text="What is seen?"),
    ],
    ids=["words", "patient", "order", "picture", "question"],
)
def test_new_report_takes_nothing_from_a_report_that_is_of_something(fact):
    """It is left as it is; another one begins in another session."""
    conversation = talk()
    conversation.handle(fact)
    before = (sections_of(conversation), conversation.described, conversation.attachment_ids)
    actions = conversation.handle(final(2, "New report."))
    assert BeginReport(item_id="utt_2") in actions and not of(CommandDone, actions)
    assert of(IntentEvent, actions)[0].command == "new_report"
    assert (sections_of(conversation), conversation.described, conversation.attachment_ids) == before


def test_a_template_is_chosen_in_the_report_while_it_has_no_words_and_begins_another_after():
    conversation = talk()
    conversation.handle(ReportOf(Patient(name="Maria Muster"), NO_ORDER, None))
    assert of(DocumentChanged, press(conversation, "new_report", name="chest")), "of the same patient"
    conversation.handle(final(1, "The lungs are clear."))
    before = sections_of(conversation)
    assert press(conversation, "new_report", name="chest") == [BeginReport("Chest", event_id="e1")]
    assert press(conversation, "new_report") == [BeginReport(event_id="e1")]
    assert of(ErrorEvent, press(conversation, "new_report", name="Skull"))[0].error.code == "template_unknown"
    assert sections_of(conversation) == before
    blank = talk()
    assert of(CommandDone, blank.handle(final(1, "New report."))), "nothing to leave"


def test_the_button_that_inserts_a_template_fills_what_is_empty_and_goes_to_its_first_field():
    conversation = talk("The lungs are clear.", "Findings colon")
    press(conversation, "insert_template", name="Chest")
    document = conversation.dictation.document
    titles = [section.title for section in document.sections]
    assert titles == ["", "Findings", "Impression"]
    assert document.sections[0].text == "The lungs are clear."
    ((place, _),) = document.fields()
    assert (place.section_id, document.selected) == ("findings", (place,))
    (error,) = of(ErrorEvent, press(conversation, "insert_template", name="Skull"))
    assert error.error.code == "template_unknown"


def test_a_lost_report_is_put_back_section_by_section():
    conversation = talk()
    for name, text in [("", "Chest."), ("CT findings", "Clear."), ("Impression", ""), ("CT findings", "")]:
        press(conversation, "insert_text", name=name, text=text)
    assert [(s.title, s.text) for s in conversation.dictation.document.sections] == [
        ("", "Chest."), ("CT findings", "Clear."), ("Impression", "")
    ]  # fmt: skip
    conversation.handle(final(1, "No effusion."))
    assert conversation.dictation.document.section("ct_findings").text == "Clear. No effusion."
    for text, origin in [("Seen. ", "typed"), ("Likely benign", "answer"), (".", "typed")]:
        press(conversation, "insert_text", name="Impression", text=text, origin=origin)
    runs = conversation.dictation.document.section("impression").runs
    assert [(run.text, run.origin) for run in runs] == [
        ("Seen. ", "typed"), ("Likely benign", "answer"), (".", "typed")
    ]  # fmt: skip


def test_a_button_that_cannot_work_is_an_error_event():
    conversation = talk()
    for command, arguments, code in [
        ("undo", {}, "nothing_to_undo"),
        ("go_to", {"section_id": "plan"}, "section_unknown"),
        ("new_report", {"name": "Skull"}, "template_unknown"),
        ("insert_macro", {"name": "abnormal"}, "macro_unknown"),
        ("next_field", {}, "no_field"),
        ("place_cursor", {"section_id": "text", "offset": 9}, "range_invalid"),
        ("choose", {"section_id": "text", "offset": 0}, "no_field"),
    ]:
        (error,) = of(ErrorEvent, press(conversation, command, **arguments))
        assert (error.error.code, error.error.event_id) == (code, "e1")


def test_a_session_has_its_own_house_style_also_after_the_files_were_read_again():
    conversation = talk()
    conversation.handle(StyleChosen({"cranial_nerves": "arabic", "units": "as_dictated"}))
    conversation.handle(LibraryLoaded(Formatter(words={"foo": "Bar"}), LIBRARY))
    conversation.handle(final(1, "cranial nerve seven is intact foo five milligrams"))
    assert conversation.dictation.document.text == "Cranial nerve 7 is intact Bar 5 milligrams"
