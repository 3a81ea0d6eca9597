"""``/v1/chat/completions`` and ``/v1/models``, called by the stock ``openai`` client."""

import asyncio
import base64
import io

import httpx
import openai
import PIL.Image
import pytest
from openai import AsyncOpenAI

from assistant.engines.base import EngineInfo
from assistant.engines.pieces import ImagePiece
from assistant.engines.scripted import ScriptedEngine
from assistant.errors import EngineFailed

QUESTION = {"role": "user", "content": "Is there a pneumothorax?"}


def engine_of(name="medgemma", stand_in=False):
    engine = ScriptedEngine()
    engine.info = EngineInfo(name=name, stand_in=stand_in, sees_images=True, notice="Not for medical use.")
    engine.script("pneumothorax", ["No ", "pneumo", "thorax."])
    return engine


@pytest.fixture
async def server(start_server):
    return await start_server(engine=engine_of())


@pytest.fixture
async def client(server):
    async with AsyncOpenAI(api_key="any", base_url=f"{server.http}/v1", max_retries=0) as client:
        yield client


async def ask(client, *messages, **fields):
    messages = messages or (QUESTION,)
    return await client.chat.completions.create(messages=messages, **{"model": "medgemma", **fields})


def png(size=(40, 20), colour="white"):
    out = io.BytesIO()
    PIL.Image.new("RGB", size, colour).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


async def test_an_answer_in_one_piece(client):
    answer = await ask(client)
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("No pneumothorax.", "stop")
    assert answer.model == "medgemma"


async def test_an_answer_as_a_stream(client):
    chunks = [chunk async for chunk in await ask(client, stream=True)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "No pneumothorax."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


async def test_the_engine_gets_what_was_asked_before_and_the_instructions(server, client):
    await ask(
        client,
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "Is the heart large?"},
        {"role": "assistant", "content": "No."},
        QUESTION,
        max_completion_tokens=20,
    )
    (question,) = server.engine.questions
    assert question.instructions == "Answer in one word."
    assert question.text == "Is there a pneumothorax?"
    assert [(each.question, each.answer) for each in question.earlier] == [("Is the heart large?", "No.")]
    assert question.max_tokens == 20


async def test_images_are_prepared_as_on_the_page(server, client):
    content = [
        {"type": "text", "text": "Is there a pneumothorax?"},
        {"type": "image_url", "image_url": {"url": png()}},
    ]
    await ask(client, {"role": "user", "content": content})
    (piece,) = server.engine.questions[0].pieces
    assert isinstance(piece, ImagePiece)
    assert (piece.image.width_px, piece.image.height_px) == (40, 40)
    assert (piece.padding.width_px, piece.padding.height_px) == (40, 20)
    with PIL.Image.open(io.BytesIO(piece.image.data)) as picture:
        assert picture.getpixel((20, 2)) == (0, 0, 0)
        assert picture.getpixel((20, 20)) == (255, 255, 255)


async def test_a_stand_in_says_so_in_its_answer(start_server):
    server = await start_server(engine=engine_of(stand_in=True))
    async with AsyncOpenAI(api_key="any", base_url=f"{server.http}/v1") as client:
        assert (await ask(client)).choices[0].message.content == "No pneumothorax.\n\nNot for medical use."


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"model": "gpt-9"}, "model_not_found", "model"),
        ({"temperature": 0.5}, "parameter_invalid", "temperature"),
        ({"n": 2}, "parameter_invalid", "n"),
        ({"tools": []}, "parameter_unknown", "tools"),
        ({"response_format": {"type": "json_object"}}, "parameter_invalid", "response_format.type"),
        ({"extra_body": {"guided_json": {}}}, "parameter_unknown", "guided_json"),
    ],
)
async def test_what_cannot_be_had_is_refused(client, fields, code, param):
    with pytest.raises(openai.APIStatusError) as refused:
        await ask(client, **fields)
    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"role": "assistant", "content": "Hello."}, "nothing_to_answer"),
        ({"role": "user", "content": " "}, "nothing_to_answer"),
        ({"role": "tool", "content": "x", "tool_call_id": "1"}, "parameter_invalid"),
        ("https://example.org/a.png", "image_url_unsupported"),
        ("data:image/png;base64,AAAA", "image_not_readable"),
    ],
)
async def test_bad_messages_are_refused(client, message, code):
    if isinstance(message, str):
        parts = [{"type": "image_url", "image_url": {"url": message}}, {"type": "text", "text": "What?"}]
        message = {"role": "user", "content": parts}
    with pytest.raises(openai.BadRequestError) as refused:
        await ask(client, message)
    assert refused.value.code == code


async def test_an_engine_that_fails_is_an_error_at_the_start_and_in_a_stream(server, client):
    server.engine.fail("fails", EngineFailed("It is not there.", code="engine_unreachable"))
    server.engine.fail("breaks", EngineFailed("It broke.", code="engine_failed"), after=["Some "])
    for stream in (False, True):
        with pytest.raises(openai.InternalServerError) as refused:
            await ask(client, {"role": "user", "content": "fails"}, stream=stream)
        assert refused.value.code == "engine_unreachable"
    pieces = []
    with pytest.raises(openai.APIError):
        async for chunk in await ask(client, {"role": "user", "content": "breaks"}, stream=True):
            pieces.append(chunk.choices[0].delta.content)
    assert pieces == ["Some "]


async def test_a_client_that_hangs_up_stops_the_engine(server, client):
    gate = asyncio.Semaphore(1)
    server.engine.script("slow", ["One ", "two."], gate=gate)
    stream = await ask(client, {"role": "user", "content": "slow"}, stream=True)
    await anext(aiter(stream))
    assert server.engine.running == 1
    await stream.close()
    async with asyncio.timeout(30):
        while server.engine.running:  # noqa: ASYNC110 - the engine tells nobody when it stops
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_hangs_up_before_the_answer_begins_stops_the_engine(server, stream):
    gate = asyncio.Semaphore(0)
    server.engine.script("slow", ["One ", "two."], gate=gate)
    async with AsyncOpenAI(api_key="any", base_url=f"{server.http}/v1", max_retries=0) as client:
        asking = asyncio.create_task(ask(client, {"role": "user", "content": "slow"}, stream=stream))
        await _until(lambda: server.engine.running == 1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await _until(lambda: not server.engine.running)


async def test_a_question_takes_its_place_before_its_body_is_read(start_server):
    """So that bodies that nobody may ask with are not held in memory."""
    server = await start_server(engine=engine_of(), max_sessions=1)
    url, body = f"{server.http}/v1/chat/completions", {"model": "medgemma", "messages": [QUESTION]}

    begun = asyncio.Event()

    async def endless():
        begun.set()
        yield b"{"
        await asyncio.sleep(60)

    async with httpx.AsyncClient(timeout=60) as http, httpx.AsyncClient(timeout=60) as other:
        slow = asyncio.create_task(other.post(url, content=endless()))
        await asyncio.wait_for(begun.wait(), 30)
        answer = await _answered(http, url, body, 429)
        assert answer.json()["error"]["code"] == "too_many_questions"
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        await _answered(http, url, body, 200)


async def _answered(http, url, body, status):
    async with asyncio.timeout(30):
        while True:
            answer = await http.post(url, json=body)
            if answer.status_code == status:
                return answer
            await asyncio.sleep(0.02)


async def _until(holds):
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - the engine tells nobody when it stops
            await asyncio.sleep(0.02)


async def test_the_models_are_the_recogniser_and_the_engine(client):
    found = [model async for model in client.models.list()]
    assert [model.id for model in found] == ["loudness", "medgemma"]
    assert (await client.models.retrieve("medgemma")).id == "medgemma"
    with pytest.raises(openai.NotFoundError) as refused:
        await client.models.retrieve("gpt-9")
    assert refused.value.code == "model_not_found"


async def test_models_with_slashes_in_their_names(start_server):
    server = await start_server(engine=engine_of("google/medgemma-1.5-4b-it"))
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{server.http}/v1/models/google/medgemma-1.5-4b-it")
    assert answer.json()["id"] == "google/medgemma-1.5-4b-it"
