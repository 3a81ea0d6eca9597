"""Connections that ask for nothing, and a system that has no more files to give."""

import asyncio
import contextlib
import errno
import os
import socket

import httpx
import pytest

from assistant.server import door
from assistant.session import runner
from tests.server.conftest import PATIENCE_S


async def opened(server, text=b""):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(text)
    await writer.drain()
    return reader, writer


def its_time_is_up(server):
    """For every connection that is open now."""
    assert server.hub.door._open
    for connection in list(server.hub.door._open.values()):
        server.hub.door._too_late(connection)


async def until_closed(reader):
    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(reader.read(), PATIENCE_S)


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: 127", b"\x16\x03\x01"])
async def test_a_connection_without_a_whole_request_is_closed_and_a_session_is_not(server, monkeypatch, head):
    client, _ = await server.session()
    its_time_is_up(server)
    monkeypatch.setattr(door, "ASK_WITHIN_S", 0.3)
    reader, writer = await opened(server, head)
    await until_closed(reader)
    writer.close()
    await client.works()


async def test_what_is_sent_does_not_wait_for_a_confirmation(server):
    client, _ = await server.session()
    connections = list(server.hub.door._open.values())
    assert connections
    assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in connections)
    await client.works()


async def test_those_who_waited_longest_make_room_and_who_asks_is_served(server, monkeypatch):
    monkeypatch.setattr(door, "MOST_WAITING", 4)
    client, _ = await server.session()
    idle = [await opened(server) for _ in range(10)]
    for reader, _ in idle[:6]:
        await until_closed(reader)
    await client.works()
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        assert (await http.get(f"{server.http}/")).status_code == 200
    other, _ = await server.session()
    await other.works()
    for _, writer in idle:
        writer.close()


async def test_one_address_takes_no_place_from_another(monkeypatch):
    monkeypatch.setattr(door, "MOST_WAITING", 6)
    monkeypatch.setattr(door, "MOST_WAITING_PER_ADDRESS", 2)
    listening = door.Door()
    for number, address in enumerate(["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.2", "10.0.0.2"]):
        connection = door._Connection()
        connection.door, connection.peer = listening, (address, number)
        listening._waiting[connection.peer] = listening._open[connection.peer] = connection
        listening._limit(address, 6)
    assert list(listening._waiting) == [("10.0.0.1", 0), ("10.0.0.2", 3), ("10.0.0.2", 4)]
    for connection in list(listening._open.values()):
        connection.close()
    assert not listening._open and not listening._waiting
    listening.close()


async def test_a_session_that_came_through_a_proxy_stays(server):
    client, _ = await server.session(additional_headers={"X-Forwarded-For": "192.0.2.7"})
    its_time_is_up(server)
    await client.works()


async def test_who_is_not_let_in_gets_one_answer_for_each_connection(start_server):
    server = await start_server(token="secret")
    for path in ("/", "/healthz", "/v1/uploads"):
        reader, writer = await opened(server, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
        assert b"connection: close" in answer.lower()
        writer.close()


def no_files(*_, **__):
    raise OSError(errno.EMFILE, "Too many open files")


async def test_without_files_to_open_a_session_and_its_templates_stay(server, monkeypatch):
    monkeypatch.setattr(runner, "FILES_EVERY_S", 0.01)
    client, _ = await server.session()
    library = server.components.personal.current.library
    assert library.templates
    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def counted(*_):
        loop.call_soon_threadsafe(tried.set)
        no_files()

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", counted)
        await asyncio.wait_for(tried.wait(), PATIENCE_S)
        await client.works()
    assert server.components.personal.refresh().library is library


@pytest.mark.parametrize("name", ["report", "follow-files", "match-images"])
async def test_a_helper_that_fails_is_started_again_and_ends_no_session(server, monkeypatch, caplog, name):
    calls = {
        "report": (runner.Microphone, "report"),
        "follow-files": (runner.SessionRunner, "_follow_files"),
        "match-images": (runner.ImageMatching, "run"),
    }
    monkeypatch.setattr(runner, "HELP_AGAIN_S", 0.01)
    owner, method = calls[name]
    works, failed, again = getattr(owner, method), asyncio.Event(), asyncio.Event()

    async def fails_once(self):
        if not failed.is_set():
            failed.set()
            raise RuntimeError("the patient said")
        again.set()
        await works(self)

    monkeypatch.setattr(owner, method, fails_once)
    client, _ = await server.session()
    await asyncio.wait_for(failed.wait(), PATIENCE_S)
    await asyncio.wait_for(again.wait(), PATIENCE_S)
    await client.works()
    assert f"{name} failed" in caplog.text


async def test_a_request_that_the_system_refuses_is_answered(server, monkeypatch):
    client, created = await server.session()
    session = created["session"]
    alive = server.hub.find(session["id"])
    monkeypatch.setattr(alive.attachments, "new_folder", no_files)
    monkeypatch.setattr(alive.kept, "history", no_files)
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "name": "a.png"}
    await client.send("conversation.item.create", item={"type": "message", "content": [image]})
    assert await client.code() == "server_busy"
    async with httpx.AsyncClient(
        timeout=PATIENCE_S, headers={"X-Session-Token": session["resume_token"]}
    ) as http:
        answer = await http.get(f"{server.http}/v1/sessions/{session['id']}/export?format=txt")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "server_busy")
    await client.works()
