"""Kokoro's int8 graph with float convolutions, which are faster in onnxruntime than its ConvInteger."""

import collections
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper


def to_float(source: Path, target: Path) -> int:
    """Writes the graph with each quantised Conv and MatMul in float; returns how many there were."""
    model = onnx.load(str(source))
    graph = model.graph
    initial = {i.name: i for i in graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = collections.defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    maker = {output: node for node in graph.node for output in node.output}
    written: set[str] = set()
    gone: set[int] = set()
    instead: dict[int, onnx.NodeProto] = {}

    def replace(node: onnx.NodeProto, kind: str) -> None:
        """x, DynamicQuantizeLinear, {Conv,MatMul}Integer, Cast, Mul(scales): a float op in its place."""
        weight = numpy_helper.to_array(initial[node.input[1]]).astype(np.float32)
        zero = np.float32(0)
        if len(node.input) > 3 and node.input[3]:
            zero = numpy_helper.to_array(initial[node.input[3]]).astype(np.float32)
        (following,) = users[node.output[0]]
        dropped, bias = [node], None
        if (
            following.op_type == "Add"
        ):  # the bias, quantised on the fly: Reshape(Cast(Floor(Div(bias, scale))))
            dropped.append(following)
            at = maker[following.input[1]]
            while at.op_type != "Div":
                dropped.append(at)
                at = maker[at.input[0]]
            dropped.append(at)
            bias = at.input[0]
            (following,) = users[following.output[0]]
        dropped.append(following)  # the Cast
        (scaling,) = users[following.output[0]]
        other = scaling.input[1] if scaling.input[0] == following.output[0] else scaling.input[0]
        (scale_name,) = (i for i in maker[other].input if i in initial)
        scale = numpy_helper.to_array(initial[scale_name]).astype(np.float32)
        shape = (-1, *[1] * (weight.ndim - 1))
        if kind == "Conv":
            zero = zero.reshape(shape) if zero.size > 1 else zero
            scale = scale.reshape(shape) if scale.size > 1 else scale
        name = node.input[1] + "_float"
        if name not in written:
            written.add(name)
            graph.initializer.append(
                numpy_helper.from_array(((weight - zero) * scale).astype(np.float32), name)
            )
        quantiser = maker[node.input[0]]
        inputs = [quantiser.input[0], name, *([bias] if bias else [])]
        new = helper.make_node(kind, inputs, [scaling.output[0]], name=node.name + "_float")
        if kind == "Conv":
            new.attribute.extend(node.attribute)
        gone.update(id(n) for n in dropped)
        instead[id(scaling)] = new

    nodes = list(graph.node)  # one object a node: repeated access to the field may make new ones
    kinds = {"ConvInteger": "Conv", "MatMulInteger": "MatMul"}
    for node in nodes:
        if node.op_type in kinds and node.input[1] in initial:
            replace(node, kinds[node.op_type])
    kept = [instead.get(id(node), node) for node in nodes if id(node) not in gone]
    del graph.node[:]
    graph.node.extend(kept)
    onnx.save(model, str(target))
    return len(instead)
