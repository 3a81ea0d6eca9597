"""``python -m assistant serve`` as people start it."""

import asyncio
import json
import os
import re
import signal
import ssl
import stat
import sys
from pathlib import Path

import pytest
import websockets

from assistant.config import Settings
from assistant.server.run import Server, kept_by_default, server_config
from assistant.storage.database import FILE
from assistant.storage.store import Store
from tests.certificates import certificate_for_localhost
from tests.siglip import tiny_siglip

MARK = "xylophagous"


async def test_a_model_that_cannot_be_loaded_is_said_in_one_line(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assistant", "serve", "--port", "0", "--asr", "lasr-mini", "--no-asr-second"),
        *("--vad", "webrtc", "--engine", "openai", "--siglip-model", str(tmp_path), "--no-store"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert "Traceback" not in output.decode()
    assert output.decode().splitlines()[-1].startswith(f"error: {tmp_path} could not be loaded")
    assert process.returncode == 2


@pytest.mark.models
async def test_over_tls_sighup_takes_a_new_certificate_and_sigterm_ends_and_nothing_said_is_logged(tmp_path):
    certificate, key = certificate_for_localhost(tmp_path)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assistant", "serve", "--port", "0", "--log-level", "debug"),
        *("--engine", "gemma-270m", "--tls-cert", str(certificate), "--tls-key", str(key)),
        # A pool of processes: it has semaphores.
        *("--siglip-model", str(tiny_siglip.save(tmp_path / "siglip"))),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "XDG_DATA_HOME": str(tmp_path / "data")},
    )
    try:
        assert process.stdout
        output = ""
        async with asyncio.timeout(120):
            while not (ready := re.search(r"Ready: https://(\S+?)/", output)):
                line = await process.stdout.readline()
                assert line, output
                output += line.decode()
        certificate_for_localhost(tmp_path)
        process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(60):
            while "a new certificate is used" not in output:
                output += (await process.stdout.readline()).decode()
        trusting = ssl.create_default_context(cafile=certificate)
        address = f"wss://{ready[1]}/v1/realtime"
        async with websockets.connect(
            address, ssl=trusting, proxy=None, subprotocols=["assistant"]
        ) as socket:
            item = {"role": "user", "content": [{"type": "input_text", "text": f"What is {MARK}?"}]}
            await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
            await socket.send(json.dumps({"type": "response.create"}))
            kinds = []
            while "response.output_text.delta" not in kinds:
                kinds.append(json.loads(await asyncio.wait_for(socket.recv(), 60))["type"])
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                async for frame in socket:
                    event = json.loads(frame)
            assert event["type"] == "assistant.session.closing"
            assert event["retry"] is True
            assert socket.close_code == 1001
        rest, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
        output += rest.decode()
        assert MARK not in output
        kept = tmp_path / "data" / "clinical-voice-assistant" / "reports"  # by default, for its user alone
        assert stat.S_IMODE(kept.stat().st_mode) == 0o700
        assert stat.S_IMODE((kept / FILE).stat().st_mode) == 0o600
        with Store(kept, create=False) as store:
            (session,) = store.sessions()
            assert any(MARK in each.model_dump_json() for each in store.events(session.id))
        for unwanted in ("Traceback", "leaked"):
            assert unwanted not in output
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_all_of_an_orderly_end_shares_the_seconds_that_it_may_take(monkeypatch):
    class SlowHub:
        settings = Settings(shutdown_s=3)

        async def close(self):
            await asyncio.sleep(0.9)

    left = []

    async def rest(server, sockets=None):
        left.append(server.config.timeout_graceful_shutdown)

    monkeypatch.setattr("uvicorn.Server.shutdown", rest)
    hub = SlowHub()
    await Server(server_config(None, hub.settings), hub).shutdown()
    assert left == [2]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, "default"),
        ({"store": "given"}, "given"),
        ({"no_store": True}, None),
        ({"no_store": True, "store": "x"}, None),
    ],
)
def test_reports_are_kept_unless_the_settings_say_otherwise(settings, kept, monkeypatch, tmp_path):
    monkeypatch.setattr("assistant.server.run.reports", lambda: tmp_path / "default")
    found = kept_by_default(Settings(**settings)).store
    assert found == (tmp_path / "default" if kept == "default" else kept and Path(kept))
