"""A tiny Gemma 3, built from its configuration, in this process."""

import base64
import io

import PIL.Image
import pytest
import torch

from assistant.engines.base import Usage
from assistant.engines.hf_model import _Streamer, load
from assistant.errors import BadInput, Missing
from random_gemma import save


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
    return load(str(save(tmp_path_factory.mktemp("gemma"))), revision=None, precision="auto", threads=1)


@pytest.mark.parametrize(
    "content",
    [
        [words("Is there an effusion?")],
        [picture("red"), words("SLICE 1"), picture("navy"), words("SLICE 2"), words("Which is worse?")],
    ],
)
def test_it_says_token_for_token_what_generate_says(model, content, monkeypatch):
    given, pieces = {}, []
    generate = model._model.generate
    monkeypatch.setattr(model._model, "generate", lambda **inputs: given.update(inputs) or generate(**inputs))
    usage = model.generate(user(*content), 40, pieces.append, never)

    processor = model._processor
    pictures = [PIL.Image.open(io.BytesIO(base64.b64decode(part["image_url"]["url"].split(",")[1])))
                for part in content if part["type"] == "image_url"]  # fmt: skip
    told = "".join(part.get("text", "<start_of_image>") for part in content)
    prompt = f"<bos><start_of_turn>user\n{told}<end_of_turn>\n<start_of_turn>model\n"
    inputs = processor(text=prompt, images=pictures or None, add_special_tokens=False, return_tensors="pt")
    if pictures:
        assert torch.equal(given["pixel_values"], inputs["pixel_values"])
    ids = generate(**inputs, max_new_tokens=40, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    expected = processor.tokenizer.decode([i for i in ids.tolist() if i not in model._ends])
    assert "".join(pieces) == expected
    assert expected
    assert usage == Usage(inputs["input_ids"].shape[1], len(ids))
    assert (inputs["input_ids"] == processor.tokenizer.image_token_id).sum() == 16 * len(pictures)


def test_a_stop_ends_it_at_the_next_token_and_before_the_first(model):
    pieces = []
    usage = model.generate(user(words("Is there an effusion?")), 200, pieces.append, lambda: len(pieces) >= 3)
    assert len(pieces) == usage.output_tokens == 3
    pieces.clear()
    assert model.generate(user(words("And now?")), 200, pieces.append, lambda: True).output_tokens == 0
    assert not pieces


def test_what_does_not_fit_or_is_no_picture_is_refused_and_the_next_question_answered(model):
    with pytest.raises(BadInput) as caught:
        model.generate(user(words("effusion " * 120)), 20, print, never)
    assert caught.value.code == "prompt_too_long"
    broken = {"type": "image_url", "image_url": {"url": url(b"marker")}}
    with pytest.raises(BadInput) as caught:
        model.generate(user(broken, words("?")), 20, print, never)
    assert caught.value.code == "image_not_readable"
    assert model.generate(user(words("?")), 5, [].append, never).output_tokens == 5


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
