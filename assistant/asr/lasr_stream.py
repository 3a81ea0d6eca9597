"""One utterance through LASR: tentative and stable text while speech goes on, a full-context final.

Partials come from steps over the newest audio with the left context remembered. A word becomes stable when a
step has settled it, with ``Preset.look_ahead`` frames of future, and every piece of it is likely, or when a
full-context pass at a pause has read it. Full-context passes run beside the partials, in the model's pool;
the one started at a pause *is* the final if no speech follows, and is ended at once if some does.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from assistant.asr.acoustic import Abort, Acoustic
from assistant.asr.base import Partial, Transcript
from assistant.asr.bundle import SUBSAMPLING, encoder_frames, mel_frames
from assistant.asr.calibration import Calibration
from assistant.asr.ctc import BestPath, LogProbs, TokenWord, collapse, covered, join_steps, spell, timed
from assistant.asr.features import Features, FeatureSettings, LogMel, frame_count
from assistant.asr.levels import gain_for, speech_end
from assistant.asr.windows import Window, decode_window, end_sample, full_context, windows
from assistant.audio.frames import SAMPLE_RATE_HZ, GrowingAudio, Samples

GAIN_SAMPLES = 10 * SAMPLE_RATE_HZ
"""The gain of an utterance is chosen from so much of its beginning."""
FRAME_SAMPLES = 640

PresetName = Literal["fast", "balanced", "accurate"]


@dataclass(frozen=True, slots=True)
class Preset:
    """All in encoder frames of 40 ms."""

    chunk: int
    """A step is made when so much is new."""
    look_ahead: int
    """Frames nearer to the edge than this are decoded again by the next step."""
    left: int
    """Left context."""
    sure: float = 0.7
    """Probability that the least likely piece of a stable word needs. Settled words are not decoded again, so
    waiting longer would change nothing: a word that is not sure waits for a full-context pass."""


PRESETS: dict[PresetName, Preset] = {
    "fast": Preset(chunk=8, look_ahead=8, left=100),
    "balanced": Preset(chunk=20, look_ahead=12, left=100),
    "accurate": Preset(chunk=16, look_ahead=25, left=150),
}


class WordDecoder(Protocol):
    """The final's decoding: greedy, or a beam with what it was told to expect."""

    def decode(self, log_probs: LogProbs) -> list[TokenWord]: ...


@dataclass(slots=True)
class Pace:
    """Larger, rarer steps while the machine is behind: a step of twice the size costs far less than twice."""

    chunk: int
    most: int = 50
    _now: int = field(init=False)

    def __post_init__(self) -> None:
        self._now = self.chunk

    def frames(self, waiting: int) -> int:
        """The number of new frames in the next step, given the number waiting."""
        if waiting > 2 * self._now:
            self._now = min(self.most, 2 * self._now)
        elif waiting <= self._now + 2 and self._now > self.chunk:
            self._now = max(self.chunk, self._now - 2)
        return self._now


@dataclass(frozen=True, slots=True)
class _Pass:
    """A full-context pass over the first ``end`` samples, on its way."""

    end: int
    abort: Abort
    words: Future[list[TokenWord]]


class LasrStream:
    """See ``AsrStream``. ``pool`` runs the passes; the calls themselves come from one worker at a time."""

    def __init__(
        self,
        acoustic: Acoustic,
        *,
        pieces: tuple[str, ...],
        features: FeatureSettings,
        preset: Preset,
        decoder: WordDecoder,
        pool: Executor,
        confidence: Callable[[float], float] | None = None,
    ) -> None:
        self._acoustic, self._pieces, self._features = acoustic, pieces, features
        self._preset, self._decoder, self._pool = preset, decoder, pool
        self._confidence = confidence or Calibration()
        self._pace = Pace(preset.chunk)
        self._audio = GrowingAudio()
        self._heard = 0  # samples that are features
        self._gain = float("inf")  # of the partials; it only falls
        self._log_mel = LogMel(features)
        self._feats: Features = np.zeros((0, features.mel_bins), np.float32)  # from the first uncommitted
        self._steps = acoustic.open_steps(preset.left)
        self._committed = BestPath.empty()
        self._ahead = BestPath.empty()
        self._stable: list[TokenWord] = []
        self._confirmed: tuple[int, list[TokenWord]] = (0, [])  # by a full-context pass, up to this frame
        self._pass: _Pass | None = None
        self._windows: dict[Window, tuple[Abort, Future[LogProbs]]] = {}

    @property
    def nbytes(self) -> int:
        """Memory of this stream's state, the audio included."""
        return self._steps.nbytes + self._feats.nbytes + self._audio.nbytes

    # --- partials ---

    def wants(self, samples: int) -> bool:
        return True

    def accept(self, samples: Samples, *, partial: bool = True) -> Partial | None:
        if not len(samples):
            return None
        self._audio.add(samples)
        if not partial:
            return None
        self._end_pass()
        self._decode_whole_windows()
        if not self._step():
            return None
        return self._partial()

    def _step(self) -> bool:
        """Decode what is new, if it is enough."""
        waiting = (len(self._audio) - self._heard) // FRAME_SAMPLES + encoder_frames(len(self._feats))
        new = waiting - len(self._ahead)
        if new < self._pace.frames(new):
            return False
        self._hear()
        frames = encoder_frames(len(self._feats))
        if not frames:
            return False
        decoded = BestPath.of(self._steps.decode(self._feats[: mel_frames(frames)]))
        path = join_steps(self._committed, self._ahead, decoded)
        settled = max(0, frames - self._preset.look_ahead)
        self._steps.commit(settled)
        self._feats = self._feats[settled * SUBSAMPLING :]
        self._committed += path[:settled]
        self._ahead = path[settled:]
        return True

    def _hear(self) -> None:
        """New audio to features. A gain that only ever falls cannot pump."""
        audio = self._audio.samples
        if len(audio) <= GAIN_SAMPLES or np.isinf(self._gain):
            self._gain = min(self._gain, gain_for(audio[:GAIN_SAMPLES]))
        new, self._heard = audio[self._heard :], len(audio)
        louder = new if self._gain == 1 else new * np.float32(self._gain)
        self._feats = np.concatenate([self._feats, self._log_mel.push(louder)])

    def _partial(self) -> Partial:
        """The line as it is now: frozen words, then those of the best source for each stretch of time."""
        until, confirmed = self._take_confirmed()
        heard = spell(collapse(self._committed + self._ahead), self._pieces)
        words = [*confirmed, *heard[covered(confirmed, heard, until) :]]
        frozen = self._stable[-1].tokens[-1].last if self._stable else -1
        rest = words[covered(self._stable, words, frozen + 1) :]
        while len(rest) > 1 and self._holds(rest[0], rest[1], until):
            self._stable.append(rest.pop(0))
        stable = " ".join(word.text for word in self._stable)
        tentative = " ".join(word.text for word in rest)
        return Partial(stable, f" {tentative}" if stable and tentative else tentative)

    def _holds(self, word: TokenWord, following: TokenWord, confirmed_until: int) -> bool:
        if word.tokens[-1].last < confirmed_until:
            return True
        settled = following.tokens[0].first < len(self._committed)
        unclosed = word.text[0] in "{[" and word.text[-1] not in "}]"
        return settled and word.probability >= self._preset.sure and not unclosed

    def _take_confirmed(self) -> tuple[int, list[TokenWord]]:
        """The text of the full-context passes at pauses so far."""
        done = self._pass
        if done and done.words.done() and not done.words.cancelled() and done.words.exception() is None:
            self._confirmed = (encoder_frames_in(done.end), done.words.result())
        return self._confirmed

    # --- finals ---

    def prepare_final(self) -> None:
        """Starts the full-context pass in the pool and returns."""
        audio, end = self._whole()
        if self._pass and self._pass.end == end and not self._pass.abort.is_set:
            return
        self._end_pass()
        abort = Abort()
        known = self._finished_windows()
        self._pass = _Pass(end, abort, self._pool.submit(self._read, audio[:end], known, abort))

    @property
    def preparing(self) -> bool:
        """A full-context pass is under way."""
        return self._pass is not None and not self._pass.words.done()

    def expected(self) -> Transcript | None:
        done = self._pass
        if done is None or not done.words.done() or done.words.cancelled() or done.words.exception():
            return None
        return self._transcript(done.words.result())

    def finish(self) -> Transcript:
        audio, end = self._whole()
        prepared = self._pass
        if prepared and prepared.end == end and not prepared.abort.is_set:
            return self._transcript(prepared.words.result())
        self._end_pass()
        return self._transcript(self._read(audio[:end], self._finished_windows(), None))

    def _transcript(self, words: list[TokenWord]) -> Transcript:
        return Transcript(" ".join(word.text for word in words), timed(words, self._confidence))

    def _whole(self) -> tuple[Samples, int]:
        audio = self._audio.samples
        return audio, speech_end(audio)

    def _read(self, audio: Samples, known: dict[Window, LogProbs], abort: Abort | None) -> list[TokenWord]:
        """Full context over ``audio``, in a worker."""
        if not encoder_frames_in(len(audio)):
            return []
        louder = _lifted(audio)
        return self._decoder.decode(full_context(self._acoustic, louder, self._features, known, abort))

    def _decode_whole_windows(self) -> None:
        """In long speech, the full-context windows that are complete: at the end only the last is left."""
        frames = encoder_frames_in(len(self._audio))
        for window in windows(frames)[:-1]:
            if window not in self._windows:
                abort = Abort()
                audio = self._audio.samples[: end_sample(window, self._features)]
                future = self._pool.submit(self._read_window, audio, window, abort)
                self._windows[window] = (abort, future)

    def _read_window(self, audio: Samples, window: Window, abort: Abort) -> LogProbs:
        return decode_window(self._acoustic, _lifted(audio), self._features, window, abort)

    def _finished_windows(self) -> dict[Window, LogProbs]:
        return {
            window: future.result()
            for window, (_, future) in self._windows.items()
            if future.done() and future.exception() is None
        }

    def _end_pass(self) -> None:
        """Speech goes on: a pass that is still running is for nothing; one that is done has been read."""
        if self._pass and not self._pass.words.done():
            self._pass.abort.set()
            self._pass = None


def _lifted(audio: Samples) -> Samples:
    """At the utterance's own gain."""
    gain = gain_for(audio[:GAIN_SAMPLES])
    return audio if gain == 1 else audio * np.float32(gain)


def encoder_frames_in(samples: int) -> int:
    """Encoder frames that so many samples give."""
    return encoder_frames(frame_count(samples))
