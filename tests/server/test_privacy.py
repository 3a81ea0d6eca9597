"""What was said, shown or attached is in no log line, whatever fails, in no metric, in no name of a file or a
process, and in no temporary file that outlives its server."""

import asyncio
import base64
import io
import logging
import sys
import tempfile
import threading
import warnings

import httpx
import numpy as np
import psutil
import pytest

from assistant.errors import EngineFailed
from assistant.telemetry import configure_logging
from tests.imaging import made
from tests.imaging.bad_files import png

MARK = "xylophagous"


@pytest.fixture
def logged(capfd, monkeypatch):
    """``logged()`` is all that was printed since, with the logging of ``serve`` at ``debug``."""
    for owner, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(owner, hook, getattr(owner, hook))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging("debug")
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    yield lambda: "".join([stream.getvalue(), *capfd.readouterr()])
    root.handlers[:] = before
    root.setLevel(level)


def uncaught_errors():
    """What Python itself prints, each with the marker in its message."""

    def fail():
        raise RuntimeError(f"in a thread {MARK}")

    class Left:
        def __del__(self):
            raise RuntimeError(f"unraisable {MARK}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Left()
    sys.excepthook(RuntimeError, RuntimeError(f"uncaught {MARK}"), None)
    warnings.showwarning(UserWarning(f"a value {MARK}"), UserWarning, __file__, 1)


def of_its_processes():
    """Command lines and environments of this process and of those that it started, as others see them."""
    own = psutil.Process()
    return str([(each.cmdline(), each.environ()) for each in [own, *own.children(recursive=True)]])


async def test_what_was_said_is_in_no_log_metric_process_or_temporary_file(
    start_server, pcm, logged, tmp_path, monkeypatch
):
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    server = await start_server(store=tmp_path / "store", keep_audio_min=1)
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
        patient = {
            "PatientName": MARK,
            "StudyDescription": MARK,
            "SeriesDescription": MARK,
            "PatientID": MARK,
        }
        made.dicom(tmp_path / "made.dcm", np.ones((64, 64), np.int16), **patient)
        for name, content in (("dcm", (tmp_path / "made.dcm").read_bytes()), ("png", png())):
            answer = await http.post(
                f"/v1/sessions/{session['id']}/attachments",
                params={"name": f"{MARK}.{name}"},
                headers={"X-Session-Token": session["resume_token"]},
                content=content,
            )
            assert answer.status_code == 201, answer.text
        metrics = (await http.get("/metrics")).text
    uncaught_errors()
    processes, files = of_its_processes(), [str(each) for each in tmp_path.rglob("*")]
    assert "assistant_finals" in metrics and "spawn_main" in processes and len(files) > 5
    await server.stop()
    await asyncio.sleep(0)
    text = logged()
    for expected in (
        "the recogniser fails",
        "answer failed",
        "nothing caught this error",
        "a thread ended with an error",
        "an error could not be raised",
        "UserWarning",
    ):
        assert expected in text
    for told in (text, metrics, processes, *files):
        assert MARK not in told
        assert session["resume_token"] not in told
    assert list(temporary.iterdir()) == []
