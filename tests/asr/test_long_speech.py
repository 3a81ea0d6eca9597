"""Ten minutes without a pause: nothing is lost and nothing comes twice, at no seam and no cut."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.asr.features import FeatureSettings
from assistant.asr.windows import WINDOW_FRAMES, full_context, windows
from assistant.audio.frames import AudioChunk
from assistant.conversation.types import FinalHeard, SpeechStarted
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


def test_ten_minutes_through_the_listener_are_cut_and_nothing_is_lost(ten_minutes):
    said, samples = ten_minutes

    class Loudness:
        frame_samples = 512

        def probability(self, frame):
            return float(min(1.0, 0.5 + 5 * np.sqrt(np.mean(frame**2))))

    async def hear() -> list[FinalHeard]:
        with ThreadPoolExecutor(1) as executor:
            ears = Listener(
                vad=Loudness(),
                settings=EndpointSettings(longest_utterance_s=15),
                model=ToneModel(ToneAcoustic(edge=0)),
                executor=executor,
            )
            finals, done = [], asyncio.Condition()

            async def recognise():
                async with aclosing(ears.recognise()) as facts:
                    async for fact in facts:
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
            return finals

    finals = asyncio.run(hear())
    assert len(finals) > 38
    assert " ".join(final.text for final in finals if final.text) == written(said)
    ends = [final.end_ms for final in finals]
    assert [final.start_ms for final in finals[1:]] == ends[:-1]


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
