"""The engine with its real process."""

import os
import signal
import threading
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assistant.engines.base import CutOff, Question, Usage
from assistant.engines.hf_engine import TransformersEngine
from assistant.errors import EngineFailed, Missing
from benches.random_gemma import save
from tests.engines.asking import ask, failure

ASKED = Question("Is there an effusion?", "The lungs are clear.")


async def test_it_survives_a_stuck_process(tmp_path):
    engine = TransformersEngine(str(save(tmp_path / "tiny-gemma")), max_tokens=20, timeout_s=60)
    assert (await failure(engine, ASKED))[0].code == "engine_not_loaded"
    await engine.load()
    try:
        assert engine.info.name == "tiny-gemma"
        assert engine.info.sees_images and not engine.info.stand_in
        *_, usage, end = [output async for output in engine.answer(ASKED)]
        assert isinstance(usage, Usage) and usage.output_tokens == 20
        assert end == CutOff()
        said = await ask(engine, ASKED)

        engine._max_tokens, engine._timeout_s = 500, 0.3
        async with aclosing(engine.answer(ASKED)) as outputs:
            await anext(outputs)
            os.kill(engine._process.pid, signal.SIGSTOP)
            with pytest.raises(EngineFailed) as caught:
                while True:
                    await anext(outputs)
            assert caught.value.code == "engine_timeout"
        os.kill(engine._process.pid, signal.SIGCONT)
        engine._max_tokens, engine._timeout_s = 20, 60
        assert await ask(engine, ASKED) == said, "the stuck answer was stopped, and nothing of it is left"
    finally:
        await engine.close()
    assert (await failure(engine, ASKED))[0].code == "engine_not_loaded"


class GatedHub(BaseHTTPRequestHandler):
    """Says what huggingface.co says to someone who has not accepted a model's terms."""

    def do_GET(self):
        self.send_response(401)
        self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("X-Error-Message", "Access to model google/medgemma is restricted.")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


async def test_a_gated_model_says_where_to_accept_its_terms(tmp_path, monkeypatch):
    hub = ThreadingHTTPServer(("127.0.0.1", 0), GatedHub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{hub.server_port}")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    engine = TransformersEngine("google/medgemma-1.5-4b-it")
    try:
        with pytest.raises(Missing) as caught:
            await engine.load()
    finally:
        hub.shutdown()
        hub.server_close()
    assert caught.value.code == "engine_model_gated"
    assert "https://huggingface.co/google/medgemma-1.5-4b-it" in caught.value.message
    assert "HF_TOKEN" in caught.value.message
