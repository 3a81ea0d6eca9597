"""Full stops that nobody spoke: at a pause, at a cut, in an unfinished sentence."""

import asyncio
import random
import re
from contextlib import aclosing
from itertools import permutations

import numpy as np
import pytest
import soundfile

from assistant.asr.shared import SharedRecogniser
from assistant.audio.frames import AudioChunk
from assistant.components.opening import open_recogniser, open_vad
from assistant.config import Settings
from assistant.conversation.core import Conversation
from assistant.conversation.types import FinalHeard, SpeechStarted
from assistant.dictation.dictation import Dictation
from assistant.dictation.pauses import end_mark, is_joined, lowered, within
from assistant.session.listener import Listener
from tests.conversation.talk import INFO


def report(*utterances, cut=()):
    """The report after ``utterances``; those whose number is in ``cut`` were ended by the machine."""
    dictation = Dictation()
    for number, words in enumerate(utterances):
        dictation.heard(f"utt_{number}")
        dictation.take(f"utt_{number}", words, cut=number in cut)
    return dictation.document.text


DENIALS = (
    "Denies",
    "She denies",
    "The patient denied",
    "He is negative for",
    "Without",
    "Free of",
    "No history of",
)
FINDINGS = ("chest pain", "shortness of breath", "fever", "left arm weakness")


@pytest.mark.parametrize("denies", DENIALS)
def test_a_list_that_is_denied_stays_one_sentence_whatever_its_pauses(denies):
    for first, second, third in permutations(FINDINGS, 3):
        said = (f"{denies} {first}.", f"{second.capitalize()}.", f"Or {third}.")
        assert report(*said) == f"{denies} {first} {second} or {third}."
        assert report(" ".join(said)) == f"{denies} {first} {second} or {third}."


@pytest.mark.parametrize("no", ["No", "No evidence of", "There is no", "Absence of"])
def test_a_list_behind_no_is_one_sentence_once_its_end_is_heard(no):
    said = [f"{no} fracture.", "Dislocation.", "Or effusion.", "The joint is normal."]
    assert report(*said) == f"{no} fracture dislocation or effusion. The joint is normal."


def test_a_finding_is_not_drawn_into_the_negative_before_it():
    said = ("No acute fracture.", "Degenerative changes at L4-L5.", "No effusion.")
    assert report(*said) == " ".join(said)
    assert report("She denies pain.", "The lungs are clear.") == "She denies pain. The lungs are clear."
    assert report("He denies fever.", "He takes aspirin.") == "He denies fever. He takes aspirin."


@pytest.mark.parametrize(
    "start", ["There is a nodule in the", "It is from the", "It shows", "There is a large", "Seen with mild"]
)
def test_no_full_stop_stands_where_a_sentence_cannot_end(start):
    assert report(f"{start}.", "Upper lobe.") == f"{start} upper lobe."
    assert report(f"{start}. Upper lobe.") == f"{start} upper lobe."


@pytest.mark.parametrize(
    "end", ["effusion on the left", "stenosis is severe", "seen on the right", "pain in both"]
)
def test_a_sentence_may_end_in_a_side_and_in_what_is_said_of_something(end):
    assert report(f"The {end}.", "The lungs are clear.") == f"The {end}. The lungs are clear."


def test_a_machine_that_cuts_writes_no_full_stop():
    assert report("There is a large.", "Nodule today.", cut=[0]) == "There is a large nodule today."
    assert (
        report("The lungs were.", "Clear. The heart is normal.", cut=[0])
        == "The lungs were clear. The heart is normal."
    )
    assert report("The effusion.", "Is larger.", cut=[0]) == "The effusion is larger."
    assert (
        report("The lungs are clear period.", "The heart is normal period.", cut=[0])
        == "The lungs are clear. The heart is normal."
    )


def test_of_a_speaker_who_says_the_marks_no_other_counts():
    said = ("The lungs are clear period.", "No pleural effusion.", "Pneumothorax.", "Or edema period.")
    assert report(*said) == "The lungs are clear. No pleural effusion pneumothorax or edema."
    assert report("The lungs are {period}", "Clear.", "Today {period}") == "The lungs are. Clear today."


def test_who_does_not_say_them_keeps_those_of_the_recogniser():
    assert (
        report("The lungs are clear.", "The heart is normal.") == "The lungs are clear. The heart is normal."
    )
    assert report("Is it new?", "It is stable.") == "Is it new? It is stable."


def test_two_full_stops_never_stand_together():
    assert report("Clear period..", "Stable period.") == "Clear. Stable."
    assert not re.search(r"\.\.", report("Lungs are clear..", "Heart is normal.."))


def test_names_and_abbreviations_keep_their_capital_and_their_full_stop():
    assert report("Seen by Dr.", "Smith today.") == "Seen by Dr. Smith today."
    assert lowered("Crohn's disease") == "Crohn's disease"
    assert lowered("CT of the chest") == "CT of the chest"
    assert end_mark("seen at 5 a.m.") == ""
    assert end_mark("it is 5.5.") == "."
    assert (
        within("She denies fever. Chills. Or cough.", says_marks=False) == "She denies fever chills or cough."
    )
    assert not is_joined("", "or fever")


def test_a_pause_is_taken_back_with_the_utterance_that_showed_it():
    dictation = Dictation()
    dictation.take("a", "She denies fever.")
    dictation.take("b", "Or cough.")
    assert dictation.document.text == "She denies fever or cough."
    dictation.undo()
    assert dictation.document.text == "She denies fever."


# --- through the microphone's path ---

NEGATED = {
    "denies.flac": ["chest pain", "shortness of breath", "or fever"],
    "negative.flac": ["chest pain", "back pain", "or fever"],
    "without.flac": ["no fever", "back pain", "or left leg weakness"],
}


@pytest.fixture(scope="module")
def ears():
    settings = Settings()
    return settings, open_recogniser(settings), open_vad(settings)


async def heard(samples, ears):
    """The report of a conversation that hears ``samples`` as from a microphone; how many utterances."""
    settings, model, vad = ears
    talk = Conversation(INFO)
    listener = Listener(vad=vad(), settings=settings, recogniser=SharedRecogniser(model, workers=1))
    begun = finals = 0
    for at in range(0, len(samples), 320):
        for fact in listener.hear(AudioChunk(samples[at : at + 320], at)):
            begun += isinstance(fact, SpeechStarted)
            talk.handle(fact)
    async with asyncio.timeout(120), aclosing(listener.recognise()) as facts:
        async for fact in facts:
            talk.handle(fact)
            finals += isinstance(fact, FinalHeard)
            if finals == begun:
                break
    return talk.document, begun


def sentences(text):
    return [each.lower() for each in re.split(r"(?<=[.?!])\s+|\n+", text) if each]


@pytest.mark.models
@pytest.mark.parametrize("name", NEGATED)
async def test_a_spoken_list_of_negatives_with_pauses_stays_negative(name, ears, data_dir):
    samples, _ = soundfile.read(data_dir / "pauses" / name, dtype="float32")
    text, utterances = await heard(samples, ears)
    assert utterances == len(NEGATED[name]), "each pause must have ended an utterance"
    assert len(sentences(text)) == 1, text
    (only,) = sentences(text)
    assert all(finding in only for finding in NEGATED[name]), text


@pytest.mark.models
async def test_spoken_marks_and_sentences_with_pauses_are_kept(ears, data_dir):
    samples, _ = soundfile.read(data_dir / "pauses" / "marks.flac", dtype="float32")
    text, _ = await heard(samples, ears)
    assert sentences(text)[0] == "the lungs are clear."
    assert "no fever or back pain" in text.lower()
    samples, _ = soundfile.read(data_dir / "pauses" / "sentences.flac", dtype="float32")
    text, _ = await heard(np.asarray(samples), ears)
    assert len(sentences(text)) == 3


SETTLING = (
    "The patient denies chest pain.",
    "Shortness of breath.",
    "Or fever.",
    "Nor nausea.",
    "No effusion.",
    "And a mass.",
    "In the left lung.",
    "The lungs are clear.",
    "Heart size normal period",
    "New paragraph",
    "Measuring 3 cm.",
    "With",
    "Findings colon clear.",
)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_settled_stays_whatever_is_said_next(seed):
    """The text of a transcript, which is told as it grows and can take nothing back."""
    chance = random.Random(seed)
    dictation = Dictation(in_sections=False)
    told = ""
    for number in range(12):
        dictation.take(str(number), chance.choice(SETTLING))
        text = dictation.document.text
        assert text.startswith(told)
        told = text[: dictation.settled]
    assert told
