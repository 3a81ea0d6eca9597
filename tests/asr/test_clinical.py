"""The recogniser that was adapted to dictation, on voices and sentences that it was not trained on."""

import csv

import numpy as np
import pytest

from assistant.asr.moonshine import MoonshineModel, _most_tokens
from assistant.audio.files import read_audio
from assistant.components.opening import models_dir, open_recogniser
from assistant.config import Settings
from assistant.weights import resolve
from hearing.noise import no_speech
from hearing.scoring import Score, medical_words

pytestmark = pytest.mark.models
SOME = 3
"""Every third clip of the dictation that is held back; ``scripts/bench hears`` measures all."""


@pytest.fixture(scope="module")
def model():
    return open_recogniser(Settings(asr="moonshine-clinical"))


def test_the_words_of_a_first_minute_are_heard(model, data_dir):
    question = model.transcribe(read_audio(data_dir / "audio" / "question.flac"))
    assert "pneumothorax" in question.lower()
    report = model.transcribe(read_audio(data_dir / "audio" / "chest_xray.flac")).lower()
    assert "pleural effusion" in report
    assert "pneumothorax" in report


def test_it_finds_more_terms_than_the_published_model_in_held_back_dictation(model, data_dir):
    folder = data_dir / "hears"
    with (folder / "clips.tsv").open(newline="") as file:
        every = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [row for row in every if row["set"] == "dictation"]
    published = MoonshineModel(resolve("moonshine-tiny-en", models_dir(Settings())))
    scores = {}
    for name, each in (("new", model), ("old", published)):
        score = scores[name] = Score()
        for row in rows[::SOME]:
            terms = [term.split(":", 1)[1] for term in row["terms"].split("|") if term]
            heard = each.transcribe(read_audio(folder / row["file"]))
            score.add(row["text"], heard, terms, frozenset(), medical_words(set(terms)))
    assert scores["new"].found > scores["old"].found
    assert scores["new"].errors < scores["old"].errors


def test_no_reading_is_cut_off_before_the_words_that_were_said_have_room(model, data_dir):
    folder = data_dir / "hears"
    with (folder / "clips.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            tokens = [*model._pieces.encode(row["text"].capitalize() + "."), "end"]
            assert len(tokens) <= _most_tokens(read_audio(folder / row["file"])), row["text"]


def test_noise_and_silence_give_no_words(model):
    assert not [text for text in map(model.transcribe, no_speech(12, np.random.default_rng(5))) if text]


def test_a_reading_of_nothing_has_no_words(model):
    assert model._pieces.words([]) == []
