"""MedASR, or any LASR exported with ``assistant models export``, as a recogniser shared by all sessions."""

import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assistant import telemetry
from assistant.asr.acoustic import Provider, open_acoustic
from assistant.asr.base import Transcript
from assistant.asr.bundle import Precision, open_bundle
from assistant.asr.ctc import BestPath, LogProbs, TokenWord, collapse, spell
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

    def __init__(
        self,
        folder: Path,
        *,
        preset: PresetName = "balanced",
        precision: Precision | None = None,
        provider: Provider = "cpu",
        threads: int = 1,
        workers: int = 2,
    ) -> None:
        bundle = open_bundle(folder, precision)
        self.name = bundle.name
        self._pieces, self._features = bundle.tokens, bundle.features
        self._acoustic = open_acoustic(bundle, provider=provider, threads=threads)
        self._preset = PRESETS[preset]
        self._decoder: WordDecoder = GreedyDecoder(bundle.tokens)
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
        )
        self._streams.add(stream)
        return stream

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
