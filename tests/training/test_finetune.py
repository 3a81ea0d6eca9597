import argparse
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from training import medasr
from training.lasr import data, recordings, text, training, vocabulary


def write(folder, names, seconds=1.0, rate=16_000):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    lines = ["path\tseconds\ttext"]
    for i, words in enumerate(names):
        soundfile.write(folder / f"{i}.wav", 0.1 * rng.standard_normal(int(seconds * rate)), rate)
        lines.append(f"{i}.wav\t{seconds}\t{words}")
    (folder / "transcripts.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lasr")
    pieces = vocabulary.train_pieces(text.sentences(300, seed=9), size=80)
    vocabulary.save_processor(folder, pieces)
    torch.manual_seed(0)
    training.small_model(80, hidden=32, layers=2).eval().save_pretrained(folder)
    return folder


def test_it_tunes_scores_before_and_after_and_writes_a_bundle(mini, tmp_path):
    new = write(tmp_path / "new", [f"take tocilizumab {text.below_hundred(n)} §" for n in range(1, 7)])
    old = write(tmp_path / "old", ["clear", "stable", "normal", "no change"])
    args = argparse.Namespace(
        model=str(mini),
        recordings=new,
        old=old,
        repeat=2,
        out=tmp_path / "tuned",
        bundle=tmp_path / "bundle",
        licence="Apache-2.0",
        words="tocilizumab",
    )
    lines: list[str] = []
    recipe = medasr.Recipe(epochs=2, rate=1e-3, batch=2, accumulate=2, end_token=False)
    result = medasr.run(args, recipe, lines.append)
    assert {"before", "after"} == result.keys()
    assert "has no piece for" in lines[1]  # §
    assert {"held out", "words found", "old"} == result["after"].keys()
    assert (tmp_path / "bundle/bundle.json").exists()
    tuned, untuned = _weights(tmp_path / "tuned"), _weights(mini)
    assert any(not torch.equal(tuned[name], untuned[name]) for name in tuned)
    assert all(torch.equal(tuned[n], untuned[n]) for n in tuned if "running_" in n)


def _weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_the_recipe_of_medasr_ends_labels_and_ours_does_not(mini):
    from transformers import LasrTokenizer

    tokens = LasrTokenizer.from_pretrained(mini)
    ended = medasr.labels_of(tokens, "clear", medasr.Recipe())
    plain = medasr.labels_of(tokens, "clear", medasr.Recipe(end_token=False))
    assert ended == [*plain, 2]


def test_recordings_of_any_rate_and_of_two_channels_are_read_as_16_khz_mono(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((48_000, 2)), 48_000)
    assert len(recordings.read_audio(tmp_path / "a.wav")) == 16_000


def test_recordings_that_are_too_short_are_left_out(tmp_path):
    write(tmp_path, ["clear"], seconds=0.5)
    with pytest.raises(recordings.BadRecordings, match=r"0\.6 s"):
        recordings.read_folder(tmp_path)


@pytest.mark.parametrize("listing", ["file\twords\na.wav\tclear\n", "path\ttext\n", ""])
def test_a_listing_without_its_columns_or_rows_is_a_clear_error(tmp_path, listing):
    (tmp_path / "transcripts.tsv").write_text(listing)
    with pytest.raises(recordings.BadRecordings, match="columns path and text"):
        recordings.read_folder(tmp_path)


def test_a_folder_without_a_listing_and_a_file_that_is_no_audio_are_clear_errors(tmp_path):
    with pytest.raises(recordings.BadRecordings, match=r"transcripts\.tsv is missing"):
        recordings.read_folder(tmp_path)
    (tmp_path / "a.wav").write_text("no audio")
    (tmp_path / "transcripts.tsv").write_text("path\ttext\na.wav\tsecret words\n")
    with pytest.raises(recordings.BadRecordings, match=r"a\.wav cannot be read") as error:
        recordings.read_folder(tmp_path)
    assert "secret" not in str(error.value)


def test_the_split_never_has_one_sentence_on_both_sides():
    voices = [
        data.Utterance(np.zeros(16_000, np.int16), voice, f"sentence {i}")
        for i in range(20)
        for voice in "ab"
    ]
    learn, test = recordings.split(voices)
    assert len(test) == 12
    assert not {u.target for u in learn} & {u.target for u in test}
    assert recordings.split(voices)[1] == test


def test_with_nothing_to_hold_out_there_is_no_score(tmp_path):
    folder = write(tmp_path, ["clear", "clear"])
    with pytest.raises(recordings.BadRecordings, match="one sentence only"):
        recordings.split(recordings.read_folder(folder))
    assert len(recordings.split(recordings.read_folder(write(tmp_path, ["clear", "stable"])))[1]) == 1
    (tmp_path / "transcripts.tsv").write_text("path\ttext\n0.wav\n")
    with pytest.raises(recordings.BadRecordings, match="lines without a tab"):
        recordings.read_folder(folder)


def test_from_the_command_line_the_recipe_is_the_announced_one(mini, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(medasr, "run", lambda args, recipe: seen.append(recipe))
    monkeypatch.setattr("sys.argv", ["medasr.py", str(mini), str(tmp_path), "--out", str(tmp_path / "o")])
    medasr.main()
    assert seen == [medasr.Recipe()]
    assert (seen[0].rate, seen[0].warmup, seen[0].batch * seen[0].accumulate) == (3e-5, 300, 32)


def test_the_share_of_words_found_counts_each_time_one_was_said():
    said = ["stop inclisiran {period}", "inclisiran and inclisiran", "no change"]
    heard = ["stop inclisiran", "inclisiran and ink", "inclisiran"]
    assert medasr.found_share(said, heard, {"inclisiran"}) == pytest.approx(200 / 3)


def test_scripts_that_the_docs_call_by_name_can_be_called():
    folder = Path(medasr.__file__).parent
    callable_ones = [path for path in folder.glob("*.py") if path.read_text().startswith("#!")]
    assert len(callable_ones) > 3
    assert [path.name for path in callable_ones if not os.access(path, os.X_OK)] == []
