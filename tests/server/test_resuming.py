"""Clients that leave and come back, and servers that are full or stop."""

import asyncio
import gc
import weakref

from assistant.events import ModeSet
from tests.server.conftest import loud


async def kept(server, token, after):
    client, created = await server.session(resume=token, after=after)
    assert created["resumed"]
    await client.send("response.create")  # its error marks the end of the replay
    await client.until("error")
    return [event for event in client.events if event["seq"]]


async def test_resume_gives_exactly_the_rest(server):
    client, created = await server.session()
    token = created["session"]["resume_token"]
    await client.works()
    await client.send(
        "conversation.item.create",
        item={"type": "message", "content": [{"type": "input_text", "text": "What?"}]},
    )
    await client.send("response.create")
    await client.until("response.done")
    seen = [event for event in client.events if event["seq"]]
    await client.socket.close()
    lasting = [e for e in seen if not e["type"].endswith(".delta")]
    assert await kept(server, token, 0) == lasting
    middle = lasting[3]["seq"]
    assert await kept(server, token, middle) == [e for e in lasting if e["seq"] > middle]
    assert await kept(server, token, lasting[-1]["seq"]) == []
    assert await kept(server, token, "nonsense") == lasting


async def test_an_unknown_resume_token_is_a_fresh_session(server):
    client, created = await server.session(resume="unknown", after=5)
    assert not created["resumed"]
    await client.works()


async def test_a_second_connection_takes_over(server):
    first, created = await server.session()
    second, back = await server.session(resume=created["session"]["resume_token"])
    assert back["resumed"]
    assert await first.until_closed() == 4001
    assert first.of("assistant.session.closing")[0]["retry"] is False
    await second.works()


async def test_a_session_nobody_comes_back_to_ends(start_server):
    server = await start_server(grace_s=0)
    client, created = await server.session()
    runner = server.hub.find(created["session"]["id"])
    await client.socket.close()
    await asyncio.wait_for(runner._ended.wait(), 60)
    _, back = await server.session(resume=created["session"]["resume_token"])
    assert not back["resumed"]


async def left(server, created):
    """The server has noticed that the client of this session is gone."""
    runner = server.hub.find(created["session"]["id"])
    async with asyncio.timeout(60):
        while runner.connected:  # noqa: ASYNC110 - nothing tells a test
            await asyncio.sleep(0.01)


async def test_a_session_that_was_left_unused_makes_room_on_a_full_server_and_a_used_one_does_not(
    start_server,
):
    server = await start_server(max_sessions=1)
    unused, created = await server.session()
    await unused.socket.close()
    await left(server, created)
    used, created = await server.session()
    await used.send("assistant.mode.set", mode="dictation")
    await used.until("session.updated")
    await used.socket.close()
    await left(server, created)
    assert await (await server.connect()).code() == "server_full"


async def test_a_full_server_says_so(start_server):
    server = await start_server(max_sessions=1)
    first, _ = await server.session()
    second = await server.connect()
    assert await second.code() == "server_full"
    assert await second.until_closed() == 1013
    await first.works()


async def test_a_stopping_server_says_so(server):
    client, _ = await server.session()
    server.server.should_exit = True
    assert await client.until_closed() == 1001
    assert client.of("assistant.session.closing")[0]["retry"] is True
    await server._task


async def test_what_is_being_said_when_the_server_stops_gets_its_final(server, pcm):
    client, _ = await server.session()
    await client.append(pcm(0.3, 1.0, 0.1))
    await client.until("input_audio_buffer.speech_started")
    server.server.should_exit = True
    assert await client.until_closed() == 1001
    (final,) = client.of("conversation.item.input_audio_transcription.completed")
    assert final["transcript"] == "The lungs are clear."
    assert client.events.index(final) < client.events.index(client.of("assistant.session.closing")[0])
    await server._task


async def test_a_recogniser_that_hangs_does_not_keep_the_server_from_stopping(start_server, pcm):
    server = await start_server(shutdown_s=2)
    client, _ = await server.session()
    server.model.gate.clear()
    await client.append(pcm(0.3, 1.0, 0.1))
    await client.until("input_audio_buffer.speech_started")
    server.server.should_exit = True
    assert await client.until_closed() == 1001
    server.model.gate.set()
    await server._task


async def test_a_client_that_sends_into_the_end_does_not_hold_the_server(server, pcm):
    server.model.gate.clear()  # the recogniser hangs: the audio backs up
    client, created = await server.session()
    runner = server.hub.find(created["session"]["id"])
    await client.append(pcm(0.3, 0.8, 1.0) * 20)
    runner.say_goodbye()
    server.model.gate.set()
    assert await client.until_closed() == 1001
    while server.hub._runners or server.server.server_state.tasks:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def flood(runner):
    """Events until the client is let go, and how many; nothing here waits, so nothing is sent meanwhile."""
    sent = 0
    while runner.connected:
        await runner.receive(ModeSet(mode="dictation"))
        sent += 1
    return sent


async def test_a_client_that_does_not_read_is_let_go_and_can_come_back(server):
    client, created = await server.session()
    session = created["session"]
    runner = server.hub.find(session["id"])
    sent = await flood(runner)
    assert await client.until_closed() == 4008
    last = max(event["seq"] for event in client.events)
    back, again = await server.session(resume=session["resume_token"], after=last)
    assert again["resumed"]
    rest = [await back.next() for _ in range(sent)]
    assert [event["seq"] for event in rest] == list(range(last + 1, last + sent + 1))
    assert (await back.next())["code"] == "client_too_slow"
    await back.works()


async def test_taking_over_from_a_client_that_does_not_read(server):
    client, created = await server.session()
    runner = server.hub.find(created["session"]["id"])
    await flood(runner)
    outbox = runner.connect(0)
    assert runner.connected
    await runner.disconnect(outbox)
    assert await client.until_closed() == 4008


async def test_nothing_of_a_session_is_left_in_memory_when_it_has_ended(start_server):
    server = await start_server(grace_s=0)
    left = []
    for _ in range(3):
        client, created = await server.session()
        left.append(weakref.ref(server.hub.find(created["session"]["id"])))
        await client.append(loud(0.3))
        await client.until("conversation.item.input_audio_transcription.completed")
        await client.socket.close()
    assert len(left) == 3
    async with asyncio.timeout(30):
        while server.hub._runners:  # noqa: ASYNC110 (the end of a session tells nobody)
            await asyncio.sleep(0.05)
    gc.collect()
    assert [each() for each in left] == [None] * 3
