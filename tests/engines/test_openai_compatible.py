"""The engine against a real HTTP server that speaks OpenAI's server-sent events."""

import asyncio
import contextlib
import json
import logging
import socket
import time
from contextlib import aclosing

import pytest

from assistant.engines.base import AnswerText, CutOff, Question, Thought, Usage
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.pieces import Image, ImagePiece, LinkPiece
from assistant.errors import AssistantError, BadInput, EngineFailed
from tests.engines import asking, model_server
from tests.engines.model_server import END, USAGE, chunk

SECRET = "Jane Doe has an effusion"


@pytest.fixture
async def server():
    async with model_server.running() as model:
        model.url = f"{model.root}/v1"
        yield model


@contextlib.asynccontextmanager
async def opened(url, **changes):
    settings = {"model": "m", "api_key": None, "timeout_s": 5, "sees_images": True, "max_tokens": 50}
    engine = OpenAICompatibleEngine(base_url=url, **(settings | changes))
    try:
        await engine.load()
        yield engine
    finally:
        await engine.close()


async def answer(engine, question=None):
    outputs = [output async for output in engine.answer(question or Question(SECRET))]
    return [output.text for output in outputs if isinstance(output, AnswerText)]


async def failure(server, **changes):
    async with opened(server.url, **changes) as engine:
        with pytest.raises(AssistantError) as caught:
            await answer(engine)
    assert SECRET not in caught.value.message
    return caught.value


async def test_an_answer_streams(server):
    end = chunk("<end_of_turn>")  # as llama-server --special writes it
    server.body = [chunk("No "), 0.05, chunk("effusion."), end, *END[:1], USAGE, END[1]]
    async with opened(server.url, api_key="k3y") as engine:
        assert await answer(engine, Question("Effusion?", "Lungs clear.")) == ["No ", "effusion."]
    head, body = server.requests[0]
    assert "bearer k3y" in head.lower()
    assert (body["model"], body["max_tokens"], body["stream"]) == ("m", 50, True)
    text = body["messages"][-1]["content"][-1]["text"]
    assert "Lungs clear." in text and text.endswith("Effusion?")


async def test_pieces_come_as_they_are_made(server):
    server.body = [chunk("first"), 1.0, chunk("second"), *END]
    async with opened(server.url) as engine, aclosing(engine.answer(Question("?"))) as pieces:
        began = time.monotonic()
        assert await anext(pieces) == AnswerText("first")
        assert time.monotonic() - began < 0.9


async def test_images_go_first_and_only_to_a_model_that_sees(server):
    server.body = [chunk("Yes."), *END]
    question = Question(
        "Fracture?", pieces=(ImagePiece(Image("att_1", "x.png", "image/png", b"\x89", 1, 1)),)
    )
    async with opened(server.url) as engine:
        await answer(engine, question)
    async with opened(server.url, sees_images=False) as engine:
        await answer(engine, question)
    seeing, blind = (body["messages"][-1]["content"] for _, body in server.requests)
    assert [part["type"] for part in seeing] == ["image_url", "text"]
    assert seeing[0]["image_url"]["url"] == "data:image/png;base64,iQ=="
    assert "image_url" not in json.dumps(blind)


async def test_thinking_is_no_part_of_the_answer_and_the_tokens_are_counted(server):
    server.body = [
        chunk("<unus"),
        chunk("ed94>thought\nHm"),
        chunk("<unused95>Yes"),
        chunk("."),
        END[0],
        USAGE,
    ]
    async with opened(server.url) as engine:
        outputs = [output async for output in engine.answer(Question("?"))]
    assert outputs == [Thought("Hm"), AnswerText("Yes"), AnswerText("."), Usage(7, 2)]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_thinking_that_the_server_tells_apart_is_thinking(server, field):
    server.body = [chunk("Yes").replace(b'"content"', f'"{field}"'.encode()), chunk("No."), *END]
    async with opened(server.url) as engine:
        outputs = [output async for output in engine.answer(Question("?"))]
    assert outputs == [Thought("Yes"), AnswerText("No.")]


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        ("401 Unauthorized", {"message": "bad key"}, "engine_unauthorized"),
        ("403 Forbidden", {"message": "no"}, "engine_unauthorized"),
        ("404 Not Found", {"message": "The model `m` does not exist."}, "engine_model_unknown"),
        ("500 Internal Server Error", {"message": SECRET}, "engine_failed"),
        ("503 Service Unavailable", {"message": "loading"}, "engine_failed"),
        ("400 Bad Request", {"message": f"{SECRET}: bad role"}, "engine_failed"),
        ("400 Bad Request", {"message": "m is not a multimodal model"}, "engine_sees_no_images"),
        ("500 Error", {"message": "image input is not supported - hint: mmproj"}, "engine_sees_no_images"),
        ("500 Error", {"message": f"{SECRET}: this context is too long"}, "engine_failed"),
        ("429 Too Many Requests", {"message": f"Quota exceeded: {SECRET}"}, "engine_quota"),
    ],
)
async def test_refusals(server, status, error, code):
    server.status, server.body = status, [json.dumps({"error": error}).encode()]
    caught = await failure(server)
    assert isinstance(caught, EngineFailed)
    assert caught.code == code


@pytest.mark.parametrize(
    "error",
    [
        {"message": "This model's maximum context length is 4096 tokens.", "code": 400},
        {"message": "too big", "code": "context_length_exceeded"},
        {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"},
    ],
)
async def test_a_prompt_that_is_too_long(server, error):
    server.status, server.body = "400 Bad Request", [json.dumps({"error": error}).encode()]
    caught = await failure(server)
    assert isinstance(caught, BadInput)
    assert caught.code == "prompt_too_long"


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        ("400 Bad Request", "Failed to load image or audio file", "image_not_readable"),
        ("400 Bad Request", "cannot identify image file <_io.BytesIO object>", "image_not_readable"),
        (
            "500 Internal Server Error",
            "failed to process inputs: image: unknown format",
            "image_not_readable",
        ),
        ("400 Bad Request", "At most 1 image(s) may be provided in one prompt.", "too_many_images"),
        ("413 Request Entity Too Large", "Request payload size exceeds the limit", "request_too_large"),
    ],
)
async def test_images_that_a_server_does_not_take(server, status, said, code):
    server.status, server.body = status, [json.dumps({"error": {"message": f"{said} {SECRET}"}}).encode()]
    caught = await failure(server)
    assert isinstance(caught, BadInput)
    assert caught.code == code


@pytest.mark.parametrize(
    ("headers", "when"),
    [("", "later"), ("Retry-After: 20", "in 20 s"), ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", "later")],
)
async def test_a_full_quota_says_when_to_try_again(server, headers, when):
    server.status, server.headers = "429 Too Many Requests", headers
    server.body = [b'{"error": {"message": "Resource exhausted"}}']
    assert (await failure(server)).message.endswith(f"Try again {when}.")


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
async def test_a_question_is_not_passed_on_to_another_server(server, status):
    async with model_server.running() as other:
        other.body = [chunk("Yes."), *END]
        server.status, server.headers = status, f"Location: {other.root}/v1/chat/completions"
        caught = await failure(server)
        assert (caught.code, "--engine-url" in caught.message) == ("engine_moved", True)
        assert other.requests == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "[::1]"])
async def test_a_question_to_this_machine_goes_through_no_proxy(server, monkeypatch, name, host):
    for each in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(each, raising=False)
    async with model_server.running() as proxy:
        proxy.body = [chunk("Through the proxy."), *END]
        monkeypatch.setenv(name, proxy.root)
        server.body = [chunk("Yes."), *END]
        with contextlib.suppress(EngineFailed):  # where this machine has no such address
            async with opened(server.url.replace("127.0.0.1", host)) as engine:
                assert await answer(engine) == ["Yes."]
        assert proxy.requests == []


async def test_a_question_to_another_machine_goes_through_the_proxy_that_is_set(monkeypatch):
    async with model_server.running() as proxy:
        proxy.body = [chunk("Yes."), *END]
        monkeypatch.setenv("http_proxy", proxy.root)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with opened("http://model.example/v1") as engine:
            assert await answer(engine) == ["Yes."]
        assert len(proxy.requests) == 1


WHOLE = {
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "<unused94>thought\nHm<unused95>No."}}
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}


async def test_a_server_that_does_not_stream_is_asked_in_documented_fields_alone(server):
    server.body = [json.dumps(WHOLE).encode()]
    async with opened(server.url, streams=False) as engine:
        outputs = [output async for output in engine.answer(Question("?"))]
    assert outputs == [Thought("Hm"), AnswerText("No."), Usage(7, 2)]
    assert set(server.requests[0][1]) == {"model", "messages", "max_tokens", "temperature"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": f"{SECRET}: no such field"}, "engine_failed"),
        ("Additional properties are not allowed", "engine_failed"),
        ({"message": "prompt longer than the maximum model length"}, "prompt_too_long"),
    ],
)
async def test_a_refusal_with_the_status_of_an_answer(server, error, code):
    server.body = [json.dumps({"error": error}).encode()]
    assert (await failure(server, streams=False)).code == code


async def test_what_does_not_stream_is_waited_for_as_long_as_a_piece(server):
    server.body = [2, json.dumps(WHOLE).encode()]
    assert (await failure(server, streams=False, timeout_s=0.3)).code == "engine_timeout"


async def test_a_series_by_its_address_takes_the_place_of_its_images(server):
    server.body = [json.dumps(WHOLE).encode()]
    link = LinkPiece("https://pacs/studies/1.2/series/1.2.3", "att_1", "CT")
    options = {"streams": False, "follows_links": True}
    async with opened(server.url, archive_token="t0ken", **options) as engine:
        assert engine.info.follows_links
        await answer(engine, Question("Is there a nodule?", pieces=(link,)))
    async with opened(server.url, **options) as engine:
        await answer(engine, Question("Is there a nodule?", pieces=(link,)))
    (_, with_token), (_, without) = server.requests
    assert with_token["messages"] == [
        {
            "role": "user",
            "content": [
                {
                    "type": "image_dicom",
                    "image_dicom": {
                        "dicom_source": "https://pacs/studies/1.2/series/1.2.3",
                        "access_credential": "t0ken",
                    },
                },
                {"type": "text", "text": "Is there a nodule?"},
            ],
        }
    ]
    assert "access_credential" not in json.dumps(without)


async def test_nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    async with opened(url) as engine:  # load does not fail: the server may come up later
        with pytest.raises(EngineFailed) as caught:
            await answer(engine)
    assert caught.value.code == "engine_unreachable"


@pytest.mark.parametrize("streams", [True, False])
async def test_an_answer_that_reached_its_limit_says_so_behind_all_of_it(server, streams):
    whole = {**WHOLE, "choices": [{**WHOLE["choices"][0], "finish_reason": "length"}]}
    pieces = [chunk("<unused94>thought\nHm<unused95>No"), chunk("."), chunk(" <", "length"), USAGE, END[1]]
    server.body = pieces if streams else [json.dumps(whole).encode()]
    async with opened(server.url, streams=streams) as engine:
        outputs = [output async for output in engine.answer(Question("?"))]
    assert outputs[-1] == CutOff()
    assert outputs.count(CutOff()) == 1
    said = "".join(output.text for output in outputs if isinstance(output, AnswerText))
    assert said == ("No. <" if streams else "No.")


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    ("reason", "code"),
    [
        *[(whole, None) for whole in ("stop", "eos_token", "stop_sequence", "tool_calls")],
        ("content_filter", "answer_filtered"),
        *[(broken, "engine_failed") for broken in ("abort", "error")],
    ],
)
async def test_an_answer_that_the_server_broke_off_is_no_whole_answer(server, streams, reason, code):
    message = {"role": "assistant", "content": "No"}
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": reason}]}
    server.body = [chunk("No"), chunk(finish=reason), END[1]] if streams else [json.dumps(whole).encode()]
    async with opened(server.url, streams=streams) as engine:
        if code is None:
            assert await answer(engine) == ["No"]
        else:
            error, said = await asking.failure(engine, Question(SECRET), EngineFailed)
            assert (error.code, said) == (code, "No")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
async def test_every_way_to_write_the_lines_of_a_stream_is_read(server, ends, mark):
    """In pieces that cut marks, letters and ends of lines in two."""
    text = "".join(each.decode() for each in [chunk("5 µg → 7"), *END]).replace("\n", ends)
    stream = mark + text.encode()
    server.body = [stream[at : at + 1] for at in range(len(stream))]
    async with opened(server.url) as engine:
        assert await answer(engine) == ["5 µg → 7"]


async def test_a_server_that_does_not_stream_though_asked_to_is_read_too(server):
    server.body = [json.dumps(WHOLE).encode()]
    async with opened(server.url) as engine:
        assert await answer(engine) == ["No."]
    assert server.requests[0][1]["stream"] is True


@pytest.mark.parametrize("body", [[2], [chunk("No"), 2], [chunk("No"), b": ping\n\n", 0.2] * 2 + [2]])
async def test_too_slow(server, body):
    server.body = body
    assert (await failure(server, timeout_s=0.3)).code == "engine_timeout"


async def test_keep_alives_do_not_extend_the_wait(server):
    server.body = [b": ping\n\n", 0.1] * 30
    began = time.monotonic()
    assert (await failure(server, timeout_s=0.3)).code == "engine_timeout"
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("whole", [False, True])
async def test_cut_in_the_middle(server, whole):
    server.body, server.whole = [chunk("No eff")], whole
    got = []
    async with opened(server.url) as engine:
        with pytest.raises(EngineFailed) as caught:
            async for piece in engine.answer(Question(SECRET)):
                got.append(piece.text)
    assert (got, caught.value.code) == (["No eff"], "engine_failed")


async def test_an_error_in_the_stream(server):
    server.body = [chunk("No"), b'data: {"error": {"message": "CUDA out of memory"}}\n\n']
    assert (await failure(server)).code == "engine_failed"


async def test_nonsense_in_the_stream(server):
    server.body = [b"data: {nonsense\n\n"]
    assert (await failure(server)).code == "engine_failed"


async def test_closing_the_answer_closes_the_connection(server):
    server.body = [chunk("No"), 10]
    async with opened(server.url) as engine:
        async with aclosing(engine.answer(Question("?"))) as pieces:
            await anext(pieces)
        async with asyncio.timeout(1):
            await server.gone.wait()


@pytest.mark.parametrize("body", [[10], [chunk("No"), 10]])
async def test_cancelling_closes_the_connection(server, body):
    server.body = body
    async with opened(server.url) as engine:
        task = asyncio.create_task(answer(engine))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(1):
            await server.gone.wait()
        server.body = [chunk("Yes."), *END]
        assert await answer(engine) == ["Yes."]


async def test_nothing_of_prompt_or_answer_is_logged(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.body = [chunk("Wholly private."), *END]
    async with opened(server.url, api_key="k3y-private") as engine:
        await answer(engine)
    assert "Jane" not in caplog.text
    assert "private" not in caplog.text
