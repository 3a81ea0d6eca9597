import itertools

import numpy as np
import pytest
import torch

from assistant.asr.lasr_graph import CachedLasr
from training import streaming
from training.lasr import data, text, training, vocabulary
from training.streaming import Shape, streamed

RNG = np.random.default_rng(0)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return training.small_model(80, hidden=32, layers=2).eval()


def batch_of(*mel_frames):
    mels = [RNG.standard_normal((n, 128)).astype(np.float32) * 3 - 6 for n in mel_frames]
    return data.collate(mels, [[training.BLANK]] * len(mels))


def frames_in(model, batch):
    return model._get_subsampling_output_length(batch.mask.sum(-1))


def test_with_all_the_future_and_the_past_a_stream_is_the_offline_model(model):
    batch = batch_of(240, 240)
    with torch.no_grad():
        offline = model(input_features=batch.features, attention_mask=batch.mask).logits
        online = streamed(
            CachedLasr(model, frozen=False), batch.features, frames_in(model, batch), Shape(999, 0, 250)
        )
    assert torch.allclose(offline, online, atol=1e-4)


@pytest.mark.parametrize("shape", [Shape(8, 0, 50), Shape(12, 4, 100), Shape(25, 25, 250)])
def test_a_stream_commits_every_frame_once_and_ragged_ends_change_nothing(model, shape):
    long, both = batch_of(180), batch_of(180, 300)
    both.features[0, :180], both.mask[0] = long.features[0], 0
    both.mask[0, :180] = 1
    graph = CachedLasr(model, frozen=False)
    with torch.no_grad():
        alone = streamed(graph, long.features, frames_in(model, long), shape)
        among = streamed(graph, both.features, frames_in(model, both), shape)
    assert alone.shape[1] == data.frames_of(180)
    assert among.shape[1] == data.frames_of(300)
    # All but the last chunk: there the padded batch may look on into padding's place, which the mask hides.
    assert torch.allclose(among[0, : alone.shape[1]], alone[0], atol=1e-4)


def test_gradients_reach_the_weights_through_chunks_and_caches(model):
    batch = batch_of(200)
    streamed(
        CachedLasr(model, frozen=False), batch.features, frames_in(model, batch), Shape(8, 4, 50)
    ).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_adapting_brings_the_stream_nearer_to_the_teacher_and_keeps_the_statistics(model):
    batch, shape = batch_of(200, 220), Shape(8, 0, 50)
    frames = frames_in(model, batch)
    with torch.no_grad():
        teacher = model(input_features=batch.features, attention_mask=batch.mask).logits

        def distance():
            return streaming.distil(
                streamed(CachedLasr(model, frozen=False), batch.features, frames, shape), teacher, frames
            )

        before = distance()
    statistics = model.encoder.layers[0].conv.norm.running_mean.clone()
    steps = streaming.adapt(
        model, itertools.repeat(batch, 24), minutes=60, rate=2e-3, seed=3, log=lambda _: None
    )
    assert steps == 24
    with torch.no_grad():
        assert distance() < before
    assert torch.equal(statistics, model.encoder.layers[0].conv.norm.running_mean)


def test_the_sweep_says_nothing_differs_from_offline_but_the_stream():
    pieces = vocabulary.train_pieces(text.sentences(300, seed=8), size=80)
    torch.manual_seed(0)
    model = training.small_model(80, hidden=32, layers=2)
    said = data.Utterance((RNG.standard_normal(24_000) * 3000).astype(np.int16), "slt", "clear {period}")
    found = streaming.sweep(model, vocabulary.tokenizer(pieces), [said])
    assert found.keys() == {"offline", "0", "4", "8", "16", "25"}
    assert found["offline"]["differs"] == 0.0


def test_greedy_labels_drop_blanks_and_repeats_and_what_is_past_the_end():
    ids = torch.tensor([[0, 5, 5, 0, 5, 6, 9]])
    logits = torch.nn.functional.one_hot(ids, 12).float()
    assert streaming.texts_of(logits, torch.tensor([6])) == [[5, 5, 6]]
