"""From audio to facts, with a scripted detector and recogniser."""

import asyncio

import numpy as np
import pytest

from assistant.asr.base import Partial, Transcript, Word
from assistant.asr.shared import SharedRecogniser
from assistant.audio.frames import AudioChunk, LostSound
from assistant.conversation.types import (
    FinalExpected,
    FinalHeard,
    Hearing,
    PartialHeard,
    RecognitionFailed,
    SoundLost,
    SpeechStarted,
    SpeechStopped,
    SpeechWentOn,
)
from assistant.intents.detect import detect
from assistant.session.listener import AudioHistory, Listener
from assistant.vad.endpoint import EndpointSettings
from tests.asr.fakes import FakeModel, FakeStream

FRAME = 512


class LoudnessVad:
    """Speech is what is not silent."""

    frame_samples = FRAME

    def probability(self, frame):
        return 1.0 if np.abs(frame).max() > 0.1 else 0.0


class CountingModel(FakeModel):
    """Transcribes to the number of loud samples it was given."""

    name = "counting"

    def open_stream(self):
        return CountingStream()


class CountingStream(FakeStream):
    def __init__(self):
        self.samples = 0

    def accept(self, samples, *, partial=True):
        self.samples += int((np.abs(samples) > 0.1).sum())
        return Partial("", str(self.samples)) if partial else None

    def finish(self):
        return Transcript(str(self.samples))


def listener(model=None, *, second=None, means=detect, **settings):
    recogniser = SharedRecogniser(model or CountingModel(), workers=1)
    return Listener(
        vad=LoudnessVad(),
        settings=EndpointSettings(**settings),
        recogniser=recogniser,
        second=second,
        means=means,
    )


def audio(pattern, start=0):
    """``pattern`` of (seconds, loud) → 20 ms chunks."""
    samples = np.concatenate(
        [np.full(int(s * 16000), 0.5 if loud else 0.0, np.float32) for s, loud in pattern]
    )
    return [AudioChunk(samples[i : i + 320], start + i) for i in range(0, len(samples), 320)]


async def run(ears, chunks, finals):
    """All facts until ``finals`` utterances have ended."""
    facts = []
    for chunk in chunks:
        facts += ears.hear(chunk)
    ended = 0
    async for fact in ears.recognise():
        facts.append(fact)
        ended += isinstance(fact, FinalHeard | RecognitionFailed)
        if ended == finals:
            return facts


def of(kind, facts):
    return [fact for fact in facts if isinstance(fact, kind)]


async def test_an_utterance_starts_stops_and_is_transcribed_whole():
    facts = await run(listener(), audio([(1, False), (2, True), (1.5, False)]), 1)
    (started,), (stopped,) = of(SpeechStarted, facts), of(SpeechStopped, facts)
    assert started.at_ms <= 1000
    assert stopped.at_ms >= 3000
    (final,) = of(FinalHeard, facts)
    assert int(final.text) == 2 * 16000


async def test_two_utterances_keep_their_order_and_share_nothing():
    pattern = [(0.5, False), (1, True), (1.2, False), (2, True), (1.2, False)]
    facts = await run(listener(), audio(pattern), 2)
    assert [fact.text for fact in of(FinalHeard, facts)] == ["16000", "32000"]


async def test_long_speech_is_cut_and_nothing_is_lost_or_doubled():
    ears = listener(longest_utterance_s=5)
    facts = await run(ears, audio([(0.5, False), (4, True), (0.1, False), (4, True), (1.5, False)]), 2)
    assert sum(int(fact.text) for fact in of(FinalHeard, facts)) == 8 * 16000
    first, second = of(FinalHeard, facts)
    assert second.start_ms >= first.end_ms - 1


async def test_speech_whose_packets_stop_is_ended_by_the_timer():
    ears = listener()
    for chunk in audio([(0.5, False), (1, True)]):
        ears.hear(chunk)
    assert ears.speaking
    assert of(SpeechStopped, ears.expire())
    facts = await run(ears, [], 1)
    assert of(FinalHeard, facts)[0].text == "16000"


async def test_a_cleared_utterance_gets_no_final():
    ears = listener()
    for chunk in audio([(0.5, False), (1, True)]):
        ears.hear(chunk)
    ears.clear()
    facts = await run(ears, audio([(1, False), (0.5, True), (1.5, False)], start=24000), 1)
    assert [fact.utterance for fact in of(FinalHeard, facts)] == [2]


class FirstSoundModel(FakeModel):
    """One word for each of ``levels``, which stands where the sound first is louder than that."""

    name = "first-sound"

    def __init__(self, *levels):
        self.levels = levels or (0.1,)

    def open_stream(self):
        return FirstSoundStream(self.levels)


class FirstSoundStream(CountingStream):
    def __init__(self, levels):
        super().__init__()
        self.levels, self.audio = levels, []

    def accept(self, samples, *, partial=True):
        self.audio.append(samples)
        return super().accept(samples, partial=partial)

    def finish(self):
        heard = np.abs(np.concatenate([*self.audio, [0.0]]))
        starts_ms = [int(np.argmax(heard > level)) // 16 for level in self.levels if heard.max() > level]
        words = tuple(Word("one", at_ms, at_ms + 100) for at_ms in starts_ms)
        return Transcript(" ".join(word.text for word in words), words)


async def test_speech_at_the_very_start_of_a_session_has_silence_in_front_and_right_word_times():
    ears = listener(model=FirstSoundModel())
    facts = await run(ears, audio([(1, True), (1.5, False), (1, True), (1.5, False)]), 2)
    first, second = of(FinalHeard, facts)
    assert of(SpeechStarted, facts)[0].at_ms == first.start_ms == 0
    assert first.words == (Word("one", 0, 100),)
    assert second.start_ms + second.words[0].start_ms == pytest.approx(2500, abs=1)


@pytest.mark.parametrize("lost_s", [0.1, 0.5])
async def test_lost_audio_inside_speech_leaves_word_times_right(lost_s):
    chunks = audio([(0.5, False), (3, True), (1.5, False)])
    louder_from = 125  # 2.5 s
    for chunk in chunks[louder_from:150]:
        chunk.samples[:] = 0.9
    lost = chunks[:75] + chunks[75 + round(lost_s / 0.02) :]
    facts = await run(listener(model=FirstSoundModel(0.1, 0.7)), lost, 1)
    (final,) = of(FinalHeard, facts)
    before, after = (final.start_ms + word.start_ms for word in final.words)
    assert before == pytest.approx(500, abs=1)
    assert after == pytest.approx(2500, abs=1)


async def test_of_speech_with_lost_audio_inside_everything_else_is_heard():
    ears = listener()
    chunks = audio([(0.5, False), (3, True), (1.5, False)])
    lost = chunks[:75] + chunks[100:]  # half a second is missing
    facts = await run(ears, lost, 1)
    assert of(SpeechStopped, facts)[0].at_ms >= 3500
    assert int(of(FinalHeard, facts)[0].text) >= 2.4 * 16000


async def test_a_recogniser_that_does_not_keep_up_holds_the_audio_back():
    ears = listener()
    for chunk in audio([(1, False), *[(0.5, True), (1.0, False)] * 10]):
        ears.hear(chunk)
    waiting = asyncio.create_task(ears.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    facts = await run(ears, [], 10)
    await waiting
    assert len(of(FinalHeard, facts)) == 10


async def test_partials_come_while_speech_goes_on():
    ears = listener()
    facts = []

    async def recognise():
        async for fact in ears.recognise():
            facts.append(fact)
            if isinstance(fact, FinalHeard):
                return

    task = asyncio.create_task(recognise())
    for chunk in audio([(0.5, False), (1, True), (1.5, False)]):
        ears.hear(chunk)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await task
    assert of(PartialHeard, facts)


def test_history_reads_by_position_and_fills_holes_with_silence():
    history = AudioHistory(1.0)
    history.add(AudioChunk(np.ones(100, np.float32), 0))
    history.add(AudioChunk(np.ones(100, np.float32), 200))
    assert history.between(50, 250).tolist() == [1.0] * 50 + [0.0] * 100 + [1.0] * 50


class SayingModel(FakeModel):
    """Says the same at every pause and at the end; counts how often it was asked."""

    def __init__(self, name, text):
        self.name, self.text, self.finished, self.samples = name, text, 0, 0

    def open_stream(self):
        return SayingStream(self)


class SayingStream(FakeStream):
    def __init__(self, model):
        self._model, self._samples = model, 0

    def accept(self, samples, *, partial=True):
        self._samples += int((np.abs(samples) > 0.1).sum())
        self._model.samples = self._samples

    def expected(self):
        return Transcript(self._model.text)

    def finish(self):
        self._model.finished += 1
        return Transcript(self._model.text)


def saying(text, second=None, means=detect):
    return listener(SayingModel("dictation", text), second=second, means=means)


async def live(ears, chunks, finals=1):
    """As ``run``, but the recogniser keeps up with the audio."""
    facts = []

    async def recognise():
        async for fact in ears.recognise():
            facts.append(fact)
            if sum(isinstance(fact, FinalHeard) for fact in facts) == finals:
                return

    task = asyncio.create_task(recognise())
    for chunk in chunks:
        facts += ears.hear(chunk)
        for _ in range(4):  # what was begun in the one worker is done, and has been looked at
            await asyncio.sleep(0)
            await ears._recogniser.run("test", lambda: int)
    await task
    return facts


async def test_a_whole_question_ends_sooner_than_a_sentence_that_is_not_finished():
    ends = {}
    for text in ("is there a mass", "there is a mass", "is there a"):
        facts = await live(saying(text), audio([(0.5, False), (1, True), (2, False)]))
        ends[text] = of(SpeechStopped, facts)[0].at_ms
    assert ends["is there a mass"] < ends["there is a mass"] < ends["is there a"]
    assert ends["is there a"] >= 1500 + 1300


async def test_the_silence_of_a_question_is_forgotten_when_speech_goes_on():
    pattern = [(0.5, False), (1, True), (0.35, False), (1, True), (2, False)]
    facts = await live(saying("is there a mass"), audio(pattern))
    kinds = [type(fact) for fact in facts]
    assert kinds.index(FinalExpected) < kinds.index(SpeechWentOn)
    assert kinds.count(FinalHeard) == 1
    assert kinds.count(SpeechStopped) == 1


async def test_what_looks_like_a_question_is_heard_again_once():
    second = SayingModel("general", "Is there a pneumothorax?")
    ears = saying("is there a new methorax", second)
    facts = await live(ears, audio([(0.5, False), (1, True), (2, False)]))
    (heard,) = of(FinalHeard, facts)
    assert (heard.text, heard.other) == (
        "Is there a pneumothorax?",
        Hearing("dictation", "is there a new methorax"),
    )
    assert second.finished == 1
    assert second.samples == 16000


async def test_dictation_is_not_heard_again():
    second = SayingModel("general", "Is there a pneumothorax?")
    facts = await live(
        saying("there is no pleural effusion", second),
        audio([(0.5, False), (1, True), (2, False)]),
    )
    (heard,) = of(FinalHeard, facts)
    assert (heard.text, heard.other, second.finished) == ("there is no pleural effusion", None, 0)


async def test_in_question_mode_everything_is_heard_again():
    second = SayingModel("general", "The left lung.")
    ears = saying("the left long", second)
    ears.question_mode = True
    facts = await live(ears, audio([(0.5, False), (1, True), (2, False)]))
    (heard,) = of(FinalHeard, facts)
    assert (heard.text, heard.other) == ("The left lung.", Hearing("dictation", "the left long"))


LOST = LostSound(2 * 16_000, 4 * 16_000, "network")


async def test_lost_sound_ends_what_was_said_and_stands_between_the_utterances():
    """Nothing is heard across it, and nothing is made of it: not by silence put in its place, either."""
    ears = listener()
    chunks = audio([(0.5, False), (4, True), (1.5, False)])
    facts = []
    for chunk in chunks:
        if chunk.start == LOST.start:
            facts += ears.lose(LOST)
        if not LOST.start <= chunk.start < LOST.end:
            facts += ears.hear(chunk)
    facts += await run(ears, [], 2)
    told = [fact for fact in facts if isinstance(fact, FinalHeard | SoundLost)]
    first, gap, second = told
    assert gap == SoundLost(2_000, 2_000)
    assert (first.lost_before, first.lost_after, first.cut) == (False, True, True)
    assert (second.lost_before, second.lost_after) == (True, False)
    assert first.end_ms <= 2_000 and second.start_ms >= 4_000
    assert abs(int(first.text) - 1.5 * 16_000) <= 512 and abs(int(second.text) - 0.5 * 16_000) <= 512


async def test_a_short_loss_is_bridged_and_one_in_silence_leaves_words_alone():
    ears = listener()
    assert ears.lose(LostSound(0, 1_600, "network")) == []
    ears = listener()
    chunks = audio([(1, True), (2, False), (1, True), (1.5, False)])
    facts = []
    for chunk in chunks:
        if chunk.start == LOST.start:
            facts += ears.lose(LostSound(LOST.start, LOST.start + 4_000, "network"))
        if not LOST.start <= chunk.start < LOST.start + 4_000:
            facts += ears.hear(chunk)
    facts += await run(ears, [], 2)
    first, _, second = [fact for fact in facts if isinstance(fact, FinalHeard | SoundLost)]
    assert not (first.lost_before or first.lost_after or second.lost_before or second.lost_after)


def test_the_audio_of_an_utterance_is_that_of_the_history():
    """Whole seconds of it are not copied: only what was heard before the utterance began is."""
    ears = listener()
    for chunk in audio([(0.5, False), (3, True)]):
        ears.hear(chunk)
    (utterance,) = ears._utterances
    pieces = {id(piece) for piece in utterance.audio}
    copied = [frame for frame in ears._history._frames if id(frame.samples) not in pieces]
    assert sum(len(frame.samples) for frame in copied) < 16_000
    assert sum(map(len, utterance.audio)) > 48_000
