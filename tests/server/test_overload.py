"""A recogniser that hangs, and a machine that is too slow: told to everyone, newcomers and ``/readyz``."""

import asyncio
import threading

import httpx
import pytest

from tests.server.conftest import loud


async def get(server, path):
    async with httpx.AsyncClient() as http:
        answer = await http.get(server.http + path)
        return answer.status_code, answer.json()["status"]


async def test_a_recogniser_that_hangs_is_told_to_all_and_what_was_said_is_written(start_server):
    server = await start_server(asr_patience_s=1)
    client, _ = await server.session()
    other, _ = await server.session()
    assert await get(server, "/readyz") == (200, "ready")
    gate, server.model.gate = server.model.gate, threading.Event()
    await client.append(loud(0.3))
    for each in (client, other):
        notice = await each.until("assistant.notice", code="recogniser_failing")
        assert notice["level"] == "warning"
    assert await get(server, "/readyz") == (503, "recogniser_failing")
    assert await get(server, "/healthz") == (200, "ok")
    server.model.gate.set()
    server.model.gate = gate
    done = await client.until("conversation.item.input_audio_transcription.completed")
    assert done["transcript"] == "The lungs are clear."
    for each in (client, other):
        await each.until("assistant.notice", code="hearing_works")
    assert await get(server, "/readyz") == (200, "ready")
    await other.works()


async def test_a_recogniser_that_fails_while_it_is_late_is_not_told_to_work(start_server):
    server = await start_server(asr_patience_s=8, final_limit_s=1)
    client, _ = await server.session()
    gate, server.model.gate = server.model.gate, threading.Event()
    await client.append(loud(0.3))
    await client.until("assistant.notice", code="machine_busy")
    await client.until("assistant.notice", code="recogniser_failing")
    server.hub.components.recogniser.load.measured(0.01, 1)  # nothing comes between these two
    codes = [event["code"] for event in client.of("assistant.notice")]
    assert "hearing_works" not in codes
    server.model.gate.set()
    server.model.gate = gate
    await client.until("assistant.notice", code="hearing_works")


async def test_sound_that_cannot_be_read_is_told_where_it_was(start_server):
    server = await start_server()
    client, _ = await server.session()
    server.model.texts[3] = "a" * 10_000
    await client.append(loud(0.3))
    failed = await client.until("conversation.item.input_audio_transcription.failed")
    assert failed["error"]["code"] == "not_transcribed"
    server.model.texts[3] = "The lungs are clear."
    await client.works()


@pytest.fixture
def busy(monkeypatch):
    """Finals take half the machine for each who speaks."""

    def make(server):
        load = server.components.recogniser.load
        load.measured(5.0 * load._at_once, 10.0)
        return load

    return make


async def test_a_newcomer_is_refused_with_the_reason_when_finals_would_come_too_late(start_server, busy):
    server = await start_server(final_limit_s=2)
    load = busy(server)
    client, _ = await server.session()  # the first one always has room
    assert await get(server, "/readyz") == (503, "server_busy")
    refused = await server.connect()
    error = (await refused.until("error"))["error"]
    assert (error["code"], error["type"]) == ("server_busy", "server_error")
    assert "2 s is the limit" in error["message"]
    assert await refused.until_closed() == 1013
    await client.works()
    load.measured(0.1, 10.0)
    assert await get(server, "/readyz") == (200, "ready")
    await (await server.connect()).until("session.created")


async def test_who_was_let_in_comes_back_also_when_newcomers_are_refused(start_server, busy):
    server = await start_server()
    client, created = await server.session()
    busy(server)
    await client.socket.close()
    _, back = await server.session(resume=created["session"]["resume_token"])
    assert back["resumed"]


async def test_finals_that_come_late_are_told_on_every_page_and_the_end_of_it_too(start_server, monkeypatch):
    monkeypatch.setattr("assistant.asr.load.WINDOW_S", 3.0)
    server = await start_server(final_limit_s=1)
    client, _ = await server.session()
    other, _ = await server.session()
    gate, server.model.gate = server.model.gate, threading.Event()
    await client.append(loud(0.3))
    for each in (client, other):
        assert "late" in (await each.until("assistant.notice", code="machine_busy"))["message"]
    server.model.gate.set()
    server.model.gate = gate
    assert (await client.until("conversation.item.input_audio_transcription.completed"))["transcript"]
    async with asyncio.timeout(20):
        for each in (client, other):
            await each.until("assistant.notice", code="hearing_works")
