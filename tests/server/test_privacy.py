"""No log line holds what was said, shown or attached, whatever fails."""

import asyncio
import base64
import io
import logging

import httpx
import pytest

from assistant.errors import EngineFailed
from assistant.telemetry import configure_logging

MARK = "xylophagous"


@pytest.fixture
def logged(capfd):
    """``logged()`` is all that was printed since, with the logging of ``serve`` at ``debug``."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging("debug")
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    yield lambda: "".join([stream.getvalue(), *capfd.readouterr()])
    root.handlers[:] = before
    root.setLevel(level)


async def test_no_log_line_holds_what_was_said(start_server, pcm, logged, tmp_path):
    server = await start_server(store=tmp_path, keep_audio_min=1)
    model = server.model
    model.texts = {3: f"Dictated {MARK}.", 6: f"Is there a {MARK} on this image?"}
    server.engine.script(MARK, [f"Answer {MARK}."])
    client, created = await server.session()
    session = created["session"]
    await client.append(pcm(0.3) + pcm(0.6))
    await client.until("response.done")
    for error in (EngineFailed(f"engine {MARK}", code="engine_timeout"), RuntimeError(f"bug {MARK}")):
        server.engine.fail(MARK, error, after=[MARK])
        await client.append(pcm(0.6))
        await client.until("response.done")
    async with httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=60) as http:
        await http.post(
            f"/v1/sessions/{session['id']}/attachments",
            params={"name": f"{MARK}.png"},
            headers={"X-Session-Token": session["resume_token"]},
            content=MARK.encode(),
        )
        for what in (
            "checks",
            "words",
            "audio?start_ms=0&end_ms=100",
            "export?format=docx",
            f"export?format={MARK}",
        ):
            await http.get(
                f"/v1/sessions/{session['id']}/{what}",
                headers={"X-Session-Token": session["resume_token"]},
            )
    uri = "data:image/png;base64," + base64.b64encode(MARK.encode()).decode()
    part = {"type": "input_image", "image_url": uri, "name": f"{MARK}.png"}
    item = {"type": "message", "role": "user", "content": [part]}
    await client.send("conversation.item.create", item=item)
    await client.until("error")
    for sdp in (MARK, f"v=0\r\ns={MARK}\r\nm=audio {MARK}\r\n"):
        await client.send("assistant.webrtc.offer", sdp=sdp)
        await client.until("error")
    for frame in (f'{{"type": "{MARK}"}}', MARK, f'{{"type": "assistant.mode.set", "mode": "{MARK}"}}'):
        await client.socket.send(frame)
        await client.until("error")
    model.error = RuntimeError(f"recogniser {MARK}")
    await client.append(pcm(0.3))
    await client.until("assistant.notice", code="recogniser_failing")
    async with httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=60) as http:
        own = [
            ("POST", "words", {"written": f"{MARK}one", "sounds_like": [f"xylo {MARK}"]}),
            ("POST", "words", {"written": "left", "sounds_like": [MARK]}),
            ("POST", "macros", {"name": MARK, "text": f"{{{MARK}2}}"}),
            ("POST", "templates", {"name": MARK, "sections": [{"title": MARK, "text": MARK}]}),
            ("PUT", "settings", {"keep_corrections": True, "page": {MARK: MARK}}),
            ("POST", "try", {"heard": f"xylo {MARK} was heard"}),
        ]
        for method, where, body in own:
            await http.request(method, f"/v1/own/{where}", json=body)
    await server.stop()
    await asyncio.sleep(0)
    text = logged()
    assert "the recogniser fails" in text
    assert "answer failed" in text
    assert MARK not in text
    assert session["resume_token"] not in text
