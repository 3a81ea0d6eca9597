"""A process that computes for the server prints nothing, and ends with it, also when the server is killed."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from assistant.processes import end_process, open_process

SERVER = """
import os, time
from assistant.processes import open_process

if __name__ == "__main__":
    pool = open_process()
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit({waits})
    time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("waits", ["os.getpid", "time.sleep, 600"], ids=["idle", "computing"])
async def test_it_ends_when_its_server_is_killed(tmp_path, waits):
    program = tmp_path / "server.py"
    program.write_text(SERVER.format(waits=waits))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(  # noqa: ASYNC220 (two seconds of a test)
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        assert server.stdout
        pid = int(server.stdout.readline())
        assert alive(pid)
        server.send_signal(signal.SIGKILL)
    async with asyncio.timeout(30):
        while alive(pid):  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.05)


def in_every_way(text: str) -> str:
    for stream in (sys.stdout, sys.stderr):
        stream.write(text)
        stream.flush()
    warnings.warn(text, stacklevel=1)
    logging.getLogger("reader").error(text)
    os.write(2, text.encode())  # as libraries in C do
    return text


def test_what_it_prints_stands_nowhere(capfd):
    pool = open_process()
    assert pool.submit(in_every_way, "of a file").result() == "of a file"
    pool.shutdown()
    end_process(pool)
    assert "".join(capfd.readouterr()) == ""
