"""``assistant labels``."""

import json

import numpy as np
import PIL.Image
import pytest

from assistant.cli import main
from tests.siglip.tiny_siglip import save


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save(tmp_path_factory.mktemp("siglip") / "tiny-siglip"))


@pytest.fixture
def image(tmp_path):
    pixels = np.random.default_rng(4).integers(0, 256, (30, 50, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(tmp_path / "chest.png")
    return str(tmp_path / "chest.png")


def test_labels_are_scored_and_what_cannot_be_read_is_said(model, image, tmp_path, capfd):
    bad = tmp_path / "notes.txt"
    bad.write_text("no image")
    labels = ["--label", "a chest X-ray", "--label", "a photo of skin"]
    assert main(["labels", image, str(bad), *labels, "--siglip-model", model, "--json"]) == 1
    captured = capfd.readouterr()
    (line,) = captured.out.splitlines()
    found = json.loads(line)
    assert found["name"] == "chest.png" and found["check"].endswith("(by tiny-siglip; unverified)")
    assert sum(score["share"] for score in found["scores"]) == pytest.approx(1)
    assert {score["label"] for score in found["scores"]} == {"a chest X-ray", "a photo of skin"}
    assert "image_not_readable" in captured.err


def test_without_weights_it_says_what_to_do(image, tmp_path, capfd):
    (tmp_path / "empty").mkdir()
    assert main(["labels", image, "--siglip-model", str(tmp_path / "empty")]) == 2
    assert "[siglip_model_missing]" in capfd.readouterr().err


def test_a_record_alone_has_no_picture_to_score(model, tmp_path, capfd):
    record = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": {"resourceType": "Patient"}}],
    }
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert main(["labels", str(tmp_path / "record.json"), "--siglip-model", model]) == 2
    assert "[nothing_to_read]" in capfd.readouterr().err
