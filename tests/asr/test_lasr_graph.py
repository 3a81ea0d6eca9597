"""The cached graph against the model it is made from."""

import pytest
import torch

from assistant.asr.lasr_graph import CachedLasr, advance, empty_caches
from tests.asr.lasr_models import tiny_lasr


def features(frames, batch=1, seed=0):
    torch.manual_seed(seed)
    return torch.randn(batch, 4 * (frames - 1) + 13, 128)


def run(graph, feats, caches, new_len=None):
    frames = (feats.shape[1] - 13) // 4 + 1
    lengths = torch.full((feats.shape[0],), frames) if new_len is None else new_len
    return graph(feats, caches.pos, lengths, *caches[1:])


@pytest.mark.parametrize("changes", [{}, {"attention_bias": True, "convolution_bias": True}])
@pytest.mark.parametrize("frozen", [True, False])
@torch.no_grad()
def test_with_empty_caches_the_graph_is_the_offline_model(changes, frozen):
    model = tiny_lasr(**changes)
    feats = features(50, batch=2)
    ours = run(CachedLasr(model, frozen=frozen), feats, empty_caches(model.config.encoder_config, 2))
    assert (ours.logits - model(feats).logits).abs().max() < 1e-4


@torch.no_grad()
def test_frames_beyond_the_length_do_not_count():
    model = tiny_lasr()
    graph, empty = CachedLasr(model), empty_caches(model.config.encoder_config)
    feats = features(50)
    short = run(graph, feats[:, : 4 * 29 + 13], empty)
    padded = run(graph, feats, empty, torch.tensor([30]))
    assert (padded.logits[:, :30] - short.logits).abs().max() < 1e-4


@pytest.mark.parametrize("chunk", [1, 7, 20])
@torch.no_grad()
def test_chunks_with_full_context_on_both_sides_equal_the_whole(chunk):
    """Every chunk sees all that follows as look-ahead; what it commits must be what the whole gives."""
    model = tiny_lasr()
    config = model.config.encoder_config
    graph, feats, frames = CachedLasr(model), features(60), 60
    whole = model(feats).logits
    caches, at = empty_caches(config), 0
    while at < frames:
        out = run(graph, feats[:, 4 * at :], caches)
        step = min(chunk, frames - at)
        assert (out.logits[:, :step] - whole[:, at : at + step]).abs().max() < 1e-4
        caches, at = advance(caches, out, step, left=frames), at + step


@torch.no_grad()
def test_a_shorter_left_context_is_noticed():
    model = tiny_lasr()
    graph, feats = CachedLasr(model), features(60)
    caches = empty_caches(model.config.encoder_config)
    out = run(graph, feats, caches)
    full, cut = (run(graph, feats[:, 160:], advance(caches, out, 40, left)) for left in (40, 10))
    assert (full.logits - cut.logits).abs().max() > 1e-3


@torch.no_grad()
def test_the_order_of_the_cache_slots_does_not_matter():
    model = tiny_lasr()
    graph, feats = CachedLasr(model), features(60)
    caches = empty_caches(model.config.encoder_config)
    caches = advance(caches, run(graph, feats, caches), 40, 40)
    order = torch.randperm(40)
    mixed = caches._replace(k_cache=caches.k_cache[..., order, :], v_cache=caches.v_cache[..., order, :])
    tail = feats[:, 160:]
    assert (run(graph, tail, caches).logits - run(graph, tail, mixed).logits).abs().max() < 1e-4


def test_gradients_reach_the_models_own_weights_when_it_is_not_frozen():
    model = tiny_lasr()
    graph = CachedLasr(model, frozen=False)
    run(graph, features(20), empty_caches(model.config.encoder_config)).logits.square().mean().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []
