"""``python -m assistant serve`` as people start it."""

import asyncio
import json
import os
import re
import signal
import sys

import pytest
import websockets

from tests.siglip import tiny_siglip

MARK = "xylophagous"


async def test_a_model_that_cannot_be_loaded_is_said_in_one_line(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assistant", "serve", "--port", "0", "--asr", "lasr-mini", "--no-asr-second"),
        *("--vad", "webrtc", "--engine", "openai", "--siglip-model", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert "Traceback" not in output.decode()
    assert output.decode().splitlines()[-1].startswith(f"error: {tmp_path} could not be loaded")
    assert process.returncode == 2


@pytest.mark.models
async def test_sigterm_tells_the_clients_and_ends_and_nothing_said_is_logged(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assistant", "serve", "--port", "0", "--log-level", "debug"),
        *(
            "--siglip-model",
            str(tiny_siglip.save(tmp_path / "siglip")),
        ),  # a pool of processes: it has semaphores
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout
        output = ""
        async with asyncio.timeout(120):
            while not (ready := re.search(r"Ready: http://(\S+?)/", output)):
                line = await process.stdout.readline()
                assert line, output
                output += line.decode()
        async with websockets.connect(f"ws://{ready[1]}/v1/realtime", proxy=None) as socket:
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
        for unwanted in ("Traceback", "leaked"):
            assert unwanted not in output
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
