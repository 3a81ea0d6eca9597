"""Dictation, voice commands and hand edits on the real report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.components.personal import PersonalFiles
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import LONGEST_RUN, Range, Run, Section
from assistant.dictation.editor import difference, text_difference
from assistant.errors import BadInput

PERSONAL = PersonalFiles()


class Speaker:
    """Says utterances as a session would take them."""

    def __init__(self, *utterances):
        self.dictation = Dictation(library=PERSONAL.current.library)
        self.count = 0
        self.say(*utterances)

    def say(self, *utterances):
        for words in utterances:
            self.count += 1
            item_id = f"utt_{self.count}"
            self.dictation.heard(item_id)
            command = self.dictation.understand(words)
            self.obeyed = command is not None
            if command:
                self.outcome = self.dictation.obey(item_id, command)
            else:
                self.dictation.take(item_id, words)
        return self

    @property
    def text(self):
        return self.dictation.document.text


LUNGS, HEART = "The lungs are clear.", "The heart is normal."


def test_utterances_follow_each_other_with_one_space_and_go_on_in_a_sentence():
    assert Speaker(LUNGS, HEART).text == f"{LUNGS} {HEART}"
    assert Speaker("the lungs are clear", "period", "no effusion").text == "The lungs are clear. No effusion"
    assert (
        Speaker("There is a nodule", "In the right upper lobe.").text
        == "There is a nodule in the right upper lobe."
    )
    assert Speaker("a nodule", "comma four millimeters").text == "A nodule, 4 mm"
    assert Speaker(LUNGS, "new paragraph", HEART).text == f"{LUNGS}\n\n{HEART}"


@pytest.mark.parametrize(
    "said",
    [
        ["findings colon the lungs are clear period impression colon no acute disease period"],
        ["Findings, colon, the lungs are clear, period. Impression. Colon. No acute disease, period."],
        ["[FINDINGS] {colon} The lungs are clear {period} [IMPRESSION] {colon} No acute disease {period}"],
        ["Findings: the lungs are clear.", "Go to impression.", "No acute disease."],
        ["Impression:", "No acute disease.", "Findings:", "The lungs are clear."],
    ],
)
def test_section_names_open_their_section(said):
    sections = {s.title: s.text for s in Speaker(*said).dictation.document.sections}
    assert sections == {"Findings": LUNGS, "Impression": "No acute disease."}


def test_a_section_name_within_a_sentence_is_text():
    said = "The [DIAGNOSES] includes cholecystitis {period} the plan colon is not a section"
    document = Speaker(said).dictation.document
    assert [section.title for section in document.sections] == [""]
    assert "diagnoses includes" in document.text


@pytest.mark.parametrize(
    ("commands", "text"),
    [
        (["scratch that"], LUNGS),
        (["Scratch that.", "scratch that"], ""),
        (["scratch that", "undo"], f"{LUNGS} {HEART}"),
        (["undo", "undo", "redo"], LUNGS),
        (["delete last word"], f"{LUNGS} The heart is"),
        (["delete last two words"], f"{LUNGS} The heart"),
        (["Delete the last sentence."], LUNGS),
        (["delete last line"], ""),
        (["new paragraph", "No effusion.", "delete last paragraph"], f"{LUNGS} {HEART}"),
        (["clear everything"], ""),
        (["clear everything", "undo that"], f"{LUNGS} {HEART}"),
        (["replace normal with enlarged"], f"{LUNGS} The heart is enlarged."),
        (["Replace the heart with cardiac silhouette."], f"{LUNGS} Cardiac silhouette is normal."),
        (["select normal", "enlarged"], f"{LUNGS} The heart is enlarged."),
        (["select normal", "delete that"], f"{LUNGS} The heart is."),
        (["select lungs through heart", "chest"], "The chest is normal."),
        (["select that", "delete that"], LUNGS),
        (["select the last sentence", "No effusion."], f"{LUNGS} No effusion."),
        (["correct normal to enlarged"], f"{LUNGS} The heart is enlarged."),
        (["correct normal", "enlarged"], f"{LUNGS} The heart is enlarged."),
        (["insert before heart", "enlarged"], f"{LUNGS} The enlarged heart is normal."),
        (["insert after lungs", "and pleura"], f"The lungs and pleura are clear. {HEART}"),
        (["all caps normal"], f"{LUNGS} The heart is NORMAL."),
        (["all caps that"], f"{LUNGS} THE HEART IS NORMAL."),
        (["cap heart"], f"{LUNGS} The Heart is normal."),
        (["all caps that", "no caps that"], f"{LUNGS} the heart is normal."),
        (["bullet point", "no effusion", "next bullet", "no edema"],
         f"{LUNGS} {HEART}\n- No effusion\n- No edema"),
        (["numbered list", "no effusion", "next number", "no edema", "end list", "Stable."],
         f"{LUNGS} {HEART}\n1. No effusion\n2. No edema\nStable."),
        (["new line", "Stable."], f"{LUNGS} {HEART}\nStable."),
        (["go to top", "Chest."], f"Chest. {LUNGS} {HEART}"),
        (["go to top", "go to the end", "Stable."], f"{LUNGS} {HEART} Stable."),
        (["insert normal heart"], f"{LUNGS} {HEART} The heart is normal in size."),
        (["insert normal chest", "scratch that"], f"{LUNGS} {HEART}"),
        (["literal scratch that"], f"{LUNGS} {HEART} Scratch that"),
        (["the literal period is short"], f"{LUNGS} {HEART} The period is short"),
        (["we will scratch that plan"], f"{LUNGS} {HEART} We will scratch that plan"),
        (["insert a Foley catheter"], f"{LUNGS} {HEART} Insert a Foley catheter"),
        (["correct hypokalemia"], f"{LUNGS} {HEART} Correct hypokalemia"),
    ],
)  # fmt: skip
def test_a_command_changes_the_report(commands, text):
    assert Speaker(LUNGS, HEART).say(*commands).text == text


def test_undo_goes_back_over_everything_and_redo_forward_again():
    speaker = Speaker(LUNGS, HEART, "replace normal with enlarged", "insert normal lungs", "scratch that")
    whole = speaker.text
    speaker.say(*["undo"] * 5)
    assert speaker.text == ""
    with pytest.raises(BadInput, match="nothing to undo"):
        speaker.say("undo")
    speaker.say(*["redo"] * 5)
    assert speaker.text == whole


def test_fields_are_visited_filled_and_chosen_from():
    speaker = Speaker("use template chest x-ray")
    assert speaker.dictation.document.template == "Chest X-ray"
    speaker.say("AP portable.", "next field", "shortness of breath period", "next field", "none")
    sections = {s.title: s.text for s in speaker.dictation.document.sections}
    assert sections["Exam"] == "Chest X-ray, AP portable."
    assert sections["Indication"] == "Shortness of breath."
    assert sections["Comparison"] == "None."
    with pytest.raises(BadInput, match="All fields are filled"):
        speaker.say("next field")
    speaker.say("go to findings", "insert normal chest", "go to impression", "no acute disease period")
    sections = {s.title: s.text for s in speaker.dictation.document.sections}
    assert sections["Findings"].startswith("The lungs are clear.")
    assert sections["Impression"] == "No acute disease."


def test_a_previous_field_is_found_and_a_filled_one_is_none():
    speaker = Speaker("use template soap progress note", "next field", "previous field")
    document = speaker.dictation.document
    assert document.selected == (Range("subjective", 0, len("[subjective]")),)
    speaker.say("Feels well.")
    assert len(speaker.dictation.document.fields()) == len(document.fields()) - 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("undo", "nothing_to_undo"),
        ("redo", "nothing_to_redo"),
        ("scratch that", "nothing_to_scratch"),
        ("delete last word", "nothing_there"),
        ("clear everything", "report_empty"),
        ("select effusion", "words_not_found"),
        ("replace left with right", "words_not_found"),
        ("next field", "no_field"),
        ("next section", "no_section"),
        ("read that back", "report_empty"),
        ("use template chest of drawers", "template_unknown"),
        ("cap that", "nothing_said"),
    ],
)
def test_a_command_on_an_empty_report_says_what_is_wrong(command, code):
    speaker = Speaker()
    with pytest.raises(BadInput) as error:
        speaker.say(command)
    assert error.value.code == code
    assert speaker.dictation.document.is_empty


def test_read_back_gives_the_last_paragraph_or_what_is_named():
    speaker = Speaker(LUNGS, "new paragraph", HEART, "No effusion.")
    assert speaker.say("read that back").outcome.text == f"{HEART} No effusion."
    assert speaker.say("read back the last sentence").outcome.text == "No effusion."
    assert speaker.say("read the report").outcome.text == speaker.text


def test_what_is_nearly_a_command_is_text_and_offered():
    speaker = Speaker(LUNGS, "scratched that")
    assert speaker.text == f"{LUNGS} Scratched that"
    assert speaker.dictation.nearly("Scratched that.") == "scratch that"
    assert speaker.dictation.nearly("go to depression") == "go to impression"
    assert speaker.dictation.nearly("No pleural effusion.") is None


def test_a_mistaken_command_is_undone_and_its_words_put_back():
    speaker = Speaker(LUNGS, HEART, "delete that")
    speaker.dictation.put_back("utt_3", "delete that")
    assert speaker.text == f"{LUNGS} {HEART} Delete that"


def test_an_utterance_taken_out_goes_back_where_it_was():
    speaker = Speaker(LUNGS, HEART, "No effusion.")
    speaker.dictation.take_out("utt_2")
    assert speaker.text == f"{LUNGS} No effusion."
    speaker.dictation.put_back("utt_2", HEART)
    assert speaker.text == f"{LUNGS} {HEART} No effusion."
    speaker.say("Stable.")
    assert speaker.text.endswith("No effusion. Stable.")


def test_scratch_that_takes_hand_edits_of_the_utterance_with_it():
    speaker = Speaker(LUNGS, HEART)
    editor = speaker.dictation.editor
    at = speaker.text.index("normal")
    editor.edit(editor.document.revision, Range("text", at, at + 6), "enlarged")
    assert speaker.text == f"{LUNGS} The heart is enlarged."
    assert speaker.say("scratch that").text == LUNGS


def test_typing_on_is_one_step_of_undo_per_word():
    dictation = Dictation()
    for n, letter in enumerate("no edema"):
        dictation.editor.edit(dictation.document.revision, Range("text", n, n), letter)
    dictation.undo()
    assert dictation.document.text == "no"
    dictation.redo()
    assert dictation.document.text == "no edema"


def test_an_edit_against_a_revision_that_is_gone_is_refused():
    dictation = Dictation()
    for n in range(600):
        dictation.take(f"utt_{n}", "word")
    text = dictation.document.text
    with pytest.raises(BadInput) as error:
        dictation.editor.edit(3, Range("text", 0, 0), "lost?")
    assert error.value.code == "edit_too_old"
    assert dictation.document.text == text


@given(st.text("ab ", max_size=12), st.text("ab ", max_size=12))
def test_a_difference_is_one_place_and_gives_the_new_text(old, new):
    start, old_end, new_end = text_difference(old, new)
    assert old[:start] + new[start:new_end] + old[old_end:] == new
    assert old[:start] + old[old_end:] == new[:start] + new[new_end:]


RUN = st.builds(Run, st.text("ab ", min_size=1, max_size=3), st.sampled_from(["utt_1", "utt_2"]))
RUNS = st.lists(RUN, max_size=6)


@given(RUNS, RUNS)
def test_a_difference_of_sections_is_one_place_and_gives_the_new_text(before, after):
    old, new = Section("text", "", tuple(before)), Section("text", "", tuple(after))
    start, old_end, new_end = difference(old, new)
    assert old.text[:start] + new.text[start:new_end] + old.text[old_end:] == new.text
    assert old.text[:start] + old.text[old_end:] == new.text[:start] + new.text[new_end:]


def test_what_is_typed_stands_in_runs_of_a_bounded_length():
    """Else every version of a long text would be a copy of it."""
    dictation = Dictation()
    typed = ""
    for n in range(300):
        piece = f"{n} word " * 5
        dictation.editor.edit(n, Range("text", len(typed), len(typed)), piece)
        typed += piece
    (section,) = dictation.document.sections
    assert section.text == typed
    assert max(len(run.text) for run in section.runs) <= LONGEST_RUN
    assert len(section.runs) <= 2 * len(typed) // LONGEST_RUN + 1


SAYINGS = [
    *(
        LUNGS,
        HEART,
        "period",
        "new paragraph",
        "findings colon",
        "scratch that",
        "undo",
        "redo",
        "next bullet",
    ),
    *(
        "replace normal with large",
        "go to impression",
        "go to top",
        "delete last word",
        "insert normal chest",
    ),
    *("select heart", "insert before lungs", "use template chest x-ray", "next field", "all caps that"),
]


@given(st.lists(st.sampled_from(SAYINGS), max_size=14))
def test_whatever_is_said_undo_leads_back_to_the_start_and_redo_to_the_end(sayings):
    speaker = Speaker()
    for words in sayings:
        try:
            speaker.say(words)
        except BadInput:
            continue
        document = speaker.dictation.document
        section = document.section(document.cursor.section_id)
        assert 0 <= document.cursor.offset <= len(section.text)
        assert "  " not in document.text.replace("\n", "x")
    last = speaker.dictation.document
    steps = 0
    while speaker.dictation.editor.undo():
        steps += 1
    assert speaker.dictation.document.is_empty
    redone = 0
    while speaker.dictation.editor.redo():
        redone += 1
    assert redone >= steps
    assert last.sections == speaker.dictation.document.sections or "undo" in sayings
