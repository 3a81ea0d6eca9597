"""Ten minutes without a pause: nothing is lost and nothing comes twice, at no seam and no cut."""

import asyncio
import difflib
from contextlib import aclosing
from itertools import pairwise

import jiwer
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.asr.features import FeatureSettings
from assistant.asr.offline import transcribe
from assistant.asr.same_reading import spoken
from assistant.asr.shared import SharedRecogniser
from assistant.asr.windows import WINDOW_FRAMES, full_context, windows
from assistant.audio.frames import AudioChunk
from assistant.components.opening import open_recogniser
from assistant.config import Settings
from assistant.conversation.types import FinalHeard, PartialHeard, SpeechStarted
from assistant.session.listener import Listener
from assistant.vad.endpoint import EndpointSettings
from tests.asr.tones import WORDS, ToneAcoustic, ToneModel, say, written


def numbers(count, seed=0):
    return np.random.default_rng(seed).integers(0, WORDS, count).tolist()


def text_of(model, samples):
    stream = model.open_stream()
    stream.accept(samples, partial=False)
    return stream.finish().text


@pytest.fixture(scope="module")
def ten_minutes():
    said = numbers(1750)
    samples = say(said)
    assert len(samples) > 580 * 16_000
    return said, samples


def inner(found, said, edge=8):
    """The model is wrong within a second of both ends of everything: what lies between must be exact."""
    return found.split()[edge:-edge] == written(said).split()[edge:-edge]


def test_ten_minutes_in_windows_lose_and_double_nothing(ten_minutes):
    said, samples = ten_minutes
    found = text_of(ToneModel(), samples)
    assert len(found.split()) == len(said)
    assert inner(found, said)


def test_windows_joined_at_their_middle_would_lose_or_double_words(ten_minutes, monkeypatch):
    """Without choosing the seam where nothing is said, the same audio comes out wrong."""
    said, samples = ten_minutes

    def in_the_middle(left, right, overlap):
        return np.concatenate([left[: len(left) - overlap // 2], right[overlap // 2 :]])

    monkeypatch.setattr("assistant.asr.windows.join_windows", in_the_middle)
    assert not inner(text_of(ToneModel(), samples), said)


class Loudness:
    frame_samples = 512

    def probability(self, frame):
        return float(min(1.0, 0.5 + 5 * np.sqrt(np.mean(frame**2))))


class AlwaysSpeech:
    """Cuts fall wherever the longest length is reached, in the middle of words too."""

    frame_samples = 512

    def probability(self, frame):
        return 1.0


def heard(samples, vad, model, longest_utterance_s):
    """(finals, partials) of the whole, through the listener."""

    async def hear():
        ears = Listener(
            vad=vad,
            settings=EndpointSettings(longest_utterance_s=longest_utterance_s),
            recogniser=SharedRecogniser(model, workers=1),
        )
        finals, partials, done = [], [], asyncio.Condition()

        async def recognise():
            async with aclosing(ears.recognise()) as facts:
                async for fact in facts:
                    if isinstance(fact, PartialHeard):
                        partials.append(fact)
                    if isinstance(fact, FinalHeard):
                        finals.append(fact)
                        async with done:
                            done.notify()

        task = asyncio.create_task(recognise())
        begun = 0
        for i in range(0, len(samples), 1600):
            facts = ears.hear(AudioChunk(samples[i : i + 1600], i))
            begun += sum(isinstance(fact, SpeechStarted) for fact in facts)
            await ears.room()
        ears.commit()
        async with asyncio.timeout(60), done:
            await done.wait_for(lambda: len(finals) == begun)
        task.cancel()
        return finals, partials

    return asyncio.run(hear())


@pytest.mark.parametrize(("edge", "vad"), [(0, Loudness()), (20, Loudness()), (20, AlwaysSpeech())])
def test_ten_minutes_through_the_listener_are_cut_and_nothing_is_lost(ten_minutes, edge, vad):
    """With ``edge`` the model is wrong for 0.8 s at both ends of its audio: at a cut, each side is read over
    it, so that only the recording's own ends are."""
    said, samples = ten_minutes
    finals, _ = heard(samples, vad, ToneModel(ToneAcoustic(edge=edge)), 15)
    assert len(finals) > 38
    text = " ".join(final.text for final in finals if final.text)
    if edge == 0:
        assert text == written(said)
    matcher = difflib.SequenceMatcher(None, written(said).split(), text.split(), autojunk=False)
    wrong = [(first, last) for tag, first, last, _, _ in matcher.get_opcodes() if tag != "equal"]
    assert all(last <= 8 or first >= len(said) - 8 for first, last in wrong)
    ends = [final.end_ms for final in finals]
    assert [final.start_ms for final in finals[1:]] == ends[:-1]
    words = [word for final in finals for word in final.words]
    assert " ".join(word.text for word in words) == text


def test_what_was_kept_before_a_cut_is_not_shown_again_after_it(ten_minutes):
    _, samples = ten_minutes
    finals, partials = heard(samples[: 60 * 16_000], AlwaysSpeech(), ToneModel(ToneAcoustic(edge=0)), 15)
    texts = {final.utterance: final.text.split() for final in finals}
    for partial in partials:
        before, words = texts.get(partial.utterance - 1), (partial.stable + partial.tentative).split()
        if before and len(words) > 3:
            assert words[:3] == texts[partial.utterance][:3]


@pytest.mark.parametrize("edge", [0, 20])
def test_a_recording_is_cut_and_joined_in_the_same_way(ten_minutes, edge):
    said, samples = ten_minutes
    two = samples[: 120 * 16_000]
    model = ToneModel(ToneAcoustic(edge=edge))
    segments = transcribe(two, model, AlwaysSpeech(), EndpointSettings(longest_utterance_s=15))
    found = " ".join(segment.text for segment in segments).split()
    assert len(segments) >= 8
    assert " ".join(found[10:-10]) in written(said)
    assert [word.text for segment in segments for word in segment.words] == found
    ends = [segment.end_ms for segment in segments]
    assert [segment.start_ms for segment in segments[1:]] == ends[:-1]


@pytest.mark.models
@pytest.mark.parametrize("longest_utterance_s", [4.0, 4.7, 5.4])
def test_no_number_and_no_word_falls_out_where_real_speech_is_cut(data_dir, longest_utterance_s):
    model = open_recogniser(Settings())
    samples, _ = soundfile.read(data_dir / "audio" / "answer_leg.flac", dtype="float32")
    finals, _ = heard(samples, AlwaysSpeech(), model, longest_utterance_s)
    assert len(finals) >= 2
    said = spoken(" ".join(final.text for final in finals))
    whole = spoken(model.transcribe(samples))
    assert jiwer.wer(" ".join(whole), " ".join(said)) <= 0.13
    assert {"two", "five", "left", "no"} <= set(said)


def test_long_speech_is_decoded_while_it_goes_on_and_only_the_rest_at_its_end(ten_minutes):
    _, samples = ten_minutes
    minute = samples[: 60 * 16_000]
    model = ToneModel()
    stream = model.open_stream()
    for i in range(0, len(minute), 3200):
        stream.accept(minute[i : i + 3200])
    model._pool.shutdown(wait=True)
    before = model.acoustic.calls
    stream.finish()
    assert model.acoustic.calls - before == 1


@pytest.mark.parametrize("seed", range(6))
def test_partials_of_long_speech_grow_word_by_word_and_what_is_stable_holds(seed):
    said = numbers(180, seed)
    samples = say(said, seed=seed)
    stream = ToneModel(ToneAcoustic(edge=20)).open_stream()
    stable = ""
    for i in range(0, len(samples), 3200):
        partial = stream.accept(samples[i : i + 3200])
        if partial:
            assert partial.stable.startswith(stable)
            stable = partial.stable
    heard = stable.split()
    assert len(heard) > 150  # the first ones lack their left context
    assert " ".join(heard[8:]) in written(said)


@settings(max_examples=200)
@given(st.integers(1, 5000))
def test_windows_cover_every_frame_and_only_the_last_is_short(frames):
    found = windows(frames)
    assert found[0][0] == 0
    assert found[-1][1] == frames
    assert all(end - start == WINDOW_FRAMES for start, end in found[:-1])
    assert all(later[0] < earlier[1] for earlier, later in pairwise(found))


def test_one_window_is_one_pass():
    acoustic = ToneAcoustic()
    full_context(acoustic, say(numbers(40)), FeatureSettings())
    assert acoustic.calls == 1
