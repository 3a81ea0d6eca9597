"""When Moonshine's tokens were said: its decoder's attention to the audio, worked out beside the graph.

The graph keeps its attention to itself, so the first layers are computed once more, in numpy, from the same
weights, for the tokens that are known by then. Five heads of the fourth layer follow the speech (they look at
the audio of the token that comes next, in order); a monotone path through their mean is the alignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.Graph import Graph
from onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.InferenceSession import InferenceSession

from assistant.asr.moonshine_graph import START_TOKEN, Cache, Floats

LAYER, ALIGNED_HEADS = 3, (0, 1, 2, 5, 6)
"""Counted from 0. Of all 48 heads those whose place never goes back and is sharpest."""
ROTARY_SHARE, ROTARY_BASE = 0.9, 10_000.0
NORM_EPSILON = 1e-5
MASKED = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Matrices are [in, out]."""

    before_self: Floats
    query: Floats
    key: Floats
    value: Floats
    out: Floats
    before_cross: Floats
    cross_query: Floats
    cross_out: Floats
    before_mlp: Floats
    widen: Floats
    widen_bias: Floats
    narrow: Floats
    narrow_bias: Floats


@dataclass(frozen=True, slots=True)
class Place:
    """Hidden states [first, end) of a token, and the one that most was looked at."""

    first: int
    peak: int
    end: int


class Aligner:
    """Made from the decoder's file. Thread-safe."""

    def __init__(self, decoder: Path) -> None:
        weights = _Weights(decoder)
        self._embedding, self._scale, self._zero = weights.quantised(
            "model.decoder.embed_tokens.weight_merged_0"
        )
        self._layers = [weights.layer(number) for number in range(LAYER + 1)]

    def places(self, tokens: Sequence[int], cache: Cache) -> list[Place]:
        """The place of each token in the sound. ``cache`` is any of a reading of the same audio."""
        if not tokens:
            return []
        attention = self.attention(tokens, cache)
        return [
            Place(first, first + int(row[first:end].argmax()), end)
            for row, (first, end) in zip(attention[:-1], _path(attention)[:-1], strict=True)
        ]

    def attention(self, tokens: Sequence[int], cache: Cache) -> Floats:
        """[tokens + 1, T]: where the decoder looks for each token, and for the stop after them."""
        ids = np.array([START_TOKEN, *tokens])
        x = (self._embedding[ids].astype(np.float32) - np.float32(self._zero)) * np.float32(self._scale)
        n, width = x.shape
        heads = cache.heard[0].shape[1]
        size = width // heads
        turn = _turns(n, int(size * ROTARY_SHARE) // 2 * 2)
        future = np.triu(np.full((n, n), MASKED, np.float32), 1)

        def split(y: Floats) -> Floats:
            return y.reshape(n, heads, size).transpose(1, 0, 2)

        def joined(y: Floats) -> Floats:
            return y.transpose(1, 0, 2).reshape(n, width)

        for number, layer in enumerate(self._layers):
            y = _norm(x, layer.before_self)
            query, key = (_rotated(split(y @ matrix), turn) for matrix in (layer.query, layer.key))
            looks = _softmax(query @ key.transpose(0, 2, 1) / np.float32(size**0.5) + future)
            x = x + joined(looks @ split(y @ layer.value)) @ layer.out
            query = split(_norm(x, layer.before_cross) @ layer.cross_query)
            keys, values = cache.heard[2 * number][0], cache.heard[2 * number + 1][0]
            looks = _softmax(query @ keys.transpose(0, 2, 1) / np.float32(size**0.5))
            if number == LAYER:
                return np.asarray(looks[list(ALIGNED_HEADS)].mean(0), np.float32)
            x = x + joined(looks @ values) @ layer.cross_out
            wide = _norm(x, layer.before_mlp) @ layer.widen + layer.widen_bias
            up, gate = np.split(wide, 2, axis=1)
            x = x + (up * gate / (1 + np.exp(-gate))) @ layer.narrow + layer.narrow_bias
        raise AssertionError("the last layer returns")


def _path(attention: Floats) -> list[tuple[int, int]]:
    """The best way through: every frame to one row, in order, every row at least one frame."""
    rows, frames = attention.shape
    score = np.log(attention + 1e-6)
    best = np.full(rows, -np.inf, np.float32)
    best[0] = score[0, 0]
    came = np.zeros((frames, rows), bool)  # from the row before
    for frame in range(1, frames):
        from_before = np.concatenate([[np.float32(-np.inf)], best[:-1]])
        came[frame] = from_before > best
        best = np.maximum(best, from_before) + score[:, frame]
    ends = [frames] * rows
    row = rows - 1
    for frame in range(frames - 1, 0, -1):
        if came[frame, row]:
            row -= 1
            ends[row] = frame
    starts = [0, *ends[:-1]]
    return list(zip(starts, ends, strict=True))


def _turns(n: int, size: int) -> tuple[Floats, Floats]:
    """Cosine and sine of the rotary positions, each [n, size], neighbours alike."""
    angles = np.arange(n)[:, None] * ROTARY_BASE ** -(np.arange(0, size, 2) / size)
    return tuple(np.repeat(each, 2, 1).astype(np.float32) for each in (np.cos(angles), np.sin(angles)))  # type: ignore[return-value]


def _rotated(y: Floats, turn: tuple[Floats, Floats]) -> Floats:
    cosine, sine = turn
    size = cosine.shape[1]
    turned = y[..., :size]
    other = np.stack([-turned[..., 1::2], turned[..., 0::2]], axis=-1).reshape(turned.shape)
    return np.concatenate([turned * cosine + other * sine, y[..., size:]], axis=-1)


def _norm(x: Floats, weight: Floats) -> Floats:
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + NORM_EPSILON)
    return np.asarray(centred / spread * weight, np.float32)


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True), np.float32)


TENSOR_TYPES = {1: np.float32, 2: np.uint8}


class _Weights:
    """Reads an ``.ort`` file (a flatbuffer); its nodes are named after their modules."""

    def __init__(self, path: Path) -> None:
        self._tensors: dict[str, npt.NDArray[np.generic]] = {}
        self._modules: dict[str, str] = {}
        self._walk(InferenceSession.GetRootAs(path.read_bytes(), 0).Model().Graph())

    def quantised(self, base: str) -> tuple[npt.NDArray[np.generic], float, int]:
        matrix = self._tensors[f"{base}_quantized"]
        return (
            matrix,
            float(self._tensors[f"{base}_scale"].item()),
            int(self._tensors[f"{base}_zero_point"].item()),
        )

    def layer(self, number: int) -> _Layer:
        prefix = f"model.decoder.layers.{number}"

        def matrix(module: str) -> Floats:
            values, scale, zero = self.quantised(self._modules[f"{prefix}.{module}"])
            return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale)

        def vector(name: str) -> Floats:
            return self._tensors[f"{prefix}.{name}_merged_0"].astype(np.float32)

        return _Layer(
            before_self=vector("input_layernorm.weight"),
            query=matrix("self_attn.q_proj"),
            key=matrix("self_attn.k_proj"),
            value=matrix("self_attn.v_proj"),
            out=matrix("self_attn.o_proj"),
            before_cross=vector("post_attention_layernorm.weight"),
            cross_query=matrix("encoder_attn.q_proj"),
            cross_out=matrix("encoder_attn.o_proj"),
            before_mlp=vector("final_layernorm.weight"),
            widen=matrix("mlp.fc1"),
            widen_bias=vector("mlp.fc1.bias"),
            narrow=matrix("mlp.fc2"),
            narrow_bias=vector("mlp.fc2.bias"),
        )

    def _walk(self, graph: Graph) -> None:
        """Also into the branches of conditions."""
        for at in range(graph.InitializersLength()):
            tensor = graph.Initializers(at)
            kind = TENSOR_TYPES.get(tensor.DataType())
            if kind is not None:
                shape = [tensor.Dims(k) for k in range(tensor.DimsLength())]
                self._tensors[tensor.Name().decode()] = tensor.RawDataAsNumpy().view(kind).reshape(shape)
        for at in range(graph.NodesLength()):
            node = graph.Nodes(at)
            if node.OpType() in (b"DynamicQuantizeMatMul", b"MatMulIntegerToFloat"):
                inputs = [node.Inputs(k).decode() for k in range(node.InputsLength())]
                module = node.Name().decode().removesuffix("/MatMul_quant").strip("/").replace("/", ".")
                matrix = next(name for name in inputs if "MatMul_" in name and name.endswith("_quantized"))
                self._modules[module] = matrix.removesuffix("_quantized")
            for k in range(node.AttributesLength()):
                inner = node.Attributes(k).G()
                if inner is not None:
                    self._walk(inner)
