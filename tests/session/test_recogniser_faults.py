"""A recogniser that raises, hangs or returns garbage: every utterance is written in the end, in its order."""

import asyncio
import threading
from contextlib import aclosing

import numpy as np
import pytest

from assistant.asr.base import Partial, Transcript, Word
from assistant.asr.shared import RecogniserFailed, SharedRecogniser
from assistant.conversation.types import FinalHeard, RecognitionFailed, SoundLost
from assistant.errors import BadInput
from assistant.session.listener import Listener
from assistant.vad.endpoint import EndpointSettings
from tests.asr.fakes import FakeModel, FakeStream
from tests.session.test_listener import LoudnessVad, audio

PATTERN = [(0.5, False), (1, True), (1.2, False), (2, True), (1.2, False), (0.6, True), (1.2, False)]
WHOLE = ["16000", "32000", "9600"]


class Faulty(FakeModel):
    """Counts loud samples. ``fault(step, count)`` is called in each step, and may raise, wait, or return what
    the step then returns. ``count``: how often there was such a step."""

    def __init__(self, fault):
        self.fault, self.counts, self.threads = fault, {}, set()

    def open_stream(self):
        return FaultyStream(self)

    def step(self, step, samples):
        self.counts[step] = self.counts.get(step, 0) + 1
        return self.fault(step, self.counts[step], samples)


class FaultyStream(FakeStream):
    def __init__(self, model):
        self._model, self._samples = model, 0

    def accept(self, samples, *, partial=True):
        self._samples += int((np.abs(samples) > 0.1).sum())
        wrong = self._model.step("accept", self._samples)
        return wrong or (Partial("", str(self._samples)) if partial else None)

    def prepare_final(self):
        self._model.step("prepare_final", self._samples)

    def finish(self):
        return self._model.step("finish", self._samples) or Transcript(str(self._samples))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("assistant.asr.shared.BACK_OFF_S", (0.02,))


async def heard(recogniser, step="", pattern=PATTERN, ends=3):
    """The fate of every utterance. A final is only prepared at a pause if the recogniser keeps up, so then
    the sound waits for it."""
    ears = Listener(vad=LoudnessVad(), settings=EndpointSettings(), recogniser=recogniser)
    done = []

    async def recognise():
        async with aclosing(ears.recognise()) as facts:
            async for fact in facts:
                if isinstance(fact, FinalHeard | RecognitionFailed | SoundLost):
                    done.append(fact)
                if sum(not isinstance(fact, SoundLost) for fact in done) == ends:
                    return

    task = asyncio.create_task(recognise())
    for chunk in audio(pattern):
        ears.hear(chunk)
        resting = asyncio.create_task(ears.at_rest() if step == "prepare_final" else asyncio.sleep(0))
        await asyncio.wait({resting, task}, return_when=asyncio.FIRST_COMPLETED)
        resting.cancel()
    async with asyncio.timeout(30):
        await task
    return done


def texts(done):
    return [fact.text if isinstance(fact, FinalHeard) else getattr(fact, "code", "lost") for fact in done]


@pytest.fixture
async def time_is_over(monkeypatch):
    """Time limits of ``PATIENCE_S`` end when this is called, from any thread, and on no clock."""
    timeout, limits, loop = asyncio.timeout, [], asyncio.get_running_loop()

    def limited(limit_s):
        if limit_s != PATIENCE_S:
            return timeout(limit_s)
        limits.append(timeout(None))
        return limits[-1]

    monkeypatch.setattr(asyncio, "timeout", limited)
    return lambda: loop.call_soon_threadsafe(lambda: limits[-1].reschedule(loop.time()))


PATIENCE_S = 1234.5
STEPS = ("accept", "prepare_final", "finish")
GARBAGE = {
    "accept": ["text", Partial(None, ""), Partial("", "x" * 10_000)],
    "finish": [
        "text",
        Transcript("loop " * 5_000),
        Transcript("a", (Word("a", 9, 3),)),
        Transcript("a", (Word("a", 0, 10**9),)),
    ],
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_recogniser_that_raises_once_or_twice_changes_nothing(step, at, times):
    def fault(name, count, samples):
        if name == step and at <= count < at + times:
            raise RuntimeError("what was said")

    assert texts(await heard(SharedRecogniser(Faulty(fault)), step)) == WHOLE


@pytest.mark.parametrize(("step", "garbage"), [(step, each) for step in GARBAGE for each in GARBAGE[step]])
async def test_garbage_is_no_text_and_the_utterance_is_read_again(step, garbage):
    def fault(name, count, samples):
        return garbage if name == step and count == 2 else None

    assert texts(await heard(SharedRecogniser(Faulty(fault)))) == WHOLE


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_recogniser_that_hangs_once_is_opened_again_and_changes_nothing(step, workers, time_is_over):
    gate, opened = threading.Event(), []

    def fault(name, count, samples):
        if name == step and count == 2:
            time_is_over()
            gate.wait(30)

    def reopen():
        opened.append(Faulty(lambda *_: None))
        return opened[-1]

    recogniser = SharedRecogniser(Faulty(fault), reopen=reopen, workers=workers, patience_s=PATIENCE_S)
    assert texts(await heard(recogniser, step)) == WHOLE
    assert len(opened) == 1
    gate.set()


@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_while_the_recogniser_is_down_what_is_said_is_kept_and_written_in_order_afterwards(how):
    down, gate = True, threading.Event()

    def fault(name, count, samples):
        if down:
            if how == "hangs":
                gate.wait(30)
            raise RuntimeError

    recogniser = SharedRecogniser(Faulty(fault), workers=1, patience_s=0.1)
    task = asyncio.create_task(heard(recogniser))
    await asyncio.sleep(1.0)
    assert not task.done()
    assert recogniser.state == "failing"
    down = False
    gate.set()
    assert texts(await task) == WHOLE
    assert recogniser.state == "works"


async def test_sound_that_the_recogniser_never_takes_is_told_and_the_rest_is_written():
    def fault(name, count, samples):
        if name == "finish" and samples == 32_000:
            raise RuntimeError

    done = await heard(SharedRecogniser(Faulty(fault)))
    assert texts(done) == ["16000", "not_transcribed", "lost", "9600"]
    assert done[2].duration_ms >= 2000
    assert done[0].end_ms <= done[2].start_ms < done[3].start_ms


async def test_speech_that_fails_while_it_goes_on_is_lost_up_to_there_and_the_rest_is_written():
    failed = []

    def fault(name, count, samples):
        if name == "accept" and samples >= 16_000 and len(failed) < 3:
            failed.append(samples)
            raise RuntimeError

    pattern = [(0.3, False), (4, True), (1.2, False)]
    done = await heard(SharedRecogniser(Faulty(fault)), "prepare_final", pattern, ends=2)
    assert texts(done)[:2] == ["not_transcribed", "lost"]
    lost_until_s = (done[1].start_ms + done[1].duration_ms) / 1000
    assert 1.3 < lost_until_s < 4.3
    assert int(done[2].text) / 16_000 == pytest.approx(4.3 - lost_until_s, abs=0.1)
    assert done[2].lost_before


@pytest.mark.parametrize("step", ["accept", "finish"])
async def test_sound_that_the_recogniser_refuses_is_told_as_lost_and_the_rest_is_written(step):
    refused = []

    def fault(name, count, samples):
        if name == step and samples >= 16_000 and not refused:
            refused.append(samples)
            raise BadInput("This is no sound.", code="audio_not_finite")

    pattern = [(0.3, False), (4, True), (1.2, False), (1, True), (1.2, False)]
    done = await heard(SharedRecogniser(Faulty(fault)), "prepare_final", pattern, ends=2)
    assert texts(done)[:2] == ["audio_not_finite", "lost"]
    lost_until_s = (done[1].start_ms + done[1].duration_ms) / 1000
    assert done[1].duration_ms > 0 and lost_until_s <= done[2].start_ms / 1000
    if step == "accept":
        assert int(done[2].text) / 16_000 == pytest.approx(4.3 - lost_until_s, abs=0.1)


async def test_a_recording_is_an_error_when_the_recogniser_fails_for_good():
    def fault(*_):
        raise RuntimeError

    with pytest.raises(RecogniserFailed):
        await heard(SharedRecogniser(Faulty(fault), gives_up=True))


async def test_phrases_to_expect_are_still_expected_after_it_was_opened_again():
    class Expecting(Faulty):
        takes_phrases = True

        def expecting(self, phrases, context=()):
            other = Expecting(self.fault)
            other.fault = lambda name, *_: Transcript(phrases[0]) if name == "finish" else None
            return other

    def fault(name, count, samples):
        raise RuntimeError

    recogniser = SharedRecogniser(Expecting(fault), reopen=lambda: Expecting(lambda *_: None))
    ears = Listener(vad=LoudnessVad(), settings=EndpointSettings(), recogniser=recogniser)
    ears.expect(["Amlodipine"])
    await recogniser.mend(1)
    for chunk in audio([(0.5, False), (1, True), (1.2, False)]):
        ears.hear(chunk)
    async with asyncio.timeout(20), aclosing(ears.recognise()) as facts:
        async for fact in facts:
            if isinstance(fact, FinalHeard):
                break
    assert fact.text == "Amlodipine"


async def test_a_second_recogniser_that_fails_leaves_the_first_and_says_so():
    class Asks(FakeModel):
        def open_stream(self):
            class Stream(FakeStream):
                def finish(self):
                    return Transcript("is there a mass")

            return Stream()

    def fault(*_):
        raise RuntimeError

    ears = Listener(
        vad=LoudnessVad(),
        settings=EndpointSettings(),
        recogniser=SharedRecogniser(Asks()),
        second=Faulty(fault),
    )
    for chunk in audio([(0.5, False), (1, True), (1.2, False)]):
        ears.hear(chunk)
    async with asyncio.timeout(20), aclosing(ears.recognise()) as facts:
        async for fact in facts:
            if isinstance(fact, FinalHeard):
                break
    assert (fact.text, fact.other, ears.second_failed) == ("is there a mass", None, True)


async def test_a_final_that_waits_is_late_and_sound_sent_faster_than_real_time_is_not():
    gate = threading.Event()

    def fault(name, *_):
        gate.wait(30)

    recogniser = SharedRecogniser(Faulty(fault))
    ears = Listener(vad=LoudnessVad(), settings=EndpointSettings(), recogniser=recogniser)
    chunks = audio([(0.3, False), (0.3, True), (1.2, False)])
    for chunk in chunks:
        ears.hear(chunk)
    assert ears.late_s() == 0.0  # all of it is due in more than a second
    ears._began -= 10
    ears._utterances[0].due -= 10
    assert ears.late_s() > 7
    assert recogniser.load.late_s > 7
    gate.set()
