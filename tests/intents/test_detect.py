"""The intent rules: what is asked, what is dictated, and what is a command."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.dictation.grammar import PHRASES
from assistant.intents.classifier import MODEL
from assistant.intents.detect import Context, Decision, detect

AUTO = Context()

QUESTIONS = [
    "Is there a pneumothorax on this image?",
    "is there a pneumothorax on this image",
    "Are there any fractures?",
    "Does this patient need a CT?",
    "does the effusion look larger than before",
    "What is the differential for a cavitary lesion?",
    "what's the dose of enoxaparin in renal failure",
    "What does this opacity represent?",
    "What are the Fleischner criteria for a four millimeter nodule?",
    "Which antibiotic is first line for community acquired pneumonia?",
    "which lobe is affected",
    "How large is the nodule?",
    "how is acute appendicitis graded",
    "How many ribs are visible?",
    "Why is the left hemidiaphragm elevated?",
    "Can you compare this with the prior?",
    "could you summarize the report",
    "Could this be tuberculosis?",
    "can I give metoprolol with verapamil",
    "Should we give contrast?",
    "Is the endotracheal tube in the right place?",
    "Is metoprolol safe in asthma?",
    "Summarize the findings so far.",
    "summarise the report",
    "Show me where the effusion is.",
    "Draft an impression.",
    "Please interpret this ECG.",
    "Read the lab values to me.",
    "read the lab values back",
    "Tell me about Bosniak cysts.",
    "Explain the finding in the right lower lobe.",
    "Give me a differential diagnosis.",
    "List the possible causes.",
    "Describe this image.",
    "Do you see a fracture?",
    "Has the nodule grown?",
    "Had the patient been given contrast?",
    "is there evidence of pneumonia",
    "Would you recommend a follow up?",
]

ADDRESSED = [
    ("Assistant, is there an effusion?", "Is there an effusion?"),
    ("assistant what is seen here", "What is seen here"),
    ("Hey assistant, the left lung.", "The left lung."),
    ("Question: normal heart size?", "Normal heart size?"),
    ("Question colon what is this", "What is this"),
]

DICTATION = [
    "Question of a small pneumothorax.",
    "Questionable opacity in the left base.",
    "Patient asks whether the nodule is malignant.",
    "The patient asked if she can travel.",
    "What appears to be a small effusion is seen on the left.",
    "What looks like a nodule projects over the right apex.",
    "Is seen in the right upper lobe.",
    "is again noted",
    "Are unchanged since the prior study.",
    "Has been stable since 2020.",
    "Does not enhance.",
    "Can be seen in the setting of infection.",
    "May represent atelectasis.",
    "Will follow up in six months.",
    "Compare with CT.",
    "Comparison: none.",
    "Please schedule follow up.",
    "Please correlate clinically.",
    "Please arrange an outpatient ultrasound.",
    "Which is likely benign.",
    "Which measures four millimeters.",
    "Where the appendix is dilated to eleven millimeters.",
    "When compared with the prior study the nodule is stable.",
    "However the costophrenic angles are clear.",
    "How the injury happened is not known.",
    "The lungs are clear bilaterally period",
    "No pneumothorax.",
    "There is no pneumothorax.",
    "Chest x-ray, two views.",
    "Impression: four millimeter nodule, likely benign.",
    "Stop metoprolol.",
    "Stop the answer sheet review and start warfarin.",
    "Cancel that appointment on Friday.",
    "The assistant was present throughout.",
    "Assistant professor Smith was informed.",
    "Was started on metoprolol twenty five milligrams.",
    "Show no evidence of fracture.",
    "Shows a broad based disc bulge.",
    "Read as negative.",
    "Findings: the heart is normal in size.",
    "Summary: stable disease.",
    "List of medications reviewed.",
    "Have been reviewed with the patient.",
    "Had an MRI last year.",
    "Had he known, he would have come earlier.",
    "Is an ex-smoker.",
    "Should return if worse.",
    "What is seen is a small effusion.",
    "What the patient describes is angina.",
    "Why he stopped is unclear.",
    "Cannot exclude a fracture.",
    "I asked the patient how the pain began.",
    "",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_what_is_asked_is_a_question(text: str) -> None:
    decision = detect(text, AUTO)
    assert decision.intent == "question", decision
    assert decision.text == text


@pytest.mark.parametrize("text", DICTATION)
def test_what_belongs_into_the_report_is_dictation(text: str) -> None:
    decision = detect(text, AUTO)
    assert decision.intent == "dictation", decision
    assert decision.text == text


@pytest.mark.parametrize(("text", "cleaned"), ADDRESSED)
def test_words_to_the_assistant_are_asked_without_the_address(text: str, cleaned: str) -> None:
    decision = detect(text, AUTO)
    assert (decision.intent, decision.reason, decision.text) == (
        "question",
        "spoken to the assistant",
        cleaned,
    )


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("mode", ["auto", "question"])
def test_a_command_is_taken_in_every_spelling(phrase: str, mode: str) -> None:
    for spelling in (phrase, f"{phrase.capitalize()}.", f"Please {phrase}!", f"Assistant, {phrase}."):
        decision = detect(spelling, Context(mode=mode))  # type: ignore[arg-type]
        assert (decision.intent, decision.command) == ("command", PHRASES[phrase]), spelling


def test_a_command_inside_a_sentence_is_no_command() -> None:
    assert detect("we will scratch that plan", AUTO).command is None


def test_stop_in_forced_dictation_is_a_word_unless_an_answer_runs() -> None:
    assert detect("stop", Context(mode="dictation")).intent == "dictation"
    assert detect("stop", Context(mode="dictation", answer_running=True)).command == "stop"


def test_a_forced_mode_decides() -> None:
    assert detect("Is there an effusion?", Context(mode="dictation")).intent == "dictation"
    assert detect("The left lung.", Context(mode="question")) == Decision(
        "question", 1.0, "question mode is on", "The left lung."
    )


def test_nothing_said_is_never_asked() -> None:
    assert detect("  ", Context(mode="question")).intent == "dictation"


def test_a_request_about_the_image_needs_one() -> None:
    assert detect("Review this film", Context(has_images=True)).intent == "question"
    assert detect("Review this film", AUTO).intent == "dictation"


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("undo", "undo"),
        ("Redo.", "redo"),
        ("go to impression", "go_to"),
        ("Go to the findings section.", "go_to"),
        ("stop listening", "sleep"),
        ("wake up", "wake"),
        ("insert normal chest", "insert"),
        ("select pleural effusion", "select"),
        ("Select the last sentence {period}", "select"),
        ("read that back", "read_back"),
        ("What can I say?", "help"),
        ("next field", "next"),
        ("previous field", "previous"),
        ("delete last word", "delete"),
        ("new paragraph", "new"),
        ("replace left with right", "replace"),
        ("assistant, go to impression", "go_to"),
    ],
)
def test_document_commands_have_names(said: str, command: str) -> None:
    assert detect(said, AUTO).command == command


@pytest.mark.parametrize(
    "said",
    [
        "Undo the dressing tomorrow and inspect the wound.",
        "go to the emergency department if worse",
        "insert a Foley catheter",
        "next visit in two weeks",
        "select patients may go home",
        "new lines were placed",
        "correct the potassium",
        "stop heparin",
        "results read back and confirmed",
    ],
)
def test_a_sentence_with_command_words_is_text(said: str) -> None:
    assert detect(said, AUTO).intent == "dictation"


def held_out() -> list[dict[str, str]]:
    path = Path(__file__).parents[1] / "data/intents.tsv"
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_held_out_set_keeps_its_figures() -> None:
    rows = held_out()
    taken = [(row["label"], detect(row["text"], AUTO).intent) for row in rows]
    asked = [got for label, got in taken if label == "question"]
    assert len(rows) >= 200
    assert sum(label == got for label, got in taken) / len(taken) >= 0.97
    assert sum(got == "question" for got in asked) / len(asked) >= 0.93
    assert sum(got == "question" for label, got in taken if label == "dictation") <= 1


def test_capitals_stops_and_markers_do_not_decide() -> None:
    for text in ("Is there a pneumothorax on this image?", "What is the differential for a cavitary lesion?"):
        bare = text.rstrip("?")
        for spelling in (
            bare,
            bare.lower(),
            bare + " {question mark}",
            bare.upper(),
            bare + " question mark",
        ):
            assert detect(spelling, AUTO).intent == "question", spelling


def test_the_model_is_small() -> None:
    assert MODEL.stat().st_size < 200_000


@given(st.text(max_size=200), st.booleans())
def test_any_text_gets_an_answer_in_range(text: str, has_images: bool) -> None:
    decision = detect(text, Context(has_images=has_images))
    assert 0 < decision.confidence <= 1
    assert (decision.command is not None) == (decision.intent == "command")
