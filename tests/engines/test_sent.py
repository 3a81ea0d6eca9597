"""Every engine reports the prompt that it sent to the model, and the report is true."""

import base64
import tempfile
from contextlib import aclosing
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from assistant.engines.base import AnswerText, Question, Sent, Usage
from assistant.engines.hf_engine import TransformersEngine
from assistant.engines.llamacpp import LlamaCppEngine
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.pieces import ImagePiece, LinkPiece, TextPiece
from assistant.engines.prompt import THINK, UNSEEN_IMAGES
from assistant.engines.scripted import ScriptedEngine
from benches.random_gemma import CHAT_TEMPLATE, LONG_TINY
from benches.random_gemma import save as save_tiny_gemma
from tests.engines import gguf_of, model_server
from tests.engines.test_contract import (
    compatible,
    gguf,
    in_one_piece,
    opened,
    picture,
    scripted,
    transformers,
)

__all__ = ["opened"]

ASKED = Question("What is the capital of Italy?", document="The lungs are clear.")
SEEN = Question(
    "Which view is it?", pieces=(TextPiece("SLICE 1"), picture(), TextPiece("SLICE 2"), picture())
)
SECRET = "archive-token"


async def heard(engine, question):
    """The reported prompt and the output; the report comes once and before anything else."""
    reported, out = [], []
    async with aclosing(engine.answer(question, reported.append)) as outputs:
        async for output in outputs:
            assert len(reported) == 1
            out.append(output)
    (sent,) = reported
    return sent, out


def texts(sent):
    return [part.text for part in sent.parts if isinstance(part, TextPiece)]


def as_parts(messages):
    """An OpenAI request as it went over the wire → what a report of it must be."""
    parts = []
    for message in messages:
        for part in message["content"]:
            match part["type"]:
                case "text":
                    parts.append(part["text"])
                case "image_url":
                    parts.append(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
                case "image_dicom":
                    parts.append(part["image_dicom"]["dicom_source"])
    return parts


def as_sent(sent):
    match_of = {TextPiece: lambda p: p.text, ImagePiece: lambda p: p.image.data, LinkPiece: lambda p: p.url}
    return [match_of[type(part)](part) for part in sent.parts]


async def test_every_engine_reports_the_question_and_the_dictation_once_before_its_answer(opened):
    sent, out = await heard(opened.engine, ASKED)
    said = "\n".join(texts(sent))
    assert ASKED.text in said
    assert ASKED.document in said
    assert any(isinstance(output, AnswerText) for output in out)


@pytest.mark.parametrize("opened", [scripted, compatible, in_one_piece, gguf, transformers], indirect=True)
async def test_images_are_reported_in_their_place_as_they_were_given(opened):
    sent, _ = await heard(opened.engine, SEEN)
    assert [image.data for image in sent.images] == [image.data for image in SEEN.images]
    kinds = ["image" if isinstance(part, ImagePiece) else part.text for part in sent.parts]
    first, second = (i for i, kind in enumerate(kinds) if kind == "image")
    assert "SLICE 1" in "".join(kinds[:first])
    assert "SLICE 2" in "".join(kinds[first + 1 : second])
    assert SEEN.text in "".join(kinds[second + 1 :])


@pytest.mark.parametrize(
    ("options", "question", "first"),
    [
        ({}, ASKED, "dictat"),
        ({"thinks": True}, ASKED, THINK),
        ({"thinks": True}, SEEN, "SLICE 1"),
        ({"sees_images": False}, SEEN, UNSEEN_IMAGES),
        (
            {"follows_links": True, "archive_token": SECRET, "streams": False},
            Question("Which?", pieces=(LinkPiece("https://pacs/studies/1/series/2"), picture())),
            "https://pacs/studies/1/series/2",
        ),
    ],
    ids=["dictation", "thinking turn", "no thinking with images", "images you cannot see", "links"],
)
async def test_a_server_gets_exactly_what_is_reported(options, question, first):
    async with model_server.running() as server:
        server.react = model_server.as_vllm
        given = {"sees_images": True, "api_key": "k", "timeout_s": 5, "max_tokens": 50, **options}
        engine = OpenAICompatibleEngine(base_url=f"{server.root}/v1", model="m", **given)
        sent, _ = await heard(engine, question)
        _, request = server.requests[-1]
        assert as_sent(sent) == as_parts(request["messages"])
        assert first in str(as_sent(sent)[0])
        assert SECRET not in repr(sent)
        await engine.close()


class Recording:
    """Stands before llama.cpp's server and keeps what it is given."""

    def __init__(self, server):
        self._server, self.given = server, []

    def handle_chat_completions(self, request, take):
        self.given.append(request)
        self._server.handle_chat_completions(request, take)

    def handle_completions(self, request, take):
        self.given.append(request)
        self._server.handle_completions(request, take)


@pytest.mark.parametrize("tower", [True, False], ids=["sees", "blind"])
async def test_llama_cpp_gets_exactly_what_is_reported(tower):
    with tempfile.TemporaryDirectory() as folder:
        model, mmproj = gguf_of.write(save_tiny_gemma(Path(folder)), CHAT_TEMPLATE)
        engine = LlamaCppEngine(
            model, mmproj=mmproj if tower else None, stand_in=False, threads=1, thinks=True, max_tokens=8
        )
        await engine.load()
        engine._server = Recording(engine._server)
        for question, first in ((ASKED, THINK), (SEEN, "SLICE 1" if tower else UNSEEN_IMAGES)):
            sent, _ = await heard(engine, question)
            assert as_sent(sent) == as_parts(engine._server.given[-1]["messages"])
            assert first in "".join(texts(sent)[:2])
        await engine.close()


async def test_a_dictation_that_is_cut_to_fit_is_reported_as_cut():
    engine = ScriptedEngine()
    sent, _ = await heard(engine, Question("What?", document="old " * 10_000 + "the end"))
    assert "[the beginning was left out]" in texts(sent)[-1]
    assert "the end" in texts(sent)[-1]
    assert len(texts(sent)[-1]) < 15_000


async def test_transformers_reports_the_prompt_as_the_models_template_makes_it():
    """Its tokens are those that the model counted."""
    with tempfile.TemporaryDirectory() as folder:
        saved = str(save_tiny_gemma(Path(folder), LONG_TINY))
        engine = TransformersEngine(saved, max_tokens=8, thinks=True)
        await engine.load()
        sent, out = await heard(engine, ASKED)
        (usage,) = [output for output in out if isinstance(output, Usage)]
        (text,) = texts(sent)
        tokens = AutoTokenizer.from_pretrained(saved)(text, add_special_tokens=False)["input_ids"]
        assert len(tokens) == usage.prompt_tokens
        assert THINK.strip() in text
        sent, _ = await heard(engine, SEEN)
        assert THINK.strip() not in "".join(texts(sent))
        await engine.close()


def test_a_report_has_its_images_in_order():
    first, second = picture(b"1"), picture(b"2")
    assert Sent((first, TextPiece("and"), second)).images == (first.image, second.image)
