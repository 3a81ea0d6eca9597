"""The clinical Moonshine's training: which weights it changes, and the clips heard again for the encoder."""

import csv

import numpy as np
import pytest
import soundfile

from assistant.asr.moonshine import MoonshineModel
from assistant.audio.files import read_audio
from assistant.components.opening import models_dir
from assistant.config import Settings
from training.clinical import features, graph, speak, train

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def base():
    return models_dir(Settings()) / "moonshine-tiny-en"


@pytest.fixture(scope="module")
def clip(data_dir):
    with (data_dir / "speech" / "transcripts.tsv").open(newline="") as file:
        row = next(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return row["text"].lower(), read_audio(data_dir / "speech" / row["path"])[:24_000]


@pytest.fixture(scope="module")
def folder(base, clip, tmp_path_factory):
    """A clip, spoken and prepared."""
    text, samples = clip
    folder = tmp_path_factory.mktemp("training")
    path = speak.clip(folder / "clips", "train", text)
    path.parent.mkdir(parents=True)
    soundfile.write(path, samples, 16_000)
    (folder / "features").mkdir()
    row = {"path": str(path), "kind": "gen", "seconds": "1.5", "text": text}
    spoken_twice = [row, row]  # by two workers, into one clip
    features.prepare(spoken_twice, base, folder / "features" / "train", variants=2, silences=2)
    return folder


def test_the_clips_of_items_are_made_again_as_they_were_augmented(base, folder):
    prefix = folder / "features" / "train"
    items, frames = features.read(prefix), features.frames_of(prefix)
    assert [item.kind for item in items] == ["gen"] * 3 + ["none"] * 2
    sounds, encoder = features.Sounds(folder / "clips", items), features.Encoder(base)
    for item in items:
        again = encoder.frames(sounds.of(item))
        assert np.array_equal(again, frames[item.start : item.start + item.frames])


def test_only_the_layers_of_the_encoder_that_were_asked_for_are_trained(base, folder, clip):
    out = folder / "adapted"
    # one step at a rate that the rounding to bytes does not undo
    recipe = train.Recipe(steps=1, rate=0.05, layers=2, batch=2, hold=0, warm=1)
    train.train(base, base, [folder / "features" / "train"], out, recipe)
    before, after = (graph.OrtFile(each / graph.ENCODER) for each in (base, out))
    changed = {
        module.split(".")[1]
        for module, name in after.matrices().items()
        if not np.array_equal(before[name + "_quantized"], after[name + "_quantized"])
    }
    assert changed == {"4", "5"}
    assert not np.array_equal(before["layer_norm.weight"], after["layer_norm.weight"])
    assert np.array_equal(before["conv1.weight_add_tensor"], after["conv1.weight_add_tensor"])
    assert (out / graph.DECODER).read_bytes() != (base / graph.DECODER).read_bytes()
    MoonshineModel(out).transcribe(clip[1])
