"""Silero VAD (ONNX): weights shared by all streams, state per stream."""

from pathlib import Path

import numpy as np
import onnxruntime as ort

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples

FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""Each frame is preceded by the last samples of the one before; without them the model hears nothing."""


class SileroModel:
    """The loaded weights; ``open`` makes a detector for one stream."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def open(self) -> "SileroVad":
        return SileroVad(self._session)


class SileroVad:
    """Speech probability per 32 ms frame; about 0.3 ms of CPU each."""

    frame_samples = FRAME_SAMPLES

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._rate = np.array(SAMPLE_RATE_HZ, np.int64)
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)

    def probability(self, frame: Samples) -> float:
        """``frame``: [512] float32. What is not finite counts as silence."""
        frame = np.nan_to_num(frame, posinf=0.0, neginf=0.0)
        audio = np.concatenate([self._context, frame])[None]
        inputs = {"input": audio, "state": self._state, "sr": self._rate}
        output, self._state = self._session.run(None, inputs)
        self._context = frame[-CONTEXT_SAMPLES:]
        return float(output[0, 0])
