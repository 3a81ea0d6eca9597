"""A real server in a process of its own, which an attack may starve, stop or kill."""

import asyncio
import contextlib
import itertools
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from assistant.config import Settings
    from benches.attacks.tones import Tones

ROOT = Path(__file__).resolve().parents[3]
START_S = 60
_numbers = itertools.count(1)


@dataclass(slots=True)
class ServerProcess:
    process: asyncio.subprocess.Process
    port: int
    log: Path
    """Its standard error."""

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory_mb(self) -> float:
        """The highest resident memory so far, without its reader processes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise ValueError("no VmHWM")

    async def heard_s(self) -> float:
        """Seconds of tone in the finals so far."""
        return await self._ask("heard")

    async def raised(self) -> float:
        """How often its recogniser raised an error, as ``recogniser_raises`` wants it."""
        return await self._ask("raised")

    async def _ask(self, line: str) -> float:
        assert self.process.stdout
        self._tell(line)
        return float(await self.process.stdout.readline())

    def recogniser_raises(self) -> None:
        """The next final of the recogniser raises an error that nobody expects, once."""
        self._tell("raise")

    def recogniser_hangs(self, seconds_s: float) -> None:
        """For so long no step of the recogniser ends."""
        self._tell(f"hang {seconds_s}")

    def _tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())

    async def stand_still(self, seconds_s: float) -> None:
        """Nothing of it runs for so long, as when its event loop is blocked or the machine sleeps."""
        self.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds_s)
        self.process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """Like a power cut for this process."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.asynccontextmanager
async def started(
    folder: Path,
    *,
    files: int = 0,
    file_s: float = 0,
    final_s: float = 0,
    port: int = 0,
    by_name: bool = False,
    **settings: Any,
) -> AsyncIterator[ServerProcess]:
    """A server with these settings, killed at the end.

    ``files``: how many descriptors it may open (0: as many as this process). ``file_s``: the time that it
    reads a file of an upload. ``final_s``: what a final takes, as in ``Tones``. ``by_name``: a token is the
    name of its user. Its log is in ``folder``.
    """
    wanted = {
        **{"files": files, "file_s": file_s, "final_s": final_s, "port": port, "by_name": by_name},
        "settings": settings,
    }
    log = folder / f"server-{next(_numbers)}.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benches.attacks.server", json.dumps(wanted, default=str)),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}/scripts:{ROOT}", "OPENBLAS_NUM_THREADS": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout
    server = ServerProcess(process, 0, log)
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
        if not line:
            raise RuntimeError(f"the server did not start: {log.read_text()[-120:]}")
        server.port = int(line)
        yield server
    finally:
        await server.kill()


def application(settings: "Settings", model: "Tones", *, by_name: bool = False) -> "Starlette":
    """A server's application that hears with ``model``. ``by_name`` as in ``started``."""
    from assistant.asr.shared import SharedRecogniser  # noqa: PLC0415
    from assistant.components.components import Components  # noqa: PLC0415
    from assistant.components.personal import PersonalFiles  # noqa: PLC0415
    from assistant.engines.scripted import ScriptedEngine  # noqa: PLC0415
    from assistant.server.app import create_app  # noqa: PLC0415
    from assistant.vad.endpoint import EndpointSettings  # noqa: PLC0415
    from benches.attacks.tones import LoudnessVad  # noqa: PLC0415

    identifier = None
    if by_name:
        from tests.server.test_wrong_user import ByName  # noqa: PLC0415

        identifier = ByName()
    engine = ScriptedEngine()
    engine.script("broken text", ["It is \ud83d", "\ude00, ", "\ud800", "."])
    components = Components(
        recogniser=SharedRecogniser(model, patience_s=settings.asr_patience_s),
        open_vad=LoudnessVad,
        engine=engine,
        endpoint=EndpointSettings(),
        personal=PersonalFiles(settings.templates, None),
    )
    return create_app(settings, components, None, identifier)


async def serve(wanted: dict[str, Any]) -> None:
    from assistant.config import Settings  # noqa: PLC0415
    from assistant.imaging import worker  # noqa: PLC0415
    from assistant.server.run import Server, bind, server_config  # noqa: PLC0415
    from assistant.telemetry import configure_logging  # noqa: PLC0415
    from benches.attacks.tones import Tones  # noqa: PLC0415

    if wanted["file_s"]:
        worker.LONGEST_FILE_S = wanted["file_s"]
    model = Tones(wanted["final_s"])
    settings = Settings(port=0, engine="openai", **wanted["settings"])
    configure_logging(settings.log_level)
    app = application(settings, model, by_name=wanted["by_name"])
    sock = bind("127.0.0.1", wanted["port"])

    at_start_s = 0.0  # what it was given to warm up

    def ready() -> None:
        nonlocal at_start_s
        at_start_s = model.heard_s
        if wanted["files"]:  # after what it needs to start
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted["files"], wanted["files"]))
        print(sock.getsockname()[1], flush=True)

    def tell() -> None:
        match sys.stdin.readline().split():
            case ["heard"]:
                print(model.heard_s - at_start_s, flush=True)
            case ["raised"]:
                print(model.raised, flush=True)
            case ["raise"]:
                model.raises = True
            case ["hang", seconds_s]:
                model.hangs_until = time.monotonic() + float(seconds_s)
            case _:
                asyncio.get_running_loop().remove_reader(sys.stdin)

    asyncio.get_running_loop().add_reader(sys.stdin, tell)
    await Server(server_config(app, settings), app.state.hub, ready).serve(sockets=[sock])


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
