"""Moonshine (encoder-decoder, English) on plain onnxruntime.

Partials read the audio so far with the last partial as a guess, so that little is decoded anew. The final is
a function of the audio alone, whatever partials there were: a beam search with the words to expect, word
times from the decoder's attention, confidences from its probabilities, and other readings of doubtful words.
"""

import copy
import time
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.asr.base import Partial, Transcript, Word
from assistant.asr.calibration import Calibration
from assistant.asr.expected_words import ExpectedWords
from assistant.asr.hotwords import check_phrases
from assistant.asr.hypothesis import Hypothesis
from assistant.asr.load import cores
from assistant.asr.moonshine_attention import Aligner, Place
from assistant.asr.moonshine_graph import FRAME_MS, Audio, MoonshineGraph
from assistant.asr.moonshine_search import BeamSearch, Heard, SearchSettings, likeliest, rival
from assistant.asr.moonshine_tokens import Pieces, Spelled
from assistant.asr.repeats import Repeat, find_repeats
from assistant.asr.same_reading import says_the_same
from assistant.asr.seams import BEYOND_SAMPLES, after_cut, before_cut
from assistant.audio.frames import SAMPLE_RATE_HZ, GrowingAudio, Samples
from assistant.errors import BadInput, Missing

FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
TOKENS_PER_S = 9.0
"""More than this is the model repeating itself. Drugs that are dictated fast have up to 8.4, and three of a
hundred synthetic clips more than 6.5: a lower limit cuts off their last word."""
SHORTEST_S = 0.1
LEVEL_MS = 20
LEVEL_SAMPLES = LEVEL_MS * SAMPLE_RATE_HZ // 1000
FIRST_PARTIAL_S = 0.4
PARTIAL_EVERY_S = 0.3
PARTIAL_SHARE, PARTIALS_OF_ALL = 0.15, 0.5
"""Partials of a stream may take this share of a core, and those of all streams this share of the machine: the
longer the utterance and the more people speak, the rarer they get."""
SILENT_RMS = 1e-4
"""Quieter audio is silence. Speech at ten times this level (a microphone turned down) is still understood."""
NOISE_SPREAD = 1.25
"""Loud over quiet parts of steady noise, on which this model invents sentences. Measured: white noise up to
1.12, speech under pink noise 5 dB stronger at least 1.31, clean speech 3.9."""
LONE_YOU_SPREAD = 2.5
"""Under this, "You" and nothing else is what the model says to uneven noise."""
LOOP_WORDS, LOOP_TIMES, LONG_LOOP_TIMES = 8, 3, 2
"""Repetitions that make a stretch be decoded again in halves; for four words and more, one repetition."""
SHORTEST_HALF_S = 2.0
SURE = 0.5
"""Probability that a word of a partial needs to become stable: the final may choose another."""
DOUBT = 0.49
"""Confidence of a word that only the beam or the expected words decided, and the most for one in a circle:
under what the page marks (``mark_below``)."""
RIVAL_BELOW, RIVAL_MARGIN, MOST_RIVALS = 0.8, 0.7, 6
"""Words less likely are asked for what else they may have been; it counts if it is half as likely as the word
(natural logarithm). So many of an utterance at most, the least likely first."""
QUIET_SHARE = 0.1
"""Share of the level of loud parts; anything quieter at a word's edge is not part of the word."""
GAP_LEVELS = 10
"""20 ms each. A word has no such silence in it."""
CONFIDENCE = Calibration(scale=0.62, shift=-0.01)
"""Fitted on 621 words of synthetic dictation in noise as loud as the speech, 60 % of them right; in clear
speech it errs towards doubt (docs/decisions/0040). The voices are not those of the test."""
USUAL_SEARCH = SearchSettings()


def is_moonshine(folder: Path) -> bool:
    """Whether a bundle is a Moonshine; all others are LASR's."""
    return (folder / FILES[1]).is_file()


class MoonshineModel:
    """Shared by all sessions. Raises ``Missing`` if the files are not there.

    ``vocabulary`` and ``phrases`` are expected beside what ``expecting`` gets; ``search.bonus`` 0 switches
    all of them off. Raises ``BadInput`` (``hotwords_invalid``).
    """

    takes_phrases = True
    times_words = True

    def __init__(
        self,
        folder: Path,
        *,
        vocabulary: Sequence[str] = (),
        phrases: Sequence[str] = (),
        search: SearchSettings = USUAL_SEARCH,
    ) -> None:
        files = [folder / n for n in FILES]
        for file in files:
            if not file.is_file():
                raise Missing(f"{file.name} is not in the bundle {folder.name}.", code="model_missing")
        self.name = folder.name
        self._graph = MoonshineGraph(files[0], files[1])
        self._aligner = Aligner(files[1])
        self._pieces = Pieces(files[2].read_bytes())
        self._settings = search
        self.speaking: weakref.WeakSet[MoonshineStream] = weakref.WeakSet()
        self._expected = [
            ExpectedWords(check_phrases(each), self._pieces.encode) for each in (vocabulary, phrases)
        ]
        self._search = BeamSearch(self._pieces, search, self._expected)

    def open_stream(self) -> "MoonshineStream":
        return MoonshineStream(self)

    def partial_share(self) -> float:
        """The share of a core that the partials of one of those who speak now may take."""
        return min(PARTIAL_SHARE, PARTIALS_OF_ALL * cores() / max(1, len(self.speaking)))

    def expecting(self, phrases: Sequence[str], context: Sequence[str] = ()) -> "MoonshineModel":
        """These phrases and words beside those of the settings; weights are shared. The tree is made in a
        worker, when the first final needs it."""
        if not phrases and not context:
            return self
        other = copy.copy(self)
        more = ExpectedWords((*check_phrases(phrases), *context), self._pieces.encode)
        other._search = BeamSearch(self._pieces, self._settings, [*self._expected, more])
        return other

    def transcribe(self, samples: Samples) -> str:
        """The text of ``hear``."""
        return self.hear(samples).text

    def hear(self, samples: Samples) -> Transcript:
        """One utterance, [n] at 16 kHz, best under 15 s. Raises ``BadInput`` (``audio_not_finite``)."""
        if not np.isfinite(samples).all():
            raise BadInput("The audio holds values that are not numbers.", code="audio_not_finite")
        words = self._words(samples)
        if not _is_speech(samples, " ".join(word.text for word in words)):
            return Transcript("")
        words = _with_doubt(words, [_span(words, loop) for loop in _loops(words)])
        return Transcript(" ".join(word.text for word in words), tuple(words))

    def guess(self, samples: Samples, last: Sequence[int]) -> tuple[list[int], list[Spelled], list[float]]:
        """A partial: its tokens, its words and how likely each is. ``last``: the tokens of the one before."""
        if _is_silent(samples):
            return [], [], []
        found = likeliest(self._graph, self._pieces, self._graph.encode(samples), _most_tokens(samples), last)
        words = self._pieces.words(found.tokens)
        if not _is_speech(samples, " ".join(word.text for word in words)):
            return found.tokens, [], []
        return found.tokens, words, [self._likely(word, found.tokens, found.likely) for word in words]

    def _words(self, samples: Samples) -> list[Word]:
        """With times from the first sample. What goes round in a circle is decoded again in halves."""
        if _is_silent(samples):
            return []
        audio = self._graph.encode(samples)
        most = _most_tokens(samples)
        tokens = self._search.best(self._graph, audio, most)
        words = self._described(audio, samples, tokens)
        loops = _loops(words)
        too_short = len(samples) < 2 * SHORTEST_HALF_S * SAMPLE_RATE_HZ
        if too_short or not (loops or len(tokens) == most):
            return words
        return _with_doubt(self._in_halves(samples), [_span(words, loop) for loop in loops])

    def _in_halves(self, samples: Samples) -> list[Word]:
        cut = _quietest(samples)
        # a half is shorter than the whole
        overlap = min(BEYOND_SAMPLES, len(samples) // 6)
        start = cut - overlap
        kept = before_cut(self._words(samples[: cut + overlap]), _ms(cut))
        later = [word.later(_ms(start)) for word in self._words(samples[start:])]
        return [*kept, *after_cut(kept, later)]

    def _described(self, audio: Audio, samples: Samples, tokens: Sequence[int]) -> list[Word]:
        """The words of ``tokens`` with times, confidences and, where in doubt, other readings."""
        spelled = self._pieces.words(tokens)
        if not spelled:
            return []
        heard = Heard.of(self._graph, self._pieces, audio, tokens)
        probabilities = [self._likely(word, tokens, heard.likely) for word in spelled]
        places = self._aligner.places(tokens, heard.cache)
        loud = _loud(samples)
        words: list[Word] = []
        for word, probability in zip(spelled, probabilities, strict=True):
            start_ms, end_ms = _where_loud(loud, places[word.first], places[word.end - 1])
            words.append(Word(word.text, start_ms, end_ms, round(CONFIDENCE(probability), 3)))
        least_likely = sorted(range(len(spelled)), key=lambda at: probabilities[at])
        for at in least_likely[:MOST_RIVALS]:
            if probabilities[at] < RIVAL_BELOW:
                words[at] = self._contested(words[at], spelled[at], heard)
        return words

    def _contested(self, word: Word, spelled: Spelled, heard: Heard) -> Word:
        """With its other reading, if one is near."""
        other = rival(self._graph, self._pieces, heard, spelled)
        if other is None or other.margin > RIVAL_MARGIN or says_the_same(other.text, word.text):
            return word
        word = replace(word, alternatives=(other.text,))
        return replace(word, confidence=DOUBT) if other.margin < 0 else word

    def _likely(self, word: Spelled, tokens: Sequence[int], likely: Sequence[float]) -> float:
        """Probability of a word: of all its tokens that are letters or digits."""
        places = range(word.first, word.end)
        return float(np.exp(sum(likely[at] for at in places if self._pieces.is_said[tokens[at]])))


class MoonshineStream:
    """One utterance."""

    def __init__(self, model: MoonshineModel) -> None:
        self._model = model
        self._audio = GrowingAudio()
        self._hypothesis = Hypothesis()
        self._last: list[int] = []
        self._next_at = int(FIRST_PARTIAL_S * SAMPLE_RATE_HZ)
        self._prepared: tuple[int, Transcript] | None = None  # (samples, what was heard)

    def wants(self, samples: int) -> bool:
        return samples >= self._next_at

    def accept(self, samples: Samples, *, partial: bool = True) -> Partial | None:
        self._audio.add(samples)
        (self._model.speaking.add if partial else self._model.speaking.discard)(self)
        if not partial or len(self._audio) < self._next_at:
            return None
        started = time.perf_counter()
        self._last, words, likely = self._model.guess(self._audio.samples, self._last)
        cost_s = time.perf_counter() - started
        wait_s = max(PARTIAL_EVERY_S, cost_s / self._model.partial_share())
        self._next_at = len(self._audio) + int(wait_s * SAMPLE_RATE_HZ)
        doubtful = [at for at, each in enumerate(likely) if each < SURE]
        return self._hypothesis.update(" ".join(word.text for word in words), doubtful)

    def prepare_final(self) -> None:
        self._prepared = (len(self._audio), self._model.hear(self._audio.samples))

    def expected(self) -> Transcript | None:
        return self._prepared[1] if self._prepared else None

    def finish(self) -> Transcript:
        """Uses what was prepared when only silence has come since: the caller prepares at a pause, and again
        after speech has gone on."""
        if self._prepared is not None and _quiet(self._audio.samples, self._prepared[0]):
            return self._prepared[1]
        return self._model.hear(self._audio.samples)


def _most_tokens(samples: Samples) -> int:
    return max(1, int(len(samples) / SAMPLE_RATE_HZ * TOKENS_PER_S))


def _is_silent(samples: Samples) -> bool:
    short = len(samples) < SHORTEST_S * SAMPLE_RATE_HZ
    return short or _rms(samples) < SILENT_RMS or _spread(samples) < NOISE_SPREAD


def _is_speech(samples: Samples, text: str) -> bool:
    """Not what the model says to a breath, a cut word (".") or noise ("You")."""
    if not any(letter.isalnum() for letter in text):
        return False
    return text.strip(".,!? ").lower() != "you" or _spread(samples) >= LONE_YOU_SPREAD


def _loops(words: Sequence[Word]) -> list[Repeat]:
    return find_repeats([word.text for word in words], LOOP_WORDS, LOOP_TIMES, LONG_LOOP_TIMES)


def _span(words: Sequence[Word], loop: Repeat) -> tuple[int, int]:
    return words[loop.first].start_ms, words[loop.end - 1].end_ms


def _with_doubt(words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> list[Word]:
    """Marks the words in the spans (ms), which were heard as a loop, as doubtful."""
    return [
        replace(word, confidence=min(word.confidence or 0.0, DOUBT))
        if any(word.start_ms < end_ms and start_ms < word.end_ms for start_ms, end_ms in spans)
        else word
        for word in words
    ]


def _quiet(audio: Samples, since: int) -> bool:
    """True if all that follows sample ``since`` is far quieter than what precedes it: a short last word
    counts, however long the silence around it."""
    if since == len(audio):
        return True
    return float(_levels(audio[since:]).max()) < 0.25 * _rms(audio[:since]) + 1e-9


def _quietest(samples: Samples) -> int:
    """The sample in the middle third around which 100 ms are quietest."""
    levels = np.convolve(_levels(samples), np.ones(5), mode="same")
    third = len(levels) // 3
    return (third + int(levels[third : 2 * third].argmin())) * LEVEL_SAMPLES + LEVEL_SAMPLES // 2


def _loud(samples: Samples) -> npt.NDArray[np.bool_]:
    """A mask per 20 ms: True where a word may be."""
    levels = _levels(samples)
    return np.asarray(levels > QUIET_SHARE * float(np.percentile(levels, 90)))


def _where_loud(loud: npt.NDArray[np.bool_], first: Place, last: Place) -> tuple[int, int]:
    """From ``first`` to ``last`` in ms, without what is quiet at the edges, or lies behind a gap."""
    start, end = (int(frame * FRAME_MS) // LEVEL_MS for frame in (first.first, last.end))
    start_at = _edge(loud, range(int(first.peak * FRAME_MS) // LEVEL_MS, start - 1, -1))
    end_at = _edge(loud, range(int(last.peak * FRAME_MS) // LEVEL_MS, max(end, start + 1)))
    return start_at * LEVEL_MS, max(end_at, start_at) * LEVEL_MS + LEVEL_MS


def _edge(loud: npt.NDArray[np.bool_], way: range) -> int:
    """The last loud place on the way that no gap is before."""
    edge, quiet = way.start, 0
    for at in way:
        quiet = 0 if at < len(loud) and loud[at] else quiet + 1
        if quiet >= GAP_LEVELS:
            break
        if not quiet:
            edge = at
    return edge


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def _levels(samples: Samples) -> Samples:
    """RMS of each 20 ms, [ceil(n / 320)]; the end is filled up with silence."""
    frames = np.pad(samples, (0, -len(samples) % LEVEL_SAMPLES)).reshape(-1, LEVEL_SAMPLES)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)), np.float32)


def _spread(samples: Samples) -> float:
    """Ratio of loud to quiet parts: the 90th over the 10th percentile of the levels of 20 ms."""
    quiet, loud = np.percentile(_levels(samples[: len(samples) // LEVEL_SAMPLES * LEVEL_SAMPLES]), [10, 90])
    return float(loud / (quiet + 1e-9))


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ
