"""MedASR, or any LASR exported with ``assistant models export``, as a recogniser shared by all sessions."""

import copy
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assistant import telemetry
from assistant.asr.acoustic import Provider, open_acoustic
from assistant.asr.base import Transcript
from assistant.asr.beam import BeamDecoder, BeamSettings
from assistant.asr.bundle import Precision, open_bundle
from assistant.asr.calibration import Calibration
from assistant.asr.ctc import BestPath, LogProbs, TokenWord, collapse, spell
from assistant.asr.hotwords import Hotwords, check_phrases
from assistant.asr.language_model import open_language_model
from assistant.asr.lasr_stream import PRESETS, LasrStream, PresetName, WordDecoder
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.errors import BadInput


class GreedyDecoder:
    """The best piece of each frame."""

    def __init__(self, pieces: tuple[str, ...]) -> None:
        self._pieces = pieces

    def decode(self, log_probs: LogProbs) -> list[TokenWord]:
        return spell(collapse(BestPath.of(log_probs)), self._pieces)


class MedAsrModel:
    """Raises as ``open_bundle`` and ``open_acoustic``. ``workers`` full-context passes run at once."""

    takes_phrases = True
    times_words = True

    def __init__(
        self,
        folder: Path,
        *,
        preset: PresetName = "balanced",
        precision: Precision | None = None,
        provider: Provider = "cpu",
        threads: int = 1,
        workers: int = 2,
        batch: int = 1,
        phrases: Sequence[str] = (),
        language_model: Path | None = None,
        beam: BeamSettings | None = None,
    ) -> None:
        bundle = open_bundle(folder, precision)
        self.name = bundle.name
        self._pieces, self._features = bundle.tokens, bundle.features
        self._confidence = (bundle.info and bundle.info.confidence) or Calibration()
        self._acoustic = open_acoustic(bundle, provider=provider, threads=threads, batch=batch)
        self._preset = PRESETS[preset]
        self._beam, self._phrases = beam or BeamSettings(), check_phrases(phrases)
        self._lm = open_language_model(language_model, bundle.tokens) if language_model else None
        self._decoder = self._new_decoder(self._phrases)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="asr-pass")
        self._streams: weakref.WeakSet[LasrStream] = weakref.WeakSet()
        telemetry.asr_state_bytes.set_function(self.state_bytes)

    def open_stream(self) -> LasrStream:
        stream = LasrStream(
            self._acoustic,
            pieces=self._pieces,
            features=self._features,
            preset=self._preset,
            decoder=self._decoder,
            pool=self._pool,
            confidence=self._confidence,
        )
        self._streams.add(stream)
        return stream

    def expecting(self, phrases: Sequence[str], context: Sequence[str] = ()) -> "MedAsrModel":
        """These phrases beside those of the settings; weights and workers are shared. ``context`` is left
        aside: nothing here keeps it from deciding between words that sound alike."""
        del context
        other = copy.copy(self)
        other._decoder = self._new_decoder((*self._phrases, *check_phrases(phrases)))
        return other

    def _new_decoder(self, phrases: Sequence[str]) -> WordDecoder:
        """Greedy, unless there is something that only a beam can use."""
        if not phrases and self._lm is None:
            return GreedyDecoder(self._pieces)
        hotwords = Hotwords(phrases) if phrases else None
        return BeamDecoder(self._pieces, self._beam, hotwords=hotwords, language_model=self._lm)

    def state_bytes(self) -> float:
        """Memory that the streams alive take, audio included."""
        return float(sum(stream.nbytes for stream in list(self._streams)))

    def transcribe(self, samples: Samples, rate_hz: int = SAMPLE_RATE_HZ) -> Transcript:
        """Offline decoding of [n] samples: what a stream's final is, word for word.

        Raises ``BadInput`` (``sample_rate_wrong``, ``audio_not_finite``).
        """
        if rate_hz != SAMPLE_RATE_HZ:
            raise BadInput(
                f"The recogniser takes {SAMPLE_RATE_HZ} Hz, not {rate_hz}. Resample first.",
                code="sample_rate_wrong",
            )
        stream = self.open_stream()
        stream.accept(samples, partial=False)
        return stream.finish()
