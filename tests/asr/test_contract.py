"""The contract of every recogniser: the real ones, and the fakes that stand for them in other tests."""

import threading
import time

import numpy as np
import pytest
import soundfile

from assistant.asr.base import Transcript
from assistant.components.opening import open_recogniser
from assistant.config import Settings
from assistant.errors import BadInput
from benches.attacks.tones import Tones
from tests.asr.tones import ToneModel
from tests.e2e.test_export import ScriptedModel
from tests.server.conftest import LoudnessModel
from tests.server.test_reports import SureModel
from tests.session.test_listener import CountingModel, FirstSoundModel, SayingModel

MADE = {
    "moonshine-tiny-en": lambda: open_recogniser(Settings(asr="moonshine-tiny-en")),
    "moonshine-clinical": lambda: open_recogniser(Settings(asr="moonshine-clinical")),
    "lasr-mini": lambda: open_recogniser(Settings(asr="lasr-mini")),
    "tones": ToneModel,
    "tones-of-the-attacks": Tones,
    "loudness": LoudnessModel,
    "sure": lambda: SureModel(LoudnessModel()),
    "scripted": ScriptedModel,
    "counting": CountingModel,
    "first-sound": FirstSoundModel,
    "saying": lambda: SayingModel("saying", "The lungs are clear."),
}
SECONDS = 3


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.models) if name.startswith("moonshine") else name
        for name in MADE
    ],
)
def model(request):
    return MADE[request.param]()


@pytest.fixture(scope="module")
def speech(data_dir):
    samples, _ = soundfile.read(data_dir / "dictation" / "10_rms.flac", dtype="float32")
    return samples[: SECONDS * 16_000]


def feed(stream, samples, chunk=512, partial=True):
    found = [stream.accept(samples[i : i + chunk], partial=partial) for i in range(0, len(samples), chunk)]
    return [each for each in found if each is not None]


def test_it_has_a_name_and_is_told_what_to_expect_or_says_that_it_cannot(model):
    assert model.name
    assert model.expecting([]).name == model.name
    if model.takes_phrases:
        assert model.expecting(["metoprolol"]).open_stream().finish() is not None
        return
    with pytest.raises(BadInput) as error:
        model.expecting(["metoprolol"])
    assert error.value.code == "hotwords_not_supported"


def test_what_is_stable_only_grows(model, speech):
    before = ""
    for partial in feed(model.open_stream(), speech):
        assert partial.stable.startswith(before)
        before = partial.stable


def test_without_partials_wanted_none_come_and_the_final_is_the_same(model, speech):
    with_partials, without = model.open_stream(), model.open_stream()
    feed(with_partials, speech)
    assert feed(without, speech, partial=False) == []
    assert without.finish().text == with_partials.finish().text


@pytest.mark.parametrize("chunk", [320, 1000, SECONDS * 16_000])
def test_how_audio_is_cut_into_chunks_does_not_matter(model, speech, chunk):
    cut, whole = model.open_stream(), model.open_stream()
    feed(cut, speech, chunk)
    feed(whole, speech)
    assert cut.finish().text == whole.finish().text


def test_two_streams_do_not_hear_each_other(model, speech):
    alone = model.open_stream()
    feed(alone, speech, partial=False)
    one, other = model.open_stream(), model.open_stream()
    for at in range(0, len(speech), 512):
        one.accept(speech[at : at + 512], partial=False)
        other.accept(np.zeros(512, np.float32), partial=False)
    assert one.finish() == alone.finish()


def test_what_is_expected_at_a_pause_is_the_final_if_no_speech_follows(model, speech):
    stream = model.open_stream()
    feed(stream, speech, partial=False)
    stream.prepare_final()
    until = time.monotonic() + 60
    while stream.expected() is None and time.monotonic() < until and _works_ahead(stream):
        threading.Event().wait(0.05)
    expected = stream.expected()
    assert expected is None or expected == stream.finish()


def _works_ahead(stream):
    """A fake that never knows a final early says so at once."""
    return type(stream).__module__.startswith("assistant.")


def test_a_stream_that_heard_nothing_ends_with_a_transcript(model):
    assert isinstance(model.open_stream().finish(), Transcript)
    stream = model.open_stream()
    stream.accept(np.zeros(0, np.float32))
    assert isinstance(stream.finish(), Transcript)


def test_words_are_in_order_and_within_the_audio_and_make_up_the_text(model, speech):
    stream = model.open_stream()
    feed(stream, speech)
    final = stream.finish()
    starts = [word.start_ms for word in final.words]
    assert starts == sorted(starts)
    assert all(0 <= word.start_ms <= word.end_ms for word in final.words)
    assert all(word.confidence is None or 0 <= word.confidence <= 1 for word in final.words)
    if final.words:
        assert " ".join(word.text for word in final.words).split() == final.text.split()
