"""LASR as one graph with caches as inputs, for export and for streaming adaptation. Needs the [export] extra.

The host decides chunk, look-ahead and left context at run time, and with empty caches the graph *is* the
offline model, so one file serves partials and finals. Kernel 32 with 'same' padding reads 15 frames to the
left and 16 to the right. BatchNorm, the attention scale and the residual weights are folded into the
projections, which are all matrix products, so that int8 reaches them.

    in   feats [B, 4(n-1)+13, mels]; pos [B] index of the first new frame; new_len [B] how many of the n new
         frames are real; cache_len [B] how many of the L slots are filled (their order does not matter);
         k_cache, v_cache [B, layers, heads, L, head size], keys rotated at absolute positions;
         conv_cache [B, layers, left, hidden], the frames before the chunk (zeros at the start)
    out  logits [B, n, V]; k_new, v_new [B, layers, heads, n, head size]; glu_new [B, layers, n, hidden]
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LasrEncoderConfig, LasrForCTC
from transformers.models.lasr.modeling_lasr import LasrEncoderBlock

MASKED = -1e9
"""Added to the attention score of a slot or frame that does not exist."""


class Caches(NamedTuple):
    """The state of a stream: the graph's inputs of these names."""

    pos: Tensor
    cache_len: Tensor
    k_cache: Tensor
    v_cache: Tensor
    conv_cache: Tensor


class Outputs(NamedTuple):
    """The graph's outputs, in its order."""

    logits: Tensor
    k_new: Tensor
    v_new: Tensor
    glu_new: Tensor


INPUT_NAMES = ("feats", "pos", "new_len", "cache_len", "k_cache", "v_cache", "conv_cache")
OUTPUT_NAMES = Outputs._fields


class CachedLasr(nn.Module):
    """The weights of a ``LasrForCTC`` behind the interface above.

    With ``frozen`` they are copied and folded once, for export. Without, they are folded from the model's own
    parameters at every call: gradients reach those, BatchNorm stays as it is, and there is no dropout.
    """

    def __init__(self, model: LasrForCTC, *, frozen: bool = True) -> None:
        super().__init__()
        encoder = model.encoder
        self.config: LasrEncoderConfig = encoder.config
        self._model = [model]  # in a list, so that it is no part of the module and of its exported state
        self.register_buffer("inv_freq", encoder.rotary_emb.inv_freq.clone(), persistent=False)
        self.folded: nn.ModuleList | None = None
        if frozen:
            self.subsampler, self.out_norm = encoder.subsampler, encoder.out_norm
            with torch.no_grad():
                self.folded = nn.ModuleList(
                    nn.ParameterDict({k: nn.Parameter(v.clone(), False) for k, v in fold(block).items()})
                    for block in encoder.layers
                )
                self.head = nn.Parameter(model.ctc_head.weight[:, :, 0].clone(), False)
                self.head_bias = nn.Parameter(model.ctc_head.bias.clone(), False)
            self.eval()

    def forward(  # noqa: PLR0917
        self,
        feats: Tensor,
        pos: Tensor,
        new_len: Tensor,
        cache_len: Tensor,
        k_cache: Tensor,
        v_cache: Tensor,
        conv_cache: Tensor,
    ) -> Outputs:
        encoder = self._model[0].encoder
        x = (self.subsampler if self.folded is not None else encoder.subsampler)(feats)
        frames = torch.arange(x.shape[1], device=x.device)
        angle = (pos[:, None] + frames)[:, None, :, None].to(torch.float32) * self.inv_freq
        is_new = frames < new_len[:, None]
        is_old = torch.arange(k_cache.shape[3], device=x.device) < cache_len[:, None]
        exists = torch.cat((is_old, is_new), 1).to(torch.float32)
        step = _Step(
            angle.cos(), angle.sin(), (1.0 - exists)[:, None, None] * MASKED, is_new.to(x.dtype)[..., None]
        )
        keys, values, glus = [], [], []
        for i in range(self.config.num_hidden_layers):
            weights = self.folded[i] if self.folded is not None else fold(encoder.layers[i])
            x, k, v, g = self._block(weights, x, step, k_cache[:, i], v_cache[:, i], conv_cache[:, i])
            keys.append(k)
            values.append(v)
            glus.append(g)
        if self.folded is not None:
            logits = F.linear(self.out_norm(x), self.head, self.head_bias)
        else:
            logits = self._model[0].ctc_head(encoder.out_norm(x))
        return Outputs(logits, torch.stack(keys, 1), torch.stack(values, 1), torch.stack(glus, 1))

    def _block(  # noqa: PLR0917
        self,
        w: dict[str, Tensor],
        x: Tensor,
        step: "_Step",
        k_cache: Tensor,
        v_cache: Tensor,
        conv_cache: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        c = self.config
        ff_keep, conv_keep = float(c.feed_forward_residual_weights[0]), float(c.conv_residual_weights[0])
        heads, size = c.num_attention_heads, c.hidden_size // c.num_attention_heads
        batch, n = x.shape[0], x.shape[1]

        def norm(x: Tensor, name: str) -> Tensor:
            return F.layer_norm(x, (c.hidden_size,), w[name], None, c.layer_norm_eps)

        def feed_forward(x: Tensor, name: str) -> Tensor:
            inner = F.silu(F.linear(norm(x, f"{name}_norm"), w[f"{name}_in"], w.get(f"{name}_in_bias")))
            return ff_keep * x + F.linear(inner, w[f"{name}_out"], w.get(f"{name}_out_bias"))

        x = feed_forward(x, "ff1")
        qkv = F.linear(norm(x, "attn_norm"), w["qkv"], w.get("qkv_bias"))
        q, k, v = qkv.view(batch, n, 3 * heads, size).transpose(1, 2).split(heads, 1)
        q, k = _rotate(q, step), _rotate(k, step)
        all_k, all_v = torch.cat((k_cache, k), 2), torch.cat((v_cache, v), 2)
        attention = torch.softmax(q @ all_k.transpose(2, 3) + step.bias, -1)
        heard = (attention @ all_v).transpose(1, 2).reshape(batch, n, heads * size)
        x = x + F.linear(heard, w["attn_out"], w.get("attn_out_bias"))
        value, gate = F.linear(norm(x, "conv_norm"), w["conv_in"], w.get("conv_in_bias")).chunk(2, -1)
        glu = value * torch.sigmoid(gate) * step.valid
        right = c.conv_kernel_size - 1 - left_frames(c)
        seen = F.pad(torch.cat((conv_cache, glu), 1).transpose(1, 2), (0, right))
        y = F.silu(F.conv1d(seen, w["depthwise"], w["depthwise_bias"], groups=c.hidden_size))
        x = conv_keep * x + F.linear(y.transpose(1, 2), w["conv_out"], w.get("conv_out_bias"))
        return norm(feed_forward(x, "ff2"), "out_norm"), k, v, glu


class _Step(NamedTuple):
    """Values shared by all blocks of one call. ``bias`` masks missing frames, ``valid`` zeroes them."""

    cos: Tensor
    sin: Tensor
    bias: Tensor
    valid: Tensor


def fold(block: LasrEncoderBlock) -> dict[str, Tensor]:
    """The matrices of one block, with what only scales them folded in; differentiable."""
    a, c = block.self_attn, block.conv
    ff = float(block.feed_forward_residual_weights[1])
    conv = float(block.conv_residual_weights[1])
    gain = c.norm.weight / torch.sqrt(c.norm.running_var + c.norm.eps)
    depthwise_bias = c.depthwise_conv.bias if c.depthwise_conv.bias is not None else 0.0
    folded: dict[str, Tensor | None] = {
        "attn_norm": block.norm_self_att.weight,
        "qkv": torch.cat((a.q_proj.weight * a.scaling, a.k_proj.weight, a.v_proj.weight)),
        "qkv_bias": None
        if a.q_proj.bias is None
        else torch.cat((a.q_proj.bias * a.scaling, a.k_proj.bias, a.v_proj.bias)),
        "attn_out": a.o_proj.weight,
        "attn_out_bias": a.o_proj.bias,
        "conv_norm": block.norm_conv.weight,
        "conv_in": c.pointwise_conv1.weight[:, :, 0],
        "conv_in_bias": c.pointwise_conv1.bias,
        "depthwise": c.depthwise_conv.weight * gain[:, None, None],
        "depthwise_bias": (depthwise_bias - c.norm.running_mean) * gain + c.norm.bias,
        "conv_out": c.pointwise_conv2.weight[:, :, 0] * conv,
        "conv_out_bias": None if c.pointwise_conv2.bias is None else c.pointwise_conv2.bias * conv,
        "out_norm": block.norm_out.weight,
    }
    for name, module, norm in (
        ("ff1", block.feed_forward1, block.norm_feed_forward1),
        ("ff2", block.feed_forward2, block.norm_feed_forward2),
    ):
        folded[f"{name}_norm"] = norm.weight
        folded[f"{name}_in"], folded[f"{name}_in_bias"] = module.linear1.weight, module.linear1.bias
        folded[f"{name}_out"] = module.linear2.weight * ff
        folded[f"{name}_out_bias"] = None if module.linear2.bias is None else module.linear2.bias * ff
    return {name: tensor for name, tensor in folded.items() if tensor is not None}


def left_frames(config: LasrEncoderConfig) -> int:
    """Encoder frames that a convolution reads to its left."""
    return int(config.conv_kernel_size - 1) // 2


def empty_caches(config: LasrEncoderConfig, batch: int = 1, left: int = 0) -> Caches:
    """The state at the start of an utterance, with room for ``left`` frames of left context."""
    layers, heads = config.num_hidden_layers, config.num_attention_heads
    kv = torch.zeros(batch, layers, heads, left, config.hidden_size // heads)
    zero = torch.zeros(batch, dtype=torch.int64)
    return Caches(zero, zero, kv, kv, torch.zeros(batch, layers, left_frames(config), config.hidden_size))


def advance(caches: Caches, out: Outputs, committed: int, left: int) -> Caches:
    """The state after ``committed`` of the new frames, keeping at most ``left`` of them all.

    For training and tests: all streams of the batch move together. The runtime has its own, in numpy.
    """
    keep = min(int(caches.cache_len[0]) + committed, left)

    def joined(cache: Tensor, new: Tensor) -> Tensor:
        filled = cache[..., : int(caches.cache_len[0]), :]
        return torch.cat((filled, new[..., :committed, :]), -2)[..., -keep:, :] if keep else cache[..., :0, :]

    span = caches.conv_cache.shape[2]
    return Caches(
        caches.pos + committed,
        torch.full_like(caches.cache_len, keep),
        joined(caches.k_cache, out.k_new),
        joined(caches.v_cache, out.v_new),
        torch.cat((caches.conv_cache, out.glu_new[:, :, :committed]), 2)[:, :, -span:],
    )


def _rotate(x: Tensor, step: _Step) -> Tensor:
    first, second = x.chunk(2, -1)
    return torch.cat((first * step.cos - second * step.sin, second * step.cos + first * step.sin), -1)
