"""Moonshine's ``.ort`` files as transformers' model, and changed weights back into the file in place.

The node names of the ONNX graph are the module names of ``MoonshineForConditionalGeneration``. Matrices are
uint8 with one scale and zero point each; embedding and output are tied, and stored twice. Writing back keeps
graph, size and speed: only the bytes of matrices, scales, zero points and float vectors change.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.InferenceSession import InferenceSession
from transformers import MoonshineConfig, MoonshineForConditionalGeneration

DTYPES = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
}
DECODER, ENCODER = "decoder_model_merged.ort", "encoder_model.ort"
EMBEDDING = "model.decoder.embed_tokens.weight"

Arrays = dict[str, NDArray[Any]]
Names = dict[str, str]
"""Parameter of the model -> base name of its tensors in the file."""


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _array(tensor: Any) -> NDArray[Any]:
    shape = [tensor.Dims(k) for k in range(tensor.DimsLength())]
    return np.frombuffer(bytes(tensor.RawDataAsNumpy()), DTYPES[tensor.DataType()]).reshape(shape)


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph and those inside its If nodes."""
    yield graph
    for i in range(graph.NodesLength()):
        node = graph.Nodes(i)
        for k in range(node.AttributesLength()):
            if node.Attributes(k).G() is not None:
                yield from _graphs(node.Attributes(k).G())


class OrtFile:
    """The tensors and nodes of a file; ``data`` can be changed in place."""

    def __init__(self, path: Path) -> None:
        self.data = bytearray(path.read_bytes())
        self._tensors: dict[str, Any] = {}
        self.nodes: list[tuple[str, str, list[str]]] = []  # operator, name, inputs
        for graph in _graphs(InferenceSession.GetRootAs(self.data, 0).Model().Graph()):
            for i in range(graph.InitializersLength()):
                tensor = graph.Initializers(i)
                self._tensors[_text(tensor.Name())] = tensor
            for i in range(graph.NodesLength()):
                node = graph.Nodes(i)
                inputs = [_text(node.Inputs(k)) for k in range(node.InputsLength())]
                self.nodes.append((_text(node.OpType()), _text(node.Name()), inputs))

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> NDArray[Any]:
        return _array(self._tensors[name])

    def floats(self) -> Arrays:
        """All float tensors."""
        return {n: _array(t) for n, t in self._tensors.items() if DTYPES.get(t.DataType()) is np.float32}

    def matrices(self) -> Names:
        """module -> base name of its quantised matrix."""
        found: Names = {}
        for operator, name, inputs in self.nodes:
            if operator in ("DynamicQuantizeMatMul", "MatMulIntegerToFloat"):
                quantised = next(
                    i for i in inputs if i.endswith("_quantized") and ("MatMul_" in i or "weight" in i)
                )
                module = name.removesuffix("/MatMul_quant").strip("/").replace("/", ".")
                found[module] = quantised.removesuffix("_quantized")
        return found

    def dequantised(self, base: str) -> NDArray[np.float32]:
        quantised, scale, zero = (self[base + e] for e in ("_quantized", "_scale", "_zero_point"))
        return np.asarray((quantised.astype(np.float32) - np.float32(zero)) * np.float32(scale), np.float32)

    def put(self, name: str, value: NDArray[Any]) -> None:
        """Writes a tensor of the same size in place."""
        view = self._tensors[name].RawDataAsNumpy()
        raw = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        assert len(raw) == len(view), name
        whole = np.frombuffer(self.data, np.uint8)
        start = view.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        whole[start : start + len(raw)] = raw

    def put_matrix(self, base: str, value: NDArray[np.float32]) -> None:
        """Quantised as onnxruntime's dynamic quantisation does it: uint8, one scale and zero point."""
        low, high = min(float(value.min()), 0.0), max(float(value.max()), 0.0)
        scale = np.float32((high - low) / 255)
        zero = int(np.clip(round(-low / scale), 0, 255))
        self.put(base + "_quantized", np.clip(np.rint(value / scale) + zero, 0, 255).astype(np.uint8))
        self.put(base + "_scale", scale)
        self.put(base + "_zero_point", np.uint8(zero))


def load(folder: Path) -> tuple[MoonshineForConditionalGeneration, Names]:
    """(the published model in float, where each parameter lies in the file of its decoder or encoder)."""
    decoder, encoder = OrtFile(folder / DECODER), OrtFile(folder / ENCODER)
    state: dict[str, NDArray[Any]] = {EMBEDDING: decoder.dequantised(EMBEDDING + "_merged_0")}
    names: Names = {EMBEDDING: EMBEDDING + "_merged_0"}
    for module, base in decoder.matrices().items():
        if module == "proj_out":  # tied to the embedding
            continue
        names[module + ".weight"] = base
        state[module + ".weight"] = decoder.dequantised(base).T
    for name, value in decoder.floats().items():
        if (match := re.fullmatch(r"(model\.decoder\..*)_merged_0", name)) and value.ndim == 1:
            state[match[1]] = value
            names[match[1]] = name
    for module, base in encoder.matrices().items():
        names["model.encoder." + module + ".weight"] = base
        state["model.encoder." + module + ".weight"] = encoder.dequantised(base).T
    model = MoonshineForConditionalGeneration(MoonshineConfig(pad_token_id=2)).eval()
    own = model.state_dict()
    floats = encoder.floats()
    for name, value in floats.items():
        if "model.encoder." + name in own:
            names["model.encoder." + name] = name
            state["model.encoder." + name] = value
    for i in (1, 2, 3):
        if f"conv{i}.weight_add_tensor" in floats:
            state[f"model.encoder.conv{i}.weight"] = floats[f"conv{i}.weight_add_tensor"]
    for operator, kind in (("/groupnorm/Mul", "weight"), ("/groupnorm/Add", "bias")):
        inputs = next(i for _, name, i in encoder.nodes if name == operator)
        state[f"model.encoder.groupnorm.{kind}"] = next(floats[i] for i in inputs if i in floats).reshape(-1)
    missing = {k for k in own if k not in state and "inv_freq" not in k} - {"proj_out.weight"}
    if missing:
        raise SystemExit(f"The files do not hold {sorted(missing)}.")
    full = {k: torch.tensor(np.array(v)) for k, v in state.items()}
    full["proj_out.weight"] = full[EMBEDDING]
    model.load_state_dict(full, strict=False)
    model.tie_weights()
    return model, names


def average(folders: Sequence[Path], out: Path) -> None:
    """The mean of several models' weights. What is the same in all of them stays byte for byte."""
    models = [load(folder) for folder in folders]
    every = [dict(model.named_parameters()) for model, _ in models]
    _, names = models[0]
    changed = {
        name: torch.stack([each[name].detach() for each in every]).mean(0).numpy()
        for name, first in every[0].items()
        if name != EMBEDDING and not all(torch.equal(first, each[name]) for each in every)
    }
    write_changed(folders[0], out, changed, names)


def write_changed(
    source: Path, target: Path, changed: Mapping[str, NDArray[np.float32]], names: Names
) -> None:
    """A copy of a bundle with changed parameters of its decoder and encoder, [out, in]."""
    target.mkdir(parents=True, exist_ok=True)
    for file, part in ((DECODER, "model.decoder."), (ENCODER, "model.encoder.")):
        of_part = {name: value for name, value in changed.items() if name.startswith(part)}
        write_weights(source / file, target / file, of_part, names)
    (target / "tokenizer.bin").write_bytes((source / "tokenizer.bin").read_bytes())


def write_weights(
    source: Path, target: Path, changed: Mapping[str, NDArray[np.float32]], names: Names
) -> None:
    """A copy of the decoder's or encoder's file with changed parameters, [out, in]."""
    file = OrtFile(source)
    for parameter, value in changed.items():
        base = names[parameter]
        if base + "_quantized" in file:
            file.put_matrix(base, value.T)
        else:
            file.put(base, value.astype(np.float32))
    target.write_bytes(file.data)
