"""Exported graphs against the torch model they were made from. Needs the [export] extra."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import torch
from transformers import LasrForCTC
from transformers.utils import logging as transformers_logging

from assistant.asr.bundle import SUBSAMPLING
from assistant.asr.features import FeatureSettings, log_mel
from assistant.asr.lasr_graph import empty_caches
from assistant.asr.probe import probe_signal


@dataclass(frozen=True, slots=True)
class Parity:
    """A graph's distance from torch: shares of the logits' spread, and frames with the same best piece."""

    graph: str
    largest: float
    rms: float
    same_best: float

    def __str__(self) -> str:
        return (
            f"{self.graph}: largest difference {self.largest:.1e}, root mean square {self.rms:.1e} of the "
            f"logits' spread; same best piece in {self.same_best:.1%} of frames"
        )


def check_cached(model: LasrForCTC, features: FeatureSettings) -> Callable[[Path], Parity]:
    """The whole at once, and in chunks with caches whose chunks see everything that follows."""
    feats = log_mel(probe_signal(6.0), features)
    wanted = _torch_logits(model, feats)

    def check(path: Path) -> Parity:
        session = _session(path)
        caches = empty_caches(model.config.encoder_config, left=0)
        feed = {name: tensor.numpy() for name, tensor in caches._asdict().items()}
        frames = len(wanted)
        feed |= {"feats": feats[None], "new_len": np.array([frames])}
        whole, k, v, glu = session.run(None, feed)
        half = frames // 2
        rest = feats[None, half * SUBSAMPLING :]
        at = np.array([half])
        conv = glu[:, :, half - caches.conv_cache.shape[2] : half]
        feed |= {"feats": rest, "pos": at, "cache_len": at, "new_len": np.array([frames - half])}
        feed |= {"k_cache": k[..., :half, :], "v_cache": v[..., :half, :], "conv_cache": conv}
        chunk = session.run(["logits"], feed)[0]
        both = np.concatenate([whole[0], chunk[0]])
        return _compare(path.name, both, np.concatenate([wanted, wanted[half:]]))

    return check


def check_offline(model: LasrForCTC, features: FeatureSettings) -> Callable[[Path], Parity]:
    feats = log_mel(probe_signal(6.0), features)
    wanted = _torch_logits(model, feats)

    def check(path: Path) -> Parity:
        feed = {"x": feats[None], "mask": np.ones((1, len(feats)), np.int64)}
        return _compare(f"{path.parent.name}/{path.name}", _session(path).run(["logits"], feed)[0][0], wanted)

    return check


def _compare(name: str, ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> Parity:
    difference = ours - theirs
    spread = float(theirs.std()) + 1e-12
    same = float((ours.argmax(-1) == theirs.argmax(-1)).mean())
    return Parity(
        name, float(np.abs(difference).max()) / spread, float(np.sqrt((difference**2).mean())) / spread, same
    )


def _torch_logits(model: LasrForCTC, feats: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    with torch.no_grad(), quiet():
        logits: npt.NDArray[np.float32] = model(torch.from_numpy(feats)[None]).logits[0].numpy()
    return logits


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@contextmanager
def quiet() -> Iterator[None]:
    """Without the libraries' bars, hints and warnings: the tracer speaks of every shape it takes as fixed."""
    root, level = logging.getLogger(), logging.getLogger().level
    bars, verbosity = transformers_logging.is_progress_bar_enabled(), transformers_logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root.setLevel(logging.ERROR)
        transformers_logging.disable_progress_bar()
        transformers_logging.set_verbosity_error()
        try:
            yield
        finally:
            root.setLevel(level)
            transformers_logging.set_verbosity(verbosity)
            if bars:
                transformers_logging.enable_progress_bar()
