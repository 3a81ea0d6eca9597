import math

import numpy as np
import pytest
import torch

from training import mini, streaming
from training.lasr import data, recordings, text, training, vocabulary

TARGETS = ["the lungs are clear {period}", "is it normal", "[FINDINGS] {colon} stable"]


@pytest.fixture(scope="module")
def tokens():
    return vocabulary.tokenizer(vocabulary.train_pieces(text.sentences(300, seed=8), size=80))


def tiny(tokens):
    torch.manual_seed(0)
    return training.small_model(len(tokens), hidden=32, layers=2)


def utterance(target, seed):
    """Noise whose colour changes from letter to letter: a voice that a model can learn to read."""
    rng = np.random.default_rng(seed)
    parts = []
    for letter in target:
        t = np.arange(1600) / 16_000
        tone = np.sin(2 * np.pi * (300 + 60 * (ord(letter) % 40)) * t) + 0.02 * rng.standard_normal(len(t))
        parts.append((6000 * tone).astype(np.int16))
    return data.Utterance(np.concatenate(parts), "slt", target)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mini")
    (folder / "data").mkdir()
    for name in ("train", "dev"):
        data.write_shard(folder / "data", f"{name}-000", [utterance(t, i) for i, t in enumerate(TARGETS)])
    return folder


def one_batch(tokens):
    made = [utterance(t, i) for i, t in enumerate(TARGETS)]
    return data.collate(training.heard(made), [vocabulary.encode(tokens, t) for t in TARGETS])


def test_a_few_steps_lower_the_loss(tokens):
    model, batch = tiny(tokens), one_batch(tokens)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        model.train()
        loss, final = training.loss_of(model, batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(final)
    assert losses[-1] < 0.8 * losses[0]


def test_our_ctc_is_the_one_of_the_library(tokens):
    model, batch = tiny(tokens).eval(), one_batch(tokens)
    ours, final = training.loss_of(model, batch, halfway=0.0)
    theirs = model(input_features=batch.features, attention_mask=batch.mask, labels=batch.labels).loss
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-4)
    assert final == pytest.approx(ours.item())


def test_the_first_layer_takes_raw_log_mel_to_about_unit_size(tokens):
    model = tiny(tokens)
    mel = torch.randn(4, 200, 128) * training.LOG_MEL_DEVIATION + training.LOG_MEL_MEAN
    out = model.encoder.subsampler.dense_0(mel)
    assert abs(out.mean().item()) < 0.3
    assert 0.7 < out.std().item() < 2.5


def test_training_goes_on_from_its_checkpoint_and_leaves_a_lasr_folder(tokens, folder):
    lines = []
    model = tiny(tokens)
    training.train(model, tokens, folder, minutes=0.02, batch_s=10.0, log=lines.append)
    state = torch.load(folder / "last.pt", weights_only=True)
    assert "dev word error" in lines[-1]
    again = tiny(tokens)
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in again.parameters() if (p.ndim > 1) is large]} for large in (True, False)]
    )
    run = training.resume(folder, again, optimizer)
    assert run.step == state["run"][0] > 0
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
    training.train(again, tokens, folder, minutes=0.03, batch_s=10.0, again=True, log=lines.append)
    assert torch.load(folder / "last.pt", weights_only=True)["run"][0] > run.step
    assert (folder / "hf/config.json").exists()


def test_the_rate_rises_in_steps_and_falls_with_the_time_spent():
    assert training.rate_at(0, 0.0, peak=1.0) == pytest.approx(1 / 200)
    assert training.rate_at(199, 0.0, peak=1.0) == pytest.approx(1.0)
    assert training.rate_at(1000, 0.5, peak=1.0) == pytest.approx(0.5)
    assert training.rate_at(1000, 2.0, peak=1.0) == pytest.approx(0.01)
    rates = [training.rate_at(1000, d / 10, peak=1.0) for d in range(11)]
    assert rates == sorted(rates, reverse=True)


def test_markers_count_as_words_and_case_does_not():
    assert (
        training.normalised("[FINDINGS] {colon} Clear {new paragraph}</s>")
        == "findings colon clear new paragraph"
    )
    assert training.word_error(["clear {period}"], ["CLEAR"]) == pytest.approx(50.0)


def test_frozen_batch_norm_keeps_its_statistics(tokens):
    model = tiny(tokens)
    training.train_mode(model, batch_norm=False)
    before = model.encoder.layers[0].conv.norm.running_mean.clone()
    training.loss_of(model, one_batch(tokens))
    assert torch.equal(before, model.encoder.layers[0].conv.norm.running_mean)
    training.train_mode(model)
    loss, _ = training.loss_of(model, one_batch(tokens))
    assert math.isfinite(loss.item())
    assert not torch.equal(before, model.encoder.layers[0].conv.norm.running_mean)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("train", "no speech in"), ("evaluate", "no speech in"), ("language-model", "no model in")],
)
def test_what_has_to_be_made_first_is_said_and_not_waited_for(asked, answer, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["mini.py", asked, "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        mini.main()
    assert answer in capsys.readouterr().err


def test_there_is_nothing_to_adapt_on_in_an_empty_folder(tmp_path):
    with pytest.raises(recordings.BadRecordings, match="neither"):
        streaming.sets_of(tmp_path)
