"""The model's own numbers, and the resize it was trained with."""

import io

import numpy as np
import PIL.Image
import pytest

from assistant.errors import BadInput, Missing
from assistant.siglip.model import load, resized
from tests.siglip.tiny_siglip import CORPUS, SIDE_PX, save


def picture(seed, width=40, height=40):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return PIL.Image.fromarray(pixels)


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("siglip") / "tiny-siglip")


def test_vectors_and_scores_are_those_of_transformers(folder):
    import torch
    from transformers import AutoModel, AutoProcessor

    ours = load(str(folder), revision=None, threads=1)
    model, processor = AutoModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    images = [picture(seed) for seed in range(3)]
    inputs = processor(
        text=CORPUS,
        images=[resized(each, SIDE_PX) for each in images],
        padding="max_length",
        max_length=ours.longest_text,
        return_tensors="pt",
    )
    with torch.no_grad():
        theirs = model(**inputs)
    looked, read = ours.images([png(each) for each in images]), ours.texts(CORPUS)
    np.testing.assert_allclose(looked, theirs.image_embeds, atol=1e-6)
    np.testing.assert_allclose(read, theirs.text_embeds, atol=1e-6)
    np.testing.assert_allclose(looked @ read.T * ours.scale + ours.bias, theirs.logits_per_image, atol=1e-5)
    assert np.ptp(theirs.logits_per_image.numpy()) > 0.01, "the tiny model tells labels apart"


def test_a_label_that_is_too_long_is_cut_and_not_refused(folder):
    assert load(str(folder), revision=None, threads=1).texts(["chest " * 200, ""]).shape == (2, 32)


@pytest.mark.parametrize(("width", "height"), [(40, 40), (17, 17), (100, 100)])
def test_pictures_are_resized_as_in_training(width, height):
    """tf.image.resize(method="bilinear", antialias=False): half-pixel centres, two taps on each axis."""

    def taps(count, side):
        centre = (np.arange(side) + 0.5) * count / side - 0.5
        low = np.floor(centre)
        part = centre - low
        return [np.clip(low + step, 0, count - 1).astype(int) for step in (0, 1)], part

    image = picture(5, width, height)
    values = np.asarray(image, float)
    (top, bottom), down = taps(height, SIDE_PX)
    rows = values[top] * (1 - down)[:, None, None] + values[bottom] * down[:, None, None]
    (left, right), across = taps(width, SIDE_PX)
    wanted = rows[:, left] * (1 - across)[None, :, None] + rows[:, right] * across[None, :, None]
    cut = wanted - np.asarray(resized(image, SIDE_PX), float)
    assert cut.min() > -1e-3 and cut.max() < 1 + 1e-3, "whole values, but for single precision's rounding"


def test_what_is_no_image_says_so(folder):
    with pytest.raises(BadInput) as caught:
        load(str(folder), revision=None, threads=1).images([b"marker"])
    assert caught.value.code == "image_not_readable"


def test_a_folder_without_a_model_and_another_kind_of_model_are_told_apart(tmp_path):
    with pytest.raises(Missing) as caught:
        load(str(tmp_path), revision=None, threads=1)
    assert caught.value.code == "siglip_model_missing" and "--siglip-model" in caught.value.message
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(Missing) as caught:
        load(str(tmp_path), revision=None, threads=1)
    assert caught.value.code == "siglip_load_failed" and "bert" in caught.value.message
