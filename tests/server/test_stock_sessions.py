"""Sessions of the stock ``openai`` client get what they ask for, or a refusal with a code; every request ends
in an event, and every event is one of the client's own types."""

import asyncio
import base64
import contextlib
import copy
import re
import typing
from pathlib import Path

import av
import httpx
import numpy as np
import openai
import pytest
import websockets
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent

from assistant.audio.pcm import pcm16_of

COMPLETED = "conversation.item.input_audio_transcription.completed"
KNOWN = {
    typing.get_args(event.model_fields["type"].annotation)[0]
    for event in typing.get_args(typing.get_args(RealtimeServerEvent)[0])
    if "type" in getattr(event, "model_fields", {})
}


PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


class Stock:
    """One connection of the stock client."""

    def __init__(self, connection):
        self.connection, self.events = connection, []

    async def next(self):
        event = await asyncio.wait_for(self.connection.recv(), 60)
        assert event.type in KNOWN or event.type == "output_audio_buffer.cleared"
        self.events.append(event)
        return event

    async def until(self, kind):
        while (event := await self.next()).type != kind:
            pass
        return event

    async def update(self, **session):
        await self.connection.send({"type": "session.update", "event_id": "up", "session": session})
        while (event := await self.next()).type not in ("session.updated", "error"):
            pass
        return event

    async def append(self, data, size=9_600):
        for at in range(0, len(data), size):
            audio = base64.b64encode(data[at : at + size]).decode()
            await self.connection.input_audio_buffer.append(audio=audio)

    async def refused(self):
        error = (await self.until("error")).error
        return error.code, error.event_id

    def kinds(self):
        return [event.type for event in self.events]


@pytest.fixture
async def connect():
    async with contextlib.AsyncExitStack() as stack:

        async def connected(server, key="any", **options):
            client = AsyncOpenAI(
                api_key=key, base_url=f"{server.http}/v1", websocket_base_url=f"{server.ws}/v1"
            )
            await stack.enter_async_context(client)
            options = options or {"model": "gpt-realtime"}
            stock = Stock(await stack.enter_async_context(client.realtime.connect(**options)))
            await stock.until("session.created")
            return stock

        yield connected


@pytest.fixture
async def stock(server, connect):
    server.engine.script("pneumothorax", ["None ", "seen."])
    return await connect(server)


TRANSCRIPTION = {"extra_query": {"intent": "transcription"}}


@pytest.mark.parametrize("by_query", [True, False])
async def test_a_transcription_session_asks_no_model(server, connect, pcm, by_query):
    stock = await connect(server, **TRANSCRIPTION) if by_query else await connect(server)
    if not by_query:
        assert (await stock.update(type="transcription")).session.type == "transcription"
    await stock.append(pcm(0.6))
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[6]
    await stock.connection.response.create(event_id="r")
    assert await stock.refused() == ("response_not_supported", "r")
    assert not server.engine.questions
    assert not any(kind.startswith("response.") for kind in stock.kinds())


async def test_a_question_is_answered_with_the_whole_lifecycle(stock, pcm):
    await stock.append(pcm(0.6))
    done = await stock.until("response.done")
    assert done.response.output[0].content[0].text == "None seen."
    kinds = [kind for kind in stock.kinds() if not kind.endswith(".delta")]
    assert kinds[1:] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        COMPLETED,
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]


REFUSED = [
    ({"audio": {"input": {"transcription": {"language": "de"}}}}, "language_not_supported"),
    ({"output_modalities": ["audio"]}, "audio_output_not_supported"),
    ({"tools": [{"type": "function", "name": "f"}]}, "tools_not_supported"),
    ({"audio": {"input": {"noise_reduction": {"type": "near_field"}}}}, "noise_reduction_not_supported"),
    ({"audio": {"input": {"format": {"type": "audio/opus"}}}}, "audio_format_not_supported"),
    ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 4_000}}}}, "audio_rate_unsupported"),
    ({"input_audio_format": "mp3"}, "audio_format_not_supported"),
    ({"audio": {"input": {"transcription": {"keywords": ["x" * 81]}}}}, "hotwords_invalid"),
    ({"audio": {"input": {"transcription": {"prompt": "x" * 81}}}}, "hotwords_invalid"),
    ({"audio": {"input": {"transcription": {"prompt": "effusion " * 2_500}}}}, "hint_too_long"),
    ({"temperature": 0.8}, "parameter_unknown"),
    (
        {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}}}},
        "idle_timeout_not_supported",
    ),
]


@pytest.mark.parametrize(("asked", "code"), REFUSED)
async def test_an_update_is_all_or_nothing(server, stock, pcm, asked, code):
    wanted = {"audio": {"input": {"transcription": {"keywords": ["Xanadu"]}}}, "instructions": "In French."}
    error = (await stock.update(**_merged(wanted, asked))).error
    assert (error.code, error.event_id) == (code, "up")
    assert error.param.startswith("session.")
    session = (await stock.update()).session
    assert session.instructions == ""
    assert session.audio.input.transcription.keywords == []
    await stock.append(pcm(0.3))
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[3]


def _merged(one, other):
    return {
        key: _merged(one.get(key, {}), value) if isinstance(value, dict) else value
        for key, value in {**one, **other}.items()
    } | {key: value for key, value in one.items() if key not in other}


async def test_what_is_in_effect_is_echoed(server, stock):
    detection = {"type": "server_vad", "silence_duration_ms": 900, "create_response": False}
    audio = {
        "format": {"type": "audio/pcma"},
        "turn_detection": detection,
        "transcription": {"model": "gpt-4o-transcribe", "keywords": ["Xanadu"], "delay": "xhigh"},
    }
    session = (await stock.update(audio={"input": audio}, max_output_tokens=40)).session
    assert session.audio.input.format.type == "audio/pcma"
    assert session.audio.input.turn_detection.silence_duration_ms == 900
    assert session.audio.input.turn_detection.create_response is False
    assert session.audio.input.transcription.model == "loudness"
    assert session.audio.input.transcription.keywords == ["Xanadu"]
    assert session.audio.input.transcription.delay == "medium"
    assert session.max_output_tokens == 40


async def test_a_recogniser_without_hints_says_so_and_goes_on(start_server, connect, pcm):
    server = await start_server()
    server.model.takes_phrases = False
    stock = await connect(server)
    session = (await stock.update(audio={"input": {"transcription": {"keywords": ["Xanadu"]}}})).session
    assert session.audio.input.transcription.keywords == []
    await stock.append(pcm(0.3))
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[3]


def encoded(samples, codec):
    """Encoded by FFmpeg, at 8 kHz."""
    context = av.CodecContext.create(codec, "w")
    context.sample_rate, context.format, context.layout = 8_000, "s16", "mono"
    data = b""
    for at in range(0, len(samples), 160):
        frame = av.AudioFrame.from_ndarray(samples[None, at : at + 160], format="s16", layout="mono")
        frame.sample_rate = 8_000
        data += b"".join(bytes(packet) for packet in context.encode(frame))
    return data


@pytest.mark.parametrize(("encoding", "codec"), [("ulaw", "pcm_mulaw"), ("alaw", "pcm_alaw")])
def test_g711_is_decoded_as_ffmpeg_decodes_it(encoding, codec):
    context = av.CodecContext.create(codec, "r")
    context.sample_rate, context.layout = 8_000, "mono"
    data = bytes(range(256))
    (frame,) = context.decode(av.Packet(data))
    assert np.array_equal(np.frombuffer(pcm16_of(data, encoding), "<i2"), frame.to_ndarray()[0])


@pytest.mark.parametrize(
    ("session", "codec", "rate"),
    [
        ({"input_audio_format": "g711_ulaw"}, "pcm_mulaw", 8_000),
        ({"audio": {"input": {"format": {"type": "audio/pcma"}}}}, "pcm_alaw", 8_000),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8_000}}}}, None, 8_000),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}, None, 16_000),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 48_000}}}}, None, 48_000),
        ({"input_audio_format": "pcm16"}, None, 24_000),
    ],
)
async def test_every_format_is_heard(server, stock, session, codec, rate):
    assert (await stock.update(**session)).type == "session.updated"
    time = np.arange(int(rate * 0.8)) / rate
    tone = np.where(np.sin(2 * np.pi * 20 * time) >= 0, 0.3, -0.3)
    samples = (np.concatenate([tone, np.zeros(int(rate * 1.2))]) * 32767).astype("<i2")
    await stock.append(encoded(samples, codec) if codec else samples.tobytes())
    done = await stock.until(COMPLETED)
    assert done.transcript == server.model.texts[3]
    assert done.usage.seconds == pytest.approx(1.5, abs=0.2)


async def test_without_turn_detection_only_a_commit_ends_a_turn(server, stock, pcm):
    audio = {"input": {"turn_detection": None}}
    assert (await stock.update(type="transcription", audio=audio)).session.audio.input.turn_detection is None
    for _ in range(2):
        stock.events.clear()
        await stock.append(pcm(0.3) + pcm(0.6) + pcm(0.3))
        await stock.connection.input_audio_buffer.commit()
        done = await stock.until(COMPLETED)
        texts = server.model.texts
        assert done.transcript == f"{texts[3]} {texts[6]} {texts[3]}"
        assert stock.kinds().count(COMPLETED) == 1
        assert stock.kinds().count("input_audio_buffer.committed") == 1
        assert "input_audio_buffer.speech_started" not in stock.kinds()
        told = "".join(event.delta for event in stock.events if event.type.endswith(".delta"))
        assert done.transcript.startswith(told)


async def test_what_was_said_before_turn_detection_changes_is_told(server, stock, pcm):
    """The recogniser still works on it when the way in which turns end changes."""
    text, by_silence = server.model.texts[3], {"type": "server_vad"}
    for before, after in [(by_silence, None), (None, by_silence), (by_silence, None)]:
        await stock.update(audio={"input": {"turn_detection": before}})
        stock.events.clear()
        server.model.gate.clear()
        await stock.append(pcm(0.3, silence_s=0.1))
        await stock.update(audio={"input": {"turn_detection": after}})
        server.model.gate.set()
        if COMPLETED not in stock.kinds():
            await stock.until(COMPLETED)
        assert [event.transcript for event in stock.events if event.type == COMPLETED] == [text]


async def test_a_turn_that_its_client_has_not_ended_is_told_when_the_server_stops(server, stock, pcm):
    await stock.update(audio={"input": {"turn_detection": None}})
    await stock.append(pcm(0.3))
    await stock.connection.conversation.item.retrieve(item_id="none")
    await stock.until("error")  # all of it has arrived
    (runner,) = server.hub._runners.values()
    await runner.finish_speech()
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[3]


async def test_a_turn_that_its_client_has_not_ended_is_in_the_report_when_the_session_ends(
    server, stock, pcm
):
    await stock.update(audio={"input": {"turn_detection": None}})
    await stock.append(pcm(0.3))
    await stock.connection.conversation.item.retrieve(item_id="none")
    await stock.until("error")  # all of it has arrived
    (runner,) = server.hub._runners.values()
    runner.end()
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[3]
    assert runner.conversation.document


async def test_sound_lost_in_a_turn_stands_in_its_transcript_and_in_the_report(server, stock, pcm):
    await stock.update(audio={"input": {"turn_detection": None}})
    texts, rate = server.model.texts, 24_000
    first, second = pcm(0.3), pcm(0.6)
    for sample, sound in ((0, first), (len(first) // 2 + 2 * rate, second)):
        await stock.connection.send({"type": "assistant.audio.at", "sample": sample, "age_ms": 0})
        await stock.append(sound)
    await stock.connection.input_audio_buffer.commit()
    done = await stock.until(COMPLETED)
    assert done.transcript == f"{texts[3]} [2.0 s not heard] {texts[6]}"
    (runner,) = server.hub._runners.values()
    assert runner.conversation.document.count("[2.0 s not heard]") == 1
    assert not runner.conversation.document.startswith("[")


async def test_every_commit_has_one_end(server, stock, pcm):
    await stock.connection.input_audio_buffer.commit(event_id="c1")
    assert await stock.refused() == ("input_audio_buffer_commit_empty", "c1")
    await stock.append(pcm(0.3, silence_s=0.1))
    await stock.connection.input_audio_buffer.commit(event_id="c2")
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[3]
    await stock.connection.input_audio_buffer.commit(event_id="c3")
    assert await stock.refused() == ("input_audio_buffer_commit_empty", "c3")
    await stock.update(audio={"input": {"turn_detection": None}})
    await stock.connection.input_audio_buffer.commit(event_id="c4")
    assert await stock.refused() == ("input_audio_buffer_commit_empty", "c4")
    await stock.append(bytes(48_000))  # a second of silence is a turn in which nothing was said
    await stock.connection.input_audio_buffer.commit(event_id="c5")
    await stock.until("input_audio_buffer.committed")
    assert (await stock.until(COMPLETED)).transcript == ""


async def test_a_question_waits_where_no_response_is_to_be_created(server, stock, pcm):
    await stock.update(audio={"input": {"turn_detection": {"type": "server_vad", "create_response": False}}})
    await stock.append(pcm(0.6))
    await stock.until(COMPLETED)
    assert not server.engine.questions
    await stock.connection.response.create()
    assert (await stock.until("response.done")).response.output[0].content[0].text == "None seen."


@pytest.mark.parametrize("kind", ["server_vad", "semantic_vad"])
@pytest.mark.parametrize("stops", [True, False, None])
async def test_speech_ends_the_running_answer_where_that_was_asked_for(server, stock, pcm, kind, stops):
    gate = asyncio.Semaphore(1)
    server.engine.script("how long", ["Two ", "weeks."], gate=gate)
    detection = {"type": kind, "interrupt_response": stops}
    session = (await stock.update(audio={"input": {"turn_detection": detection}})).session
    assert session.audio.input.turn_detection.interrupt_response is bool(stops)
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How long?"}]}
    await stock.connection.conversation.item.create(item=item)
    await stock.connection.response.create()
    await stock.until("response.output_text.delta")
    await stock.append(pcm(0.3))
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[3]
    gate.release()
    done = [event for event in stock.events if event.type == "response.done"]
    assert bool(done) is bool(stops)
    response = (done[0] if done else await stock.until("response.done")).response
    assert response.status == ("cancelled" if stops else "completed")
    if stops:
        assert response.status_details.reason == "turn_detected"


async def test_a_response_may_be_longer_than_the_session_has_it(server, stock):
    await stock.update(max_output_tokens=9)
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A pneumothorax?"}]}
    for asked, most in (({}, 9), ({"max_output_tokens": "inf"}, None), ({"max_output_tokens": 90}, 90)):
        await stock.connection.response.create(response={"input": [item], **asked})
        await stock.until("response.done")
        assert server.engine.questions[-1].max_tokens == most


async def test_every_field_of_a_response_works_or_is_refused(server, stock):
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A pneumothorax?"}]}
    wanted = {
        "instructions": "In one word.",
        "input": [item],
        "conversation": "none",
        "metadata": {"topic": "chest"},
        "max_output_tokens": 9,
        "output_modalities": ["text"],
    }
    await stock.connection.response.create(response=wanted)
    assert (await stock.until("response.created")).response.metadata == {"topic": "chest"}
    assert (await stock.until("response.done")).response.metadata == {"topic": "chest"}
    question = server.engine.questions[-1]
    assert (question.text, question.instructions, question.max_tokens) == (
        "A pneumothorax?",
        "In one word.",
        9,
    )
    await stock.connection.conversation.item.create(item=item)
    await stock.connection.response.create()
    await stock.until("response.done")
    assert server.engine.questions[-1].earlier == ()
    for field, code in (
        ({"output_modalities": ["audio"]}, "audio_output_not_supported"),
        ({"tools": [{"type": "function", "name": "f"}]}, "tools_not_supported"),
        ({"prompt": {"id": "p"}}, "prompt_not_supported"),
        ({"voice": "ash"}, "parameter_unknown"),
    ):
        await stock.connection.send({"type": "response.create", "event_id": "e", "response": field})
        assert await stock.refused() == (code, "e")


async def test_items_keep_the_clients_ids_and_can_be_had_again_and_deleted(server, stock):
    create, item = stock.connection.conversation.item.create, stock.connection.conversation.item
    asked = {
        "id": "mine",
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "pneumothorax?"}],
    }
    await create(item=asked)
    assert (await stock.until("conversation.item.done")).item.id == "mine"
    await create(item=asked, event_id="again")
    assert await stock.refused() == ("item_id_taken", "again")
    await stock.connection.response.create()
    answer = (await stock.until("response.done")).response.output[0]
    await item.retrieve(item_id="mine")
    assert (await stock.until("conversation.item.retrieved")).item.content[0].text == "pneumothorax?"
    await item.retrieve(item_id=answer.id)
    assert (await stock.until("conversation.item.retrieved")).item.content[0].text == "None seen."
    await item.delete(item_id="mine")
    assert (await stock.until("conversation.item.deleted")).item_id == "mine"
    for send in (item.retrieve, item.delete):
        await send(item_id="mine", event_id="gone")
        assert await stock.refused() == ("item_unknown", "gone")
    await item.truncate(item_id=answer.id, content_index=0, audio_end_ms=10, event_id="t")
    assert await stock.refused() == ("item_has_no_audio", "t")
    await create(item={**asked, "id": "next"})
    await stock.connection.response.create()
    await stock.until("response.done")
    assert server.engine.questions[-1].earlier == ()


async def test_an_item_that_is_refused_attaches_nothing(server, stock):
    image = {"type": "input_image", "image_url": PNG}
    text = {"type": "input_text", "text": "pneumothorax?"}
    item = {"type": "message", "role": "user", "content": [image, text]}
    create = stock.connection.conversation.item.create
    await create(item={**item, "id": "mine", "content": [text]})
    await stock.until("conversation.item.done")
    await create(item={**item, "id": "mine"}, event_id="taken")
    assert await stock.refused() == ("item_id_taken", "taken")
    broken = {"type": "input_image", "image_url": "data:image/png;base64,!"}
    await create(item={**item, "content": [image, broken, text]}, event_id="broken")
    assert (await stock.refused())[1] == "broken"
    await stock.update(type="transcription")
    await create(item=item, event_id="transcribes")
    assert await stock.refused() == ("response_not_supported", "transcribes")
    (runner,) = server.hub.runners()
    assert runner.attachments.studies() == ()


async def test_errors_carry_the_id_of_the_request(stock):
    await stock.connection.response.cancel(event_id="c")
    assert await stock.refused() == ("response_cancel_not_active", "c")
    await stock.connection.send({"type": "nonsense", "event_id": "n"})
    assert await stock.refused() == ("event_unknown", "n")
    system = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "x"}]}
    await stock.connection.send({"type": "conversation.item.create", "event_id": "s", "item": system})
    assert await stock.refused() == ("item_not_supported", "s")
    await stock.connection.output_audio_buffer.clear()
    assert (await stock.update()).type == "session.updated"


async def test_bearer_in_any_case_and_a_browsers_sub_protocol(start_server):
    server = await start_server(token="the-key")
    for scheme in ("bearer", "BEARER", "Bearer"):
        client = await server.connect(additional_headers={"Authorization": f"{scheme} the-key"})
        await client.until("session.created")
    client = await server.connect(subprotocols=["realtime", "openai-insecure-api-key.the-key"])
    await client.until("session.created")
    assert client.socket.subprotocol == "realtime"
    with pytest.raises(websockets.InvalidStatus):
        await server.connect(subprotocols=["realtime", "openai-insecure-api-key.wrong"])


async def test_a_secret_opens_the_session_it_is_for_and_nothing_else(start_server, connect, pcm):
    server = await start_server(token="the-key")
    async with AsyncOpenAI(api_key="the-key", base_url=f"{server.http}/v1") as client:
        made = await client.realtime.client_secrets.create(session={"type": "transcription"})
        assert made.session.type == "transcription"
        with pytest.raises(openai.BadRequestError) as refused:
            await client.realtime.client_secrets.create(
                session={"type": "transcription", "audio": {"input": {"transcription": {"language": "de"}}}}
            )
        assert refused.value.code == "language_not_supported"
    stock = await connect(server, key=made.value)
    await stock.append(pcm(0.6))
    assert (await stock.until(COMPLETED)).transcript == server.model.texts[6]
    await stock.connection.response.create(event_id="r")
    assert await stock.refused() == ("response_not_supported", "r")
    async with AsyncOpenAI(api_key=made.value, base_url=f"{server.http}/v1", max_retries=0) as client:
        with pytest.raises(openai.APIStatusError):
            await client.models.list()
    server.app.state.secrets._now = lambda: made.expires_at + 1
    with pytest.raises(websockets.InvalidStatus):
        await connect(server, key=made.value)


@pytest.mark.parametrize(
    ("query", "protocols", "ours"),
    [
        ("", None, False),
        ("?model=any", None, False),
        ("?intent=transcription", None, False),
        ("", ["realtime"], False),
        ("", ["assistant"], True),
        ("?assistant=1", None, True),
        ("?model=any&assistant=1", None, True),
    ],
)
async def test_only_a_client_that_asks_for_them_gets_events_of_ours(server, pcm, query, protocols, ours):
    client = await server.connect(query, subprotocols=protocols)
    await client.until("session.created")
    await client.append(pcm(0.3))
    await client.until(COMPLETED)
    await client.send("nothing")
    await client.until("error")
    kinds = {event["type"] for event in client.events}
    assert any(kind.startswith("assistant.") for kind in kinds) is ours


async def test_a_client_that_closes_and_opens_again_is_never_refused(start_server, pcm):
    server = await start_server(max_sessions=2)
    for _ in range(5):
        client, _ = await server.session("?model=any")
        await client.append(pcm(0.3))
        await client.until(COMPLETED)
        await client.socket.close()


async def test_a_session_whose_connection_was_lost_does_not_give_way(start_server):
    server = await start_server(max_sessions=1)
    client, created = await server.session("?model=any")
    await client.append(bytes(4_800))
    client.socket.transport.abort()
    await asyncio.sleep(0.1)
    other = await server.connect()
    assert await other.code() == "server_full"
    _, resumed = await server.session(resume=created["session"]["resume_token"])
    assert resumed["resumed"]


AN_ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
WHOLE = [
    {"type": "session.update", "session": {
        "audio": {"input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": {"language": "en"},
            "turn_detection": {"type": "server_vad"},
        }},
        "style": {"dates": "long"},
    }},
    {"type": "session.update", "session": {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}},
    {"type": "input_audio_buffer.append", "audio": ""},
    {"type": "input_audio_buffer.commit"},
    {"type": "conversation.item.create", "item": AN_ITEM},
    {"type": "conversation.item.create", "item": {**AN_ITEM, "content": [
        {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
    ]}},
    {"type": "conversation.item.retrieve", "item_id": "x"},
    {"type": "response.create", "response": {"input": [AN_ITEM]}},
    {"type": "response.cancel"},
    {"type": "assistant.mode.set", "mode": "auto"},
    {"type": "assistant.document.command", "command": "undo"},
]  # fmt: skip


def objects_in(event, place=()):
    """The places of the event itself and of every object in it."""
    if isinstance(event, dict):
        yield place
    pairs = event.items() if isinstance(event, dict) else enumerate(event) if isinstance(event, list) else ()
    for key, value in pairs:
        yield from objects_in(value, (*place, key))


async def test_a_field_that_no_model_names_is_refused_at_every_level(stock):
    tried = 0
    for event, place in ((each, place) for each in WHOLE for place in objects_in(each)):
        unknown = copy.deepcopy(event) | {"event_id": "u"}
        at = unknown
        for key in place:
            at = at[key]
        at["nonsense"] = 1
        await stock.connection.send(unknown)
        error = (await stock.until("error")).error
        assert (error.code, error.event_id) == ("parameter_unknown", "u"), unknown
        assert error.param == ".".join(map(str, (*place, "nonsense")))
        tried += 1
    assert tried == 29
    assert (await stock.update()).type == "session.updated"


def test_the_page_says_of_every_type_of_the_package_what_is_done():
    """docs/compat.md is made by trying them."""
    page = (Path(__file__).parents[2] / "docs" / "compat.md").read_text()
    assert f"version\n{openai.__version__}, tried" in page
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.M)
    assert len(rows) > 90
    for field, says in rows:
        assert re.match(r"taken|refused", says), field
    refused = dict(rows)
    assert refused["session.tools (function)"] == "refused: `tools_not_supported`"
    assert "`audio_output_not_supported`" in refused["session.output_modalities"]
    assert refused["n"] == "taken `1`; refused `1000`: `parameter_invalid`"
    assert refused["session (transcription)"].startswith("taken")
    assert refused["messages (tool)"] == "refused: `parameter_invalid`"


async def test_every_route_of_the_package_is_served_or_refused_as_the_page_says(server):
    routes = (Path(__file__).parents[2] / "docs" / "compat.md").read_text().partition("## Routes")[2]
    table, _, others = routes.partition("\n\nThe ")
    served = re.findall(r"`([A-Z]+) (/\S+)` \| taken", table)
    assert len(served) == 7
    families = re.findall(r"`(/v1/\w+)`", others)
    assert len(families) > 25 and "/v1/responses" in families
    async with httpx.AsyncClient(base_url=server.http) as http:
        nowhere = (await http.get("/v1/nothing")).json()["error"]["code"]
        for method, path in served:
            answer = await http.request(method, re.sub(r"\{\w+\}", "loudness", path))
            assert answer.status_code == 200 or answer.json()["error"]["code"] != nowhere
            assert answer.status_code != 405
        for path in (*families, "/v1/audio/speech", "/v1/realtime/sessions", "/v1/realtime/calls/x/accept"):
            answer = await http.post(path)
            assert answer.status_code in (404, 405) or (path == "/v1/uploads" and answer.status_code == 410)
            assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
