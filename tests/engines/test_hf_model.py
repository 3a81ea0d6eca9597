"""A tiny Gemma 3, built from its configuration, in this process."""

import base64
import io
from dataclasses import replace

import PIL.Image
import pytest
import torch

from assistant.engines import hf_prefix
from assistant.engines.base import Usage
from assistant.engines.hf_model import _Streamer, load
from assistant.engines.hf_worker import Worker
from assistant.errors import BadInput, Missing
from benches.random_gemma import TINY, save


def never():
    return False


def picture(colour):
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return {"type": "image_url", "image_url": {"url": url(buffer.getvalue())}}


def url(data):
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def words(text):
    return {"type": "text", "text": text}


def user(*content):
    return [{"role": "user", "content": list(content)}]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """One layer with a window and one without."""
    layers = {"layer_types": ["sliding_attention", "full_attention"]}
    folder = save(tmp_path_factory.mktemp("gemma"), replace(TINY, text=TINY.text | layers))
    return load(str(folder), revision=None, precision="auto", threads=1)


@pytest.mark.parametrize(
    "content",
    [
        [words("Is there an effusion?")],
        [picture("red"), words("SLICE 1"), picture("navy"), words("SLICE 2"), words("Which is worse?")],
    ],
)
def test_it_says_token_for_token_what_generate_says(model, content):
    read, pieces = [], []
    tower = model._model.model.vision_tower
    looking = tower.register_forward_pre_hook(
        lambda _, args, kwargs: read.append(args[0] if args else kwargs["pixel_values"]), with_kwargs=True
    )
    usage, _ = model.generate(user(*content), 40, pieces.append, never)
    again = []
    assert model.generate(user(*content), 40, again.append, never)[0] == usage
    assert again == pieces, "the second time from what was kept of the images"
    looking.remove()

    processor = model._processor
    pictures = [PIL.Image.open(io.BytesIO(base64.b64decode(part["image_url"]["url"].split(",")[1])))
                for part in content if part["type"] == "image_url"]  # fmt: skip
    told = "".join(part.get("text", "<start_of_image>") for part in content)
    prompt = f"<bos><start_of_turn>user\n{told}<end_of_turn>\n<start_of_turn>model\n"
    inputs = processor(text=prompt, images=pictures or None, add_special_tokens=False, return_tensors="pt")
    if pictures:
        (pixels,) = read  # once
        assert torch.equal(pixels, inputs["pixel_values"])
    ids = model._model.generate(**inputs, max_new_tokens=40, do_sample=False)[
        0, inputs["input_ids"].shape[1] :
    ]
    expected = processor.tokenizer.decode([i for i in ids.tolist() if i not in model._ends])
    assert "".join(pieces) == expected
    assert expected
    assert usage == Usage(inputs["input_ids"].shape[1], len(ids))
    assert (inputs["input_ids"] == processor.tokenizer.image_token_id).sum() == 16 * len(pictures)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_images_read_a_few_at_a_time_are_read_alike(model, at_once, monkeypatch):
    content = [each for k in range(5) for each in (picture((40 * k, 90, 200 - 40 * k)), words(f"SLICE {k}"))]
    at_once_said, said = [], []
    model.generate(user(*content, words("?")), 30, at_once_said.append, never)
    model.generate(user(picture("red"), words("?")), 1, [].append, never)
    monkeypatch.setattr(hf_prefix, "IMAGES_AT_ONCE", at_once)
    model.generate(user(*content, words("?")), 30, said.append, never)
    assert said == at_once_said


def test_other_images_and_other_words_before_them_are_read_anew(model):
    said = []
    for content in (
        [picture("red"), words("What is it?")],
        [picture("navy"), words("What is it?")],
        [words("First:"), picture("navy"), words("What is it?")],
        [picture("red"), words("What is it?")],
    ):
        pieces = []
        model.generate(user(*content), 40, pieces.append, never)
        said.append("".join(pieces))
    assert said[0] == said[3]
    assert len(set(said)) == 3


def test_what_was_read_of_images_is_forgotten_when_no_question_comes(model, monkeypatch):
    content, said, again = [picture("green"), words("What is it?")], [], []
    model.generate(user(*content), 20, said.append, never)
    assert model._images._past is not None
    monkeypatch.setattr("assistant.engines.hf_worker.KEPT_S", 0.01)
    worker = Worker([], None)
    forget = model.forget
    monkeypatch.setattr(model, "forget", lambda: (forget(), worker._asked.put(None)))
    assert worker._next(model) is None
    assert model._images._past is None
    model.generate(user(*content), 20, again.append, never)
    assert again == said


def test_a_stop_while_images_are_read_keeps_nothing_of_them(model):
    content = [picture("green"), words("What is it?")]
    assert model.generate(user(*content), 20, print, lambda: True)[0].output_tokens == 0
    stopped, pieces, fresh = iter([False, True]), [], []
    assert model.generate(user(*content), 20, print, lambda: next(stopped, True))[0].output_tokens == 0
    model.generate(user(*content), 20, pieces.append, never)
    model.generate(user(picture("red"), words("?")), 5, [].append, never)
    model.generate(user(*content), 20, fresh.append, never)
    assert pieces == fresh


def test_a_stop_ends_it_at_the_next_token_and_before_the_first(model):
    pieces = []
    usage, _ = model.generate(
        user(words("Is there an effusion?")), 200, pieces.append, lambda: len(pieces) >= 3
    )
    assert len(pieces) == usage.output_tokens == 3
    pieces.clear()
    assert model.generate(user(words("And now?")), 200, pieces.append, lambda: True)[0].output_tokens == 0
    assert not pieces


def test_what_does_not_fit_or_is_no_picture_is_refused_and_the_next_question_answered(model):
    with pytest.raises(BadInput) as caught:
        model.generate(user(words("effusion " * 120)), 20, print, never)
    assert caught.value.code == "prompt_too_long"
    broken = {"type": "image_url", "image_url": {"url": url(b"marker")}}
    with pytest.raises(BadInput) as caught:
        model.generate(user(broken, words("?")), 20, print, never)
    assert caught.value.code == "image_not_readable"
    usage, whole = model.generate(user(words("?")), 5, [].append, never)
    assert (usage.output_tokens, whole) == (5, False)


def test_marks_of_thinking_stay_and_marks_of_the_end_go(model):
    pieces = []
    streamer = _Streamer(model._tokenizer, model._ends, pieces.append)
    streamer.put(torch.tensor([[1, 2, 3]]))  # the prompt
    for token in ("<unused94>", "a", "<unused95>", "b", "<end_of_turn>"):
        streamer.put(torch.tensor([model._tokenizer.convert_tokens_to_ids(token)]))
    streamer.end()
    assert "".join(pieces) == "<unused94>a<unused95>b"


def test_a_character_of_several_tokens_comes_whole():
    class Bytes:
        def decode(self, ids, **_):
            return bytes(ids).decode(errors="replace")

    pieces = []
    streamer = _Streamer(Bytes(), set(), pieces.append)
    streamer.put(torch.tensor([0]))
    for byte in "5 µg".encode() + b"\xff" * 20 + b"!":
        streamer.put(torch.tensor([byte]))
    streamer.end()
    assert pieces[:4] == ["5", " ", "µ", "g"]
    assert pieces[-1].endswith("!"), "bytes that are no text do not hold the rest back"


def test_a_directory_without_a_model_is_missing(tmp_path):
    with pytest.raises(Missing) as caught:
        load(str(tmp_path), revision=None, precision="auto", threads=1)
    assert caught.value.code in ("engine_model_missing", "engine_load_failed")
    assert str(tmp_path) in caught.value.message


def test_four_bits_need_a_package(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)
    save(tmp_path)
    with pytest.raises(Missing) as caught:
        load(str(tmp_path), revision=None, precision="4bit", threads=1)
    assert caught.value.code == "package_missing"
