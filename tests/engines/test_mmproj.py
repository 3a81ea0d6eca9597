"""An image tower (mmproj) in process: the same weights through llama.cpp and through transformers."""

import asyncio
import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
import torch

from assistant.engines.base import AnswerText, CutOff, Question, Thought, Usage
from assistant.engines.hf_model import load
from assistant.engines.llamacpp import LlamaCppEngine, _Run
from assistant.engines.pieces import Image, ImagePiece
from assistant.engines.thinking import ThinkingFilter
from benches.random_gemma import CHAT_TEMPLATE, SPECIAL, TINY, save
from tests.engines.asking import failure
from tests.engines.gguf_of import write

SIDE_PX, IMAGE_TOKENS, LONGEST = TINY.vision["image_size"], TINY.image_tokens, 20
TEXT = "Is it?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    scaled_as_llama_cpp_does = {"query_pre_attn_scalar": TINY.text["head_dim"]}
    shape = replace(TINY, text=TINY.text | scaled_as_llama_cpp_does)
    return save(tmp_path_factory.mktemp("gemma"), shape)


@pytest.fixture(scope="module")
def ask(folder):
    """One loaded engine; the tests of this module share its event loop."""
    model, tower = write(folder, CHAT_TEMPLATE)
    with asyncio.Runner() as runner:
        engine = LlamaCppEngine(model, mmproj=tower, stand_in=False, threads=1, max_tokens=LONGEST)
        runner.run(engine.load())
        assert engine.info.sees_images
        yield lambda work: runner.run(work(engine))
        runner.run(engine.close())


def picture(seed):
    data = io.BytesIO()
    values = np.random.default_rng(seed).integers(0, 255, (SIDE_PX, SIDE_PX, 3), np.uint8)
    PIL.Image.fromarray(values).save(data, "PNG")
    return ImagePiece(Image(f"att_{seed}", "x.png", "image/png", data.getvalue(), SIDE_PX, SIDE_PX))


def by_transformers(folder, pieces):
    """The text, and how many tokens were read. llama.cpp writes no blank lines around an image, which Gemma's
    processor does, so the prompt is put together here."""
    local = load(str(folder), revision=None, precision="float32", threads=1)
    tokenizer = local._tokenizer

    def ids_of(text):
        return tokenizer(text, add_special_tokens=False).input_ids

    before = ids_of("<bos><start_of_turn>user\n")
    image = ids_of("<start_of_image>" + "<image_soft_token>" * IMAGE_TOKENS + "<end_of_image>")
    ids = before + image * len(pieces) + ids_of(f"{TEXT}<end_of_turn>\n<start_of_turn>model\n")
    inputs = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
    inputs["token_type_ids"] = (inputs["input_ids"] == tokenizer.image_token_id).long()
    if pieces:
        pictures = [PIL.Image.open(io.BytesIO(piece.image.data)) for piece in pieces]
        pixels = local._processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
        inputs["pixel_values"] = pixels
    said = local._model.generate(**inputs, max_new_tokens=LONGEST, do_sample=False)[0, len(ids) :]
    return told([tokenizer.decode([each for each in said.tolist() if each not in local._ends])]), len(ids)


def told(texts):
    """The answer and the thoughts in what a model says."""
    thinking = ThinkingFilter()
    outputs = [output for text in texts for output in thinking.push(text)] + thinking.finish()
    kinds = (AnswerText, Thought)
    return tuple("".join(each.text for each in outputs if isinstance(each, kind)) for kind in kinds)


@pytest.mark.parametrize("seeds", [(), (1,), (2,), (1, 2)])
def test_it_says_token_for_token_what_transformers_says_of_the_same_images(ask, folder, seeds):
    pieces = tuple(map(picture, seeds))

    async def work(engine):
        *outputs, usage, end = [output async for output in engine.answer(Question(TEXT, pieces=pieces))]
        assert end == CutOff()
        assert isinstance(usage, Usage) and usage.output_tokens == LONGEST
        kinds = (AnswerText, Thought)
        said = tuple("".join(each.text for each in outputs if isinstance(each, kind)) for kind in kinds)
        return said, usage.prompt_tokens

    assert ask(work) == by_transformers(folder, pieces)


def test_what_it_says_depends_on_the_image(folder):
    assert len({by_transformers(folder, (picture(seed),)) for seed in (1, 2)}) == 2


@pytest.mark.parametrize(("token", "shown"), [("<unused94>", "<unused94>"), ("<end_of_turn>", "")])
def test_marks_of_thinking_stay_and_marks_of_the_end_go(ask, token, shown):
    async def work(engine):
        run = _Run(asyncio.get_running_loop(), LONGEST, lambda _: None)
        likely = {"logit_bias": [[SPECIAL.index(token), 100]]}
        chat = engine._chat(Question(TEXT), run) | likely
        await asyncio.to_thread(engine._server.handle_chat_completions, chat, run.take)
        first = await run.next_piece(10)
        assert first == shown if shown else isinstance(first, Usage)

    ask(work)


def test_an_image_that_is_none_is_said_and_the_next_question_answered(ask):
    broken = ImagePiece(Image("att_9", "x.png", "image/png", b"marker", 1, 1))

    async def work(engine):
        error, _ = await failure(engine, Question(TEXT, pieces=(broken,)))
        assert error.code == "image_not_readable"
        assert [output async for output in engine.answer(Question(TEXT))]

    ask(work)
