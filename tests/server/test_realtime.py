"""The socket over a real connection: what clients do wrong, come back to, and are told."""

import asyncio
import base64
import contextlib
import io
import json

import httpx
import PIL.Image
import pytest
import websockets

from assistant.errors import EngineFailed
from assistant.events import server_events
from assistant.imaging.photo import MAX_BYTES
from assistant.server.app import MAX_MESSAGE_BYTES
from assistant.server.run import MAX_FRAME_BYTES
from assistant.session.attachments import MOST_ATTACHMENTS

COMPLETED = "conversation.item.input_audio_transcription.completed"
QUESTION = 0.6
SILENT_SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"


def png(size=(8, 8)):
    buffer = io.BytesIO()
    PIL.Image.new("RGB", size, "gray").save(buffer, "PNG")
    return buffer.getvalue()


def message(*parts):
    return {"type": "message", "role": "user", "content": list(parts)}


def image(data, name="x.png"):
    uri = "data:image/png;base64," + base64.b64encode(data).decode()
    return {"type": "input_image", "image_url": uri, "name": name}


@pytest.fixture
async def http(server):
    async with httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=60) as client:
        yield client


def upload(http, session, data, name="x.png", token=None):
    return http.post(
        f"/v1/sessions/{session['id']}/attachments",
        params={"name": name},
        headers={"X-Session-Token": token or session["resume_token"]},
        content=data,
    )


async def test_append_faster_than_real_time_without_set_up(server, pcm):
    server.engine.script("pneumothorax", ["No", "ne."])
    client, _ = await server.session()
    await client.append(pcm(0.3) + pcm(QUESTION) + pcm(0.3))
    await client.until("response.done")
    while len(client.of(COMPLETED)) < 3:
        await client.next()
    texts = [event["transcript"] for event in client.of(COMPLETED)]
    assert texts == [server.model.texts[3], server.model.texts[6], server.model.texts[3]]
    assert client.of("response.output_text.done")[0]["text"] == "None."
    assert not client.of("assistant.audio.gap")
    for event in client.events:
        server_events.validate_python(event)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "json_invalid"),
        ("", "json_invalid"),
        ('{"type": "\\ud800"}', "json_invalid"),
        ("[" * 100_000, "json_invalid"),
        ("null", "event_unknown"),
        ("[]", "event_unknown"),
        ("{}", "event_unknown"),
        ('{"type": 5}', "event_unknown"),
        ('{"type": "session.destroy"}', "event_unknown"),
        ('{"type": "input_audio_buffer.append"}', "event_invalid"),
        ('{"type": "input_audio_buffer.append", "audio": 5}', "event_invalid"),
        ('{"type": "input_audio_buffer.append", "audio": "not base64!"}', "audio_not_base64"),
        ('{"type": "input_audio_buffer.append", "audio": "AAAA"}', "audio_odd_length"),
        (b"odd", "audio_odd_length"),
        pytest.param(b"x" * (MAX_MESSAGE_BYTES + 2), "message_too_large", id="large-bytes"),
        pytest.param("x" * (MAX_MESSAGE_BYTES + 1), "message_too_large", id="large-text"),
        ('{"type": "assistant.mode.set", "mode": "shout"}', "event_invalid"),
        ('{"type": "response.create"}', "nothing_to_answer"),
        ('{"type": "assistant.item.edit", "item_id": "utt_9", "text": ""}', "item_unknown"),
        ('{"type": "assistant.intent.correct", "item_id": "x", "intent": "question"}', "item_unknown"),
        ('{"type": "assistant.webrtc.offer", "sdp": "garbage"}', "webrtc_sdp_invalid"),
        ('{"type": "assistant.webrtc.offer", "sdp": "v=0 m=audio"}', "webrtc_sdp_invalid"),
        (
            json.dumps({"type": "assistant.webrtc.offer", "sdp": SILENT_SDP}),
            "webrtc_no_audio",
        ),
        (
            json.dumps({"type": "session.update", "session": {"audio": {"input": {"format": {"rate": 7}}}}}),
            "audio_rate_unsupported",
        ),
        (
            json.dumps({"type": "conversation.item.create", "item": message({"type": "SECRET"})}),
            "event_invalid",
        ),
        (
            json.dumps({"type": "conversation.item.create", "item": message(image(b"a text file"))}),
            "image_not_readable",
        ),
        (
            json.dumps(
                {
                    "type": "conversation.item.create",
                    "item": message({"type": "input_image", "image_url": "https://example.org/a.png"}),
                }
            ),
            "image_url_unsupported",
        ),
    ],
)
async def test_what_is_wrong_gets_an_error_and_the_session_goes_on(server, frame, code):
    client, _ = await server.session()
    await client.socket.send(frame)
    error = (await client.until("error"))["error"]
    assert error["code"] == code
    assert "SECRET" not in error["message"]
    await client.works()


async def test_an_oversize_frame_ends_the_connection_and_not_the_session(server):
    client, created = await server.session()
    await client.works()
    with contextlib.suppress(websockets.ConnectionClosed):  # it may close while this is still sending
        await client.socket.send("x" * (MAX_FRAME_BYTES + 1))
    assert await client.until_closed() == 1009
    again, back = await server.session(resume=created["session"]["resume_token"])
    assert back["resumed"]
    await again.until(COMPLETED)
    await again.works()


async def test_an_error_names_the_event_that_caused_it(server):
    client, _ = await server.session()
    await client.send("response.create", event_id="mine")
    assert (await client.until("error"))["error"]["event_id"] == "mine"


async def test_wrong_uploads_are_refused_and_the_session_goes_on(server, http):
    client, created = await server.session()
    session = created["session"]
    unknown = {**session, "id": "sess_unknown"}
    address = f"/v1/sessions/{session['id']}"
    headers = {"X-Session-Token": session["resume_token"]}
    for answer, status, code in [
        (await upload(http, session, b"a text file"), 400, "image_not_readable"),
        (await upload(http, session, b""), 400, "image_empty"),
        (await upload(http, session, b"GIF89a"), 400, "image_not_readable"),
        (await upload(http, session, png()[:40]), 400, "image_not_readable"),
        (await upload(http, unknown, png()), 404, "session_unknown"),
        (await upload(http, session, png(), token="wrong"), 404, "session_unknown"),
        (await http.get(f"{address}/attachments/y", headers=headers), 404, "attachment_unknown"),
        (await http.get("/v1/attachments/x/y"), 410, "address_moved"),
    ]:
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    await client.works()


async def test_an_oversize_image_is_refused(server, http):
    client, created = await server.session()
    answer = await upload(http, created["session"], bytes(MAX_BYTES + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "image_too_large")
    await client.works()


async def test_images_are_counted_also_when_they_come_at_once(server, http):
    client, created = await server.session()
    answers = await asyncio.gather(
        *(upload(http, created["session"], png()) for _ in range(MOST_ATTACHMENTS + 4))
    )
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) == MOST_ATTACHMENTS
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 400} == {
        "too_many_images"
    }
    await client.send("conversation.item.create", item=message(image(png())))
    assert await client.code() == "too_many_images"
    await client.works()


async def test_an_attachment_has_a_picture_and_goes_with_the_question(server, http):
    client, created = await server.session()
    attached = (await upload(http, created["session"], png(), name="chest.png")).json()
    headers = {"X-Session-Token": created["session"]["resume_token"]}
    picture = await http.get(attached["url"], headers=headers)
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers.get_list("cache-control") == ["private, no-store"]
    await client.send("conversation.item.create", item=message({"type": "input_text", "text": "What?"}))
    await client.send("response.create")
    await client.until("response.done")
    assert server.engine.questions[0].images[0].name == "chest.png"


async def test_commit_ends_the_utterance_and_clear_throws_it_away(server, pcm):
    client, _ = await server.session()
    await client.append(pcm(0.3, 1.0, 0))
    await client.send("input_audio_buffer.commit")
    assert (await client.until(COMPLETED))["item_id"] == "utt_1"
    await client.append(pcm(0.6, 1.0, 0))
    await client.send("input_audio_buffer.clear")
    assert (await client.until("input_audio_buffer.cleared"))["item_id"] == "utt_2"
    await client.works()
    assert [e["item_id"] for e in client.of(COMPLETED)] == ["utt_1", "utt_3"]


async def test_commit_and_clear_of_nothing(server):
    client, _ = await server.session()
    await client.send("input_audio_buffer.commit")
    await client.send("input_audio_buffer.clear")
    assert (await client.until("input_audio_buffer.cleared"))["item_id"] is None
    await client.works()


async def test_a_new_rate_is_obeyed_and_a_wrong_one_changes_nothing(server, pcm):
    client, _ = await server.session()
    for rate, kind in ((48_000, "session.updated"), (5, "error")):
        audio = {"input": {"format": {"type": "audio/pcm", "rate": rate}}}
        await client.send("session.update", session={"type": "realtime", "audio": audio})
        await client.until(kind)
    await client.append(pcm(0.3, 1.6, 2.4))
    done = await client.until(COMPLETED)
    assert done["end_ms"] < 2000


async def test_words_to_expect_are_a_sessions_own_and_can_be_taken_back(server, pcm):
    clients = [(await server.session())[0] for _ in range(2)]

    async def expect(keywords, answer):
        audio = {"input": {"transcription": {"model": "any", "keywords": keywords}}}
        await clients[0].send("session.update", session={"audio": audio})
        await clients[0].until(answer)

    await expect(["metoprolol"], "session.updated")
    await expect(["x" * 81], "error")
    for client in clients:
        await client.append(pcm(0.3))
    heard = [(await client.until(COMPLETED))["transcript"] for client in clients]
    assert heard[0].lower().replace(".", "") == f"{heard[1]} metoprolol".lower().replace(".", "")
    await expect([], "session.updated")
    await clients[0].append(pcm(0.3))
    assert (await clients[0].until(COMPLETED))["transcript"] == heard[1]


@pytest.mark.parametrize("error", [EngineFailed("no", code="engine_timeout"), RuntimeError("a bug")])
async def test_an_engine_that_fails_leaves_the_dictation_alone(server, error):
    server.engine.fail("what", error, after=["Half"])
    client, _ = await server.session()
    await client.send("conversation.item.create", item=message({"type": "input_text", "text": "What?"}))
    await client.send("response.create")
    done = (await client.until("response.done"))["response"]
    assert done["status"] == "failed"
    code = getattr(error, "code", "engine_failed")
    assert done["status_details"]["error"]["code"] == code
    assert client.of("response.output_text.done")[0]["text"] == "Half"
    await client.works()


async def test_a_recogniser_with_a_bug_ends_no_session_and_loses_no_word(server, pcm):
    other, _ = await server.session()
    client, _ = await server.session()
    server.model.error = RuntimeError("a bug")
    await client.append(pcm(0.3))
    await client.until("assistant.notice", code="recogniser_failing")
    await other.until("assistant.notice", code="recogniser_failing")
    server.model.error = None
    done = await client.until("conversation.item.input_audio_transcription.completed")
    assert done["transcript"] == "The lungs are clear."
    await client.until("assistant.notice", code="hearing_works")
    await other.works()


async def test_a_socket_elsewhere_is_refused(server):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await server.connect(path="/elsewhere")
    assert refused.value.response.status_code == 403


async def test_two_audio_sources_at_once_do_no_harm(server, pcm):
    from aiortc import RTCConfiguration, RTCPeerConnection
    from aiortc.mediastreams import AudioStreamTrack

    client, _ = await server.session()
    for _ in range(2):  # the second offer replaces the first
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTrack(AudioStreamTrack())
        await peer.setLocalDescription(await peer.createOffer())
        await client.append(pcm(0.3, 0.1, 0.1))
        await client.send("assistant.webrtc.offer", sdp=peer.localDescription.sdp)
        await client.until("assistant.webrtc.answer")
        await peer.close()
    await client.send("assistant.webrtc.close")
    await client.works()
