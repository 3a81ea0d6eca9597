"""A ``LasrForCTC`` directory → a bundle that the runtime reads. Needs the [export] extra.

The legacy exporter is used on purpose: a tenth of the time of the new one, and the cleaner graph
(docs/decisions/0013). int8 is dynamic, QUInt8 per channel on the matrix products only: the least error of
the kinds that are fast on AVX2.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import LasrForCTC

from assistant.asr.bundle import (
    BUNDLE_FILE,
    FIRST_FRAME_MELS,
    GRAPH_FILES,
    SUBSAMPLING,
    TOKENS_FILE,
    BundleInfo,
    Geometry,
    Precision,
    describe_file,
    write_tokens,
)
from assistant.asr.features import FeatureSettings
from assistant.asr.lasr_graph import INPUT_NAMES, OUTPUT_NAMES, CachedLasr, empty_caches, left_frames
from assistant.asr.parity import Parity, check_cached, check_offline, quiet
from assistant.audio.frames import SAMPLE_RATE_HZ
from assistant.errors import BadInput, Missing

OPSET = 17
MOST_FP32_ERROR = 1e-3
"""Largest difference of a logit to torch's, as a share of the spread of the logits."""
MOST_INT8_ERROR = 0.2
"""Root mean square of the differences, as a share of the same spread. Random weights measured 0.03 to 0.08;
what int8 costs in words is for the bench to say."""
SHERPA_FOLDER = "sherpa"
OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Described:
    """A description that the weights do not contain."""

    name: str
    source: str
    revision: str
    licence: str
    purpose: str = ""


def export(
    directory: Path,
    out: Path,
    described: Described,
    *,
    int8: bool = True,
    fp32: bool = False,
    sherpa: bool = False,
    on_step: OnStep = lambda _: None,
) -> list[Parity]:
    """Write the bundle ``out``; returns the measured parities.

    ``sherpa`` adds a folder of that name with the plain offline layout that sherpa-onnx reads. Raises
    ``Missing`` (``model_missing``) and ``BadInput`` (``model_invalid``, ``model_wrong_kind``,
    ``model_vocabulary_mismatch``, ``export_differs``); then, and when interrupted, ``out`` is as it was.
    """
    precisions: tuple[Precision, ...] = (*(("int8",) if int8 else ()), *(("fp32",) if fp32 else ()))
    on_step("reading the weights")
    model, pieces, features = read_directory(directory)
    config = model.config.encoder_config
    info = BundleInfo(
        name=described.name,
        purpose=described.purpose,
        licence=described.licence,
        source=described.source,
        source_revision=described.revision,
        vocabulary_size=len(pieces),
        features=features,
        geometry=Geometry(
            layers=config.num_hidden_layers,
            heads=config.num_attention_heads,
            head_size=config.hidden_size // config.num_attention_heads,
            hidden=config.hidden_size,
            conv_left=left_frames(config),
        ),
        files={},
    )
    graph = CachedLasr(model)
    with _staged(out) as staging:
        write_tokens(staging / TOKENS_FILE, pieces)
        parities = _write_graphs(
            lambda path: _trace_cached(graph, path, info),
            staging,
            precisions,
            check_cached(model, features),
            on_step,
        )
        names = (TOKENS_FILE, *(GRAPH_FILES[p] for p in precisions))
        files = {name: describe_file(staging / name) for name in names}
        whole = info.model_copy(update={"files": files})
        (staging / BUNDLE_FILE).write_text(whole.model_dump_json(indent=1) + "\n")
        if sherpa:
            folder = staging / SHERPA_FOLDER
            folder.mkdir()
            write_tokens(folder / TOKENS_FILE, pieces)
            parities += _write_graphs(
                lambda path: _trace_offline(graph, path, info),
                folder,
                precisions,
                check_offline(model, features),
                on_step,
            )
    return parities


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` that takes its place once all is there; only an earlier export goes."""
    staging = out.absolute().with_name(f".{out.absolute().name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        yield staging
        for folder in (out, out / SHERPA_FOLDER):
            for name in (BUNDLE_FILE, TOKENS_FILE, *GRAPH_FILES.values()):
                (folder / name).unlink(missing_ok=True)
        for path in sorted(path for path in staging.rglob("*") if path.is_file()):
            target = out / path.relative_to(staging)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def read_directory(directory: Path) -> tuple[LasrForCTC, tuple[str, ...], FeatureSettings]:
    """Weights in float32, the vocabulary, and the front end's settings."""
    for name in ("config.json", "tokenizer.json"):
        if not (directory / name).is_file():
            raise Missing(f"{name} is not in {directory}.", code="model_missing")
    kind = _read_json(directory / "config.json").get("model_type")
    if kind != "lasr_ctc":
        raise BadInput(f"{directory} holds a model of type {kind!r}, not lasr_ctc.", code="model_wrong_kind")
    try:
        with quiet():
            model, loaded = LasrForCTC.from_pretrained(
                directory,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
        tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    except OSError:
        raise Missing(
            f"model.safetensors is missing from {directory}, or incomplete.", code="model_missing"
        ) from None
    except Exception as error:  # safetensors and tokenizers raise types of their own, from Rust
        raise BadInput(
            f"{directory} cannot be read as LASR weights ({type(error).__name__}).", code="model_invalid"
        ) from None
    if wrong := len(loaded["missing_keys"]) + len(loaded["mismatched_keys"]):
        raise BadInput(
            f"{wrong} of the weights that {directory}/config.json names are missing or of another shape.",
            code="model_invalid",
        )
    features = _read_features(directory)
    if features.mel_bins != (wanted := model.config.encoder_config.num_mel_bins):
        raise BadInput(
            f"The front end in {directory} makes {features.mel_bins} mel bins, the model takes {wanted}.",
            code="model_wrong_kind",
        )
    size = int(model.config.vocab_size)
    found = [tokenizer.id_to_token(number) for number in range(size)]
    if None in found:
        raise BadInput(
            f"The tokenizer has {found.index(None)} pieces, the model {size}.",
            code="model_vocabulary_mismatch",
        )
    return model.eval(), tuple(piece for piece in found if piece is not None), features


def _read_features(directory: Path) -> FeatureSettings:
    """From the extractor's own configuration; what it does not say is fixed in its code."""
    found: dict[str, Any] = {}
    for name in ("processor_config.json", "preprocessor_config.json"):
        if (path := directory / name).is_file():
            content = _read_json(path)
            found |= content.get("feature_extractor", content)
    ours = FeatureSettings()
    settings = FeatureSettings(
        sample_rate_hz=found.get("sampling_rate", ours.sample_rate_hz),
        window_samples=found.get("win_length", ours.window_samples),
        hop_samples=found.get("hop_length", ours.hop_samples),
        fft_size=found.get("n_fft", ours.fft_size),
        mel_bins=found.get("feature_size", ours.mel_bins),
    )
    if settings.sample_rate_hz != SAMPLE_RATE_HZ:
        raise BadInput(f"The model wants {settings.sample_rate_hz} Hz, not 16000.", code="model_wrong_kind")
    return settings


def _read_json(path: Path) -> dict[str, Any]:
    with suppress(ValueError):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return content
    raise BadInput(f"{path} is not JSON.", code="model_invalid")


# --- graphs ---


def _write_graphs(
    trace: Callable[[Path], None],
    folder: Path,
    precisions: tuple[Precision, ...],
    check: Callable[[Path], Parity],
    on_step: OnStep,
) -> list[Parity]:
    full = folder / GRAPH_FILES["fp32"]
    on_step(f"tracing {full.name}")
    trace(full)
    parities = [_enforced(check(full), most=MOST_FP32_ERROR, of="largest")]
    if "int8" in precisions:
        small = folder / GRAPH_FILES["int8"]
        on_step(f"quantising {small.name}")
        quantise(full, small)
        parities.append(_enforced(check(small), most=MOST_INT8_ERROR, of="rms"))
    if "fp32" not in precisions:
        full.unlink()
    return parities


def _enforced(parity: Parity, *, most: float, of: str) -> Parity:
    if not getattr(parity, of) <= most:  # also when it is not a number
        raise BadInput(f"The exported graph differs too much from torch. {parity}", code="export_differs")
    return parity


def quantise(full: Path, small: Path) -> None:
    """Dynamic int8: QUInt8 per channel, matrix products with constant weights only."""
    with quiet():
        quantize_dynamic(
            full,
            small,
            weight_type=QuantType.QUInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul"],
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def _trace_cached(graph: CachedLasr, path: Path, info: BundleInfo) -> None:
    c = graph.config
    feats = torch.randn(2, SUBSAMPLING * 19 + FIRST_FRAME_MELS, c.num_mel_bins)
    caches = empty_caches(c, batch=2, left=8)
    inputs = (feats, caches.pos + 8, torch.tensor([20, 18]), caches.cache_len + 6, *caches[2:])
    axes: dict[str, dict[int, str]] = {name: {0: "streams"} for name in (*INPUT_NAMES, *OUTPUT_NAMES)}
    axes["feats"][1] = "mel_frames"
    axes["k_cache"][3] = axes["v_cache"][3] = "slots"
    axes["logits"][1] = axes["glu_new"][2] = axes["k_new"][3] = axes["v_new"][3] = "frames"
    _trace(graph, inputs, path, INPUT_NAMES, OUTPUT_NAMES, axes)
    metadata = {
        "model_type": info.kind,
        "vocab_size": str(info.vocabulary_size),
        "subsampling_factor": str(info.subsampling),
        "name": info.name,
        "licence": info.licence,
        "source": info.source,
        "source_revision": info.source_revision,
        "features": json.dumps(info.features.to_dict()),
        "geometry": info.geometry.model_dump_json(),
    }
    _label(path, metadata)


class _Offline(nn.Module):
    """sherpa-onnx's interface: ``x`` [N, T, mels], ``mask`` [N, T] → ``logits``, ``logits_len``."""

    def __init__(self, graph: CachedLasr) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        lengths = (mask.sum(1) - FIRST_FRAME_MELS) // SUBSAMPLING + 1
        batch, c = x.shape[0], self.graph.config
        heads, layers = c.num_attention_heads, c.num_hidden_layers
        zero = lengths * 0
        kv = x.new_zeros(batch, layers, heads, 0, c.hidden_size // heads)
        conv = x.new_zeros(batch, layers, left_frames(c), c.hidden_size)
        return self.graph(x, zero, lengths, zero, kv, kv, conv).logits, lengths


def _trace_offline(graph: CachedLasr, path: Path, info: BundleInfo) -> None:
    x = torch.randn(2, 90, graph.config.num_mel_bins)
    mask = torch.ones(2, 90, dtype=torch.int64)
    axes = {
        "x": {0: "N", 1: "T"},
        "mask": {0: "N", 1: "T"},
        "logits": {0: "N", 1: "frames"},
        "logits_len": {0: "N"},
    }
    _trace(_Offline(graph).eval(), (x, mask), path, ("x", "mask"), ("logits", "logits_len"), axes)
    metadata = {
        "model_type": "medasr_ctc",
        "vocab_size": str(info.vocabulary_size),
        "subsampling_factor": str(info.subsampling),
        "licence": info.licence,
        "source": info.source,
        "source_revision": info.source_revision,
    }
    _label(path, metadata)


def _trace(  # noqa: PLR0917
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    input_names: tuple[str, ...],
    output_names: tuple[str, ...],
    axes: dict[str, dict[int, str]],
) -> None:
    with torch.no_grad(), quiet():
        torch.onnx.export(
            module,
            inputs,
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(input_names),
            output_names=list(output_names),
            dynamic_axes=axes,
            do_constant_folding=True,
        )


def _label(path: Path, metadata: dict[str, str]) -> None:
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)


def safe_name(text: str) -> str:
    """A bundle's name from a repository's or a folder's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text.rpartition("/")[2]).strip("-._") or "lasr"
