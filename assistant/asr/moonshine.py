"""Moonshine (encoder-decoder, general English) on plain onnxruntime.

The audio so far is decoded again for every partial: cheap on short utterances, since its cost grows with
their length. The model has no word times and no confidences, so there are none.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from assistant.asr.base import Partial, Transcript
from assistant.asr.hypothesis import Hypothesis
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.errors import BadInput, Missing

START_TOKEN, STOP_TOKEN = 1, 2
TOKENS_PER_S = 6.5
"""More than this is the model repeating itself."""
SHORTEST_S = 0.1
LEVEL_SAMPLES = SAMPLE_RATE_HZ // 50
LAYERS, HEADS, HEAD_SIZE = 6, 8, 36
"""Of the tiny model's decoder."""
FIRST_PARTIAL_S = 0.4
PARTIAL_EVERY_S = 0.3
PARTIAL_SHARE = 0.35
"""Partials may take this share of a core: the longer the utterance, the rarer they get."""
SILENT_RMS = 1e-4
"""Quieter audio is silence. Speech at ten times this level (a microphone turned down) is still understood."""
NOISE_SPREAD = 1.25
"""Loud over quiet parts of steady noise, on which this model invents sentences. Measured: white noise up to
1.12, speech under pink noise 5 dB stronger at least 1.31, clean speech 3.9."""
LONE_YOU_SPREAD = 2.5
"""Under this, "You" and nothing else is what the model says to uneven noise."""


class MoonshineModel:
    """The tiny English model, shared by all sessions. Raises ``Missing`` if the files are not there."""

    name = "moonshine-tiny-en"
    takes_phrases = False

    def __init__(self, folder: Path) -> None:
        files = [folder / n for n in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")]
        for file in files:
            if not file.is_file():
                raise Missing(f"{file.name} is not in the bundle {folder.name}.", code="model_missing")
        self._encoder, self._decoder = _session(files[0]), _session(files[1])
        self._pieces = read_tokenizer(files[2].read_bytes())
        self._past_names = [
            i.name for i in self._decoder.get_inputs() if i.name.startswith("past_key_values")
        ]

    def open_stream(self) -> "MoonshineStream":
        return MoonshineStream(self)

    def expecting(self, phrases: Sequence[str]) -> "MoonshineModel":
        if phrases:
            raise BadInput(f"{self.name} cannot be given words to expect.", code="hotwords_not_supported")
        return self

    def transcribe(self, samples: Samples) -> str:
        """One utterance, [n] at 16 kHz, best under 15 s. Raises ``BadInput`` (``audio_not_finite``)."""
        if not np.isfinite(samples).all():
            raise BadInput("The audio holds values that are not numbers.", code="audio_not_finite")
        seconds = len(samples) / SAMPLE_RATE_HZ
        if seconds < SHORTEST_S or _rms(samples) < SILENT_RMS:
            return ""
        spread = _spread(samples)
        if spread < NOISE_SPREAD:
            return ""
        text = self._text(self._decode(samples, max(1, int(seconds * TOKENS_PER_S))))
        if not any(letter.isalnum() for letter in text):  # a breath or a cut word is "." now and then
            return ""
        return "" if spread < LONE_YOU_SPREAD and text.strip(".,!? ").lower() == "you" else text

    def _decode(self, samples: Samples, longest: int) -> list[int]:
        mask = np.ones((1, len(samples)), np.int64)
        inputs = {"input_values": samples[None].astype(np.float32), "attention_mask": mask}
        wanted = {i.name for i in self._encoder.get_inputs()}
        (hidden,) = self._encoder.run(None, {k: v for k, v in inputs.items() if k in wanted})
        past = {n: np.zeros((0, HEADS, 1, HEAD_SIZE), np.float32) for n in self._past_names}
        names = [o.name for o in self._decoder.get_outputs()]
        decoder_wants = {i.name for i in self._decoder.get_inputs()}
        tokens = [START_TOKEN]
        for step in range(longest):
            feed = {
                "input_ids": np.array([[tokens[-1]]], np.int64),
                "encoder_hidden_states": hidden,
                "encoder_attention_mask": mask,
                "use_cache_branch": np.array([step > 0]),
                **past,
            }
            out = dict(
                zip(
                    names,
                    self._decoder.run(None, {k: v for k, v in feed.items() if k in decoder_wants}),
                    strict=True,
                )
            )
            token = int(out["logits"][0, -1].argmax())
            if token == STOP_TOKEN:
                break
            tokens.append(token)
            for name in self._past_names:
                if step == 0 or ".decoder." in name:
                    past[name] = out[name.replace("past_key_values", "present")]
        return tokens[1:]

    def _text(self, tokens: list[int]) -> str:
        joined = b"".join(self._pieces[t] for t in tokens if t < len(self._pieces))
        return joined.decode("utf-8", "ignore").replace("\u2581", " ").strip()


class MoonshineStream:
    """One utterance."""

    def __init__(self, model: MoonshineModel) -> None:
        self._model = model
        self._audio = np.zeros(0, np.float32)
        self._hypothesis = Hypothesis()
        self._next_at = int(FIRST_PARTIAL_S * SAMPLE_RATE_HZ)
        self._prepared: tuple[int, str] | None = None  # (samples, text)

    def accept(self, samples: Samples, *, partial: bool = True) -> Partial | None:
        self._audio = np.concatenate([self._audio, samples])
        if not partial or len(self._audio) < self._next_at:
            return None
        started = time.perf_counter()
        text = self._model.transcribe(self._audio)
        cost_s = time.perf_counter() - started
        wait_s = max(PARTIAL_EVERY_S, cost_s / PARTIAL_SHARE)
        self._next_at = len(self._audio) + int(wait_s * SAMPLE_RATE_HZ)
        return self._hypothesis.update(text)

    def prepare_final(self) -> None:
        self._prepared = (len(self._audio), self._model.transcribe(self._audio))

    def expected(self) -> Transcript | None:
        return Transcript(self._prepared[1]) if self._prepared else None

    def finish(self) -> Transcript:
        """Uses the prepared text when only silence has come since: the caller prepares at a pause, and again
        after speech has gone on."""
        if self._prepared is not None and _quiet(self._audio, self._prepared[0]):
            return Transcript(self._prepared[1])
        return Transcript(self._model.transcribe(self._audio))


def _quiet(audio: Samples, since: int) -> bool:
    """True if all that follows sample ``since`` is far quieter than what precedes it: a short last word
    counts, however long the silence around it."""
    if since == len(audio):
        return True
    return float(_levels(audio[since:]).max()) < 0.25 * _rms(audio[:since]) + 1e-9


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def _levels(samples: Samples) -> Samples:
    """RMS of each 20 ms, [ceil(n / 320)]; the end is filled up with silence."""
    frames = np.pad(samples, (0, -len(samples) % LEVEL_SAMPLES)).reshape(-1, LEVEL_SAMPLES)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)), np.float32)


def _spread(samples: Samples) -> float:
    """How far loud and quiet parts are apart: the 90th over the 10th percentile of the levels of 20 ms."""
    quiet, loud = np.percentile(_levels(samples[: len(samples) // LEVEL_SAMPLES * LEVEL_SAMPLES]), [10, 90])
    return float(loud / (quiet + 1e-9))


def read_tokenizer(data: bytes) -> list[bytes]:
    """``tokenizer.bin``: for each token its length (one byte, or two with the high bit set) and its bytes."""
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        size = data[at]
        at += 1
        if size >= 128:
            size = size - 128 + data[at] * 128
            at += 1
        pieces.append(data[at : at + size])
        at += size
    return pieces


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
