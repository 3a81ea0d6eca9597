"""The ONNX sessions of a LASR bundle: features → log-probabilities, shared by all streams, thread-safe.

Threads are pinned by count and never spin: a spinning pool takes CPU from whatever runs next.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from assistant.asr.batching import StepBatcher
from assistant.asr.bundle import (
    BUNDLE_FILE,
    FIRST_FRAME_MELS,
    SUBSAMPLING,
    Bundle,
    Geometry,
    encoder_frames,
    mel_frames,
)
from assistant.asr.ctc import LogProbs, log_softmax
from assistant.asr.features import Features
from assistant.errors import BadInput, Missing
from assistant.installation import install_command

Provider = Literal["cpu", "cuda"]
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
CACHED_INPUTS = {"feats", "pos", "new_len", "cache_len", "k_cache", "v_cache", "conv_cache"}
OFFLINE_INPUTS = {"x", "mask"}
Floats = npt.NDArray[np.float32]


class Abort:
    """Ends a run from another thread: ``set`` makes it raise ``Aborted`` soon."""

    def __init__(self) -> None:
        self.options = ort.RunOptions()

    def set(self) -> None:
        self.options.terminate = True

    @property
    def is_set(self) -> bool:
        return bool(self.options.terminate)


class Aborted(Exception):
    """A run was ended because nobody wants its result any more."""


class Steps(Protocol):
    """The partials of one utterance. Encoder frames are numbered from the first that is not committed."""

    def decode(self, feats: Features) -> LogProbs:
        """``feats``: the mel frames from the first uncommitted encoder frame on. → [frames, V]."""
        ...

    def commit(self, frames: int) -> None:
        """The first ``frames`` of what was decoded last are settled; the others were look-ahead."""
        ...

    @property
    def nbytes(self) -> int:
        """Memory that this stream's state takes."""
        ...


class Acoustic(Protocol):
    """The interface of every LASR bundle."""

    def whole(self, feats: Features, abort: Abort | None = None) -> LogProbs:
        """Full context: [mel frames, mels] → [encoder frames, V].

        Raises ``BadInput`` (``audio_too_short``) below 13 mel frames, and ``Aborted``.
        """
        ...

    def open_steps(self, left: int) -> Steps:
        """Partials that see ``left`` encoder frames of left context."""
        ...


class CachedAcoustic:
    """Our own graph: partials from caches, finals with none."""

    def __init__(self, session: ort.InferenceSession, geometry: Geometry, batch: int = 1) -> None:
        self._session, self.geometry = session, geometry
        self._batcher = StepBatcher(session, batch) if batch > 1 else None
        self._nothing = CachedSteps(self, 0)

    def whole(self, feats: Features, abort: Abort | None = None) -> LogProbs:
        return log_softmax(_run(self._session, ["logits"], self._feed(feats, self._nothing), abort)[0][0])

    def open_steps(self, left: int) -> "CachedSteps":
        return CachedSteps(self, left)

    def step(self, feats: Features, state: "CachedSteps") -> list[Floats]:
        """logits, k_new, v_new and glu_new of one stream; maybe in one run with others'."""
        feed = self._feed(feats, state)
        return self._batcher.run(feed) if self._batcher else _run(self._session, None, feed, None)

    def _feed(self, feats: Features, state: "CachedSteps") -> dict[str, npt.NDArray[np.generic]]:
        frames = _frames_of(feats)
        return {
            "feats": feats[None, : mel_frames(frames)],
            "pos": np.array([state.position]),
            "new_len": np.array([frames]),
            "cache_len": np.array([min(state.position, state.left)]),
            "k_cache": state.k_cache,
            "v_cache": state.v_cache,
            "conv_cache": state.conv_cache,
        }


class CachedSteps:
    """Keys, values and convolution inputs of what was committed; keys, values are rings of ``left`` slots."""

    def __init__(self, acoustic: CachedAcoustic, left: int) -> None:
        self._acoustic, self.left = acoustic, left
        g = acoustic.geometry
        self.k_cache: Floats = np.zeros((1, g.layers, g.heads, left, g.head_size), np.float32)
        self.v_cache: Floats = np.zeros_like(self.k_cache)
        self.conv_cache: Floats = np.zeros((1, g.layers, g.conv_left, g.hidden), np.float32)
        self.position = 0
        self._new: tuple[Floats, Floats, Floats] | None = None

    def decode(self, feats: Features) -> LogProbs:
        logits, *new = self._acoustic.step(feats, self)
        self._new = (new[0], new[1], new[2])
        return log_softmax(logits[0])

    def commit(self, frames: int) -> None:
        if self._new is None or not frames:
            return
        k_new, v_new, glu_new = self._new
        self._new = None
        kept = min(frames, self.left)
        slots = np.arange(self.position + frames - kept, self.position + frames) % max(self.left, 1)
        self.k_cache[..., slots, :] = k_new[..., frames - kept : frames, :]
        self.v_cache[..., slots, :] = v_new[..., frames - kept : frames, :]
        joined = np.concatenate([self.conv_cache, glu_new[:, :, :frames]], 2)
        self.conv_cache = joined[:, :, joined.shape[2] - self.conv_cache.shape[2] :].copy()
        self.position += frames

    @property
    def nbytes(self) -> int:
        return self.k_cache.nbytes + self.v_cache.nbytes + self.conv_cache.nbytes


class OfflineAcoustic:
    """sherpa-onnx's layout: no caches, so partials decode windows again."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session

    def whole(self, feats: Features, abort: Abort | None = None) -> LogProbs:
        frames = _frames_of(feats)
        feed = {"x": feats[None], "mask": np.ones((1, len(feats)), np.int64)}
        return log_softmax(_run(self._session, ["logits"], feed, abort)[0][0, :frames])

    def open_steps(self, left: int) -> "WindowSteps":
        return WindowSteps(self, left)


class WindowSteps:
    """The mel frames of the ``left`` encoder frames before the new ones, decoded again each time."""

    def __init__(self, acoustic: Acoustic, left: int) -> None:
        self._acoustic, self._left = acoustic, left
        self._before: Features | None = None
        self._feats: Features | None = None

    def decode(self, feats: Features) -> LogProbs:
        self._feats = feats
        before = feats[:0] if self._before is None else self._before
        frames = _frames_of(feats)
        return self._acoustic.whole(np.concatenate([before, feats]))[-frames:]

    def commit(self, frames: int) -> None:
        if self._feats is None or not frames:
            return
        before = self._feats[:0] if self._before is None else self._before
        joined = np.concatenate([before, self._feats[: frames * SUBSAMPLING]])
        self._before = joined[max(0, len(joined) - self._left * SUBSAMPLING) :].copy()
        self._feats = None

    @property
    def nbytes(self) -> int:
        return self._before.nbytes if self._before is not None else 0


def open_acoustic(
    bundle: Bundle, *, provider: Provider = "cpu", threads: int = 1, batch: int = 1
) -> CachedAcoustic | OfflineAcoustic:
    """Load a bundle's graph. Raises ``Missing`` (``provider_missing``, ``model_missing``) and ``BadInput``
    (``model_invalid``, ``model_wrong_kind``, ``model_vocabulary_mismatch``)."""
    session = open_session(bundle.graph, provider=provider, threads=threads)
    metadata = session.get_modelmeta().custom_metadata_map
    inputs = {each.name for each in session.get_inputs()}
    if inputs == CACHED_INPUTS and not bundle.info:
        raise Missing(
            f"{BUNDLE_FILE} is not in {bundle.folder}, and its graph needs it. Get the whole folder again.",
            code="model_missing",
        )
    if inputs != (CACHED_INPUTS if bundle.info else OFFLINE_INPUTS):
        raise BadInput(
            f"{bundle.graph} is not a LASR recogniser: its inputs are {', '.join(sorted(inputs))}. Name the "
            "folder of an export, or of sherpa-onnx's MedASR.",
            code="model_wrong_kind",
        )
    _check_vocabulary(bundle, session.get_outputs()[0].shape[-1], metadata.get("vocab_size", ""))
    if not bundle.info:
        return OfflineAcoustic(session)
    if json.loads(metadata.get("geometry", "null")) != bundle.info.geometry.model_dump():
        raise BadInput(
            f"{bundle.graph} is not the graph of its {BUNDLE_FILE}. Export it again.", code="model_wrong_kind"
        )
    return CachedAcoustic(session, bundle.info.geometry, batch)


def _check_vocabulary(bundle: Bundle, outputs: object, said: str) -> None:
    """As many pieces as outputs; a list may end with special ones that no output stands for."""
    size = outputs if isinstance(outputs, int) else int(said) if said.isdigit() else len(bundle.tokens)
    beyond = bundle.tokens[size:]
    special = all(piece.startswith("<") and piece.endswith(">") for piece in beyond)
    if len(bundle.tokens) < size or not special or (said.isdigit() and int(said) != size):
        raise BadInput(
            f"{bundle.graph} has {size} outputs and tokens.txt {len(bundle.tokens)} pieces: they do not "
            "belong together. Get both again, from one place.",
            code="model_vocabulary_mismatch",
        )


def open_session(path: Path, *, provider: Provider = "cpu", threads: int = 1) -> ort.InferenceSession:
    """Raises ``Missing`` (``provider_missing``) and ``BadInput`` (``model_invalid``)."""
    if PROVIDERS[provider] not in ort.get_available_providers():
        raise Missing(
            f"This onnxruntime has no CUDA. Run: {install_command('gpu')}, or use --asr-provider cpu.",
            code="provider_missing",
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    wanted = [PROVIDERS[provider], PROVIDERS["cpu"]] if provider != "cpu" else [PROVIDERS["cpu"]]
    try:
        session = ort.InferenceSession(str(path), options, providers=wanted)
    except Exception as error:  # onnxruntime's own types, which it does not export
        raise BadInput(
            f"{path} is not a model that onnxruntime can load ({type(error).__name__}). Get it again.",
            code="model_invalid",
        ) from None
    if PROVIDERS[provider] not in session.get_providers():  # it goes on without, and says so in its log only
        raise Missing(
            "CUDA cannot be used here: its driver or libraries are not what this onnxruntime needs. Use "
            "--asr-provider cpu, or install them.",
            code="provider_missing",
        )
    return session


def _frames_of(feats: Features) -> int:
    frames = encoder_frames(len(feats))
    if not frames:
        raise BadInput(
            f"{len(feats)} mel frames are too few: the model needs {FIRST_FRAME_MELS}, 145 ms of audio.",
            code="audio_too_short",
        )
    return frames


def _run(
    session: ort.InferenceSession, outputs: list[str] | None, feed: Mapping[str, object], abort: Abort | None
) -> list[Floats]:
    if abort is None:
        return list(session.run(outputs, feed))
    if abort.is_set:
        raise Aborted
    try:
        return list(session.run(outputs, feed, abort.options))
    except Exception:
        if abort.is_set:
            raise Aborted from None
        raise
