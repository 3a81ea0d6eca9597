"""``assistant doctor``, run as people run it: a status, a line per finding, never a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.commands.doctor import image_matching
from assistant.config import Settings

GOOD, BAD = "assistant serve should work.", "assistant serve cannot work yet."


def doctor(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")} | variables
    result = subprocess.run(
        [sys.executable, "-m", "assistant", "doctor", *args],
        capture_output=True,
        text=True,
        timeout=120,
        env=env,
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result


@pytest.fixture
def empty(tmp_path: Path) -> str:
    """A folder without models."""
    return str(tmp_path / "models")


@pytest.mark.models
def test_all_is_well_here_and_the_status_says_so() -> None:
    result = doctor("--port", "0", "--engine", "gemma-270m")
    assert result.returncode == 0, result.stdout
    assert result.stdout.splitlines()[-1] == GOOD
    assert "✗" not in result.stdout
    for line in ("✓ Python 3.", "✓ libopus", "✓ Recogniser moonshine-clinical", "✓ Engine gemma-3-270m"):
        assert line in result.stdout
    assert result.stderr == ""


def test_without_a_medical_model_the_server_works_and_the_doctor_says_what_is_declined(empty: str) -> None:
    result = doctor("--port", "0", "--engine", "stand-in", ASSISTANT_MODELS_DIR=empty)
    line = next(line for line in result.stdout.splitlines() if "No medical model" in line)
    assert line.startswith("✓ ")
    assert "medical questions are declined" in line
    assert line.endswith("assistant models pull medgemma")


def test_models_that_are_not_here_come_with_the_command_that_gets_them(empty: str) -> None:
    result = doctor("--port", "0", "--engine", "gemma-270m", ASSISTANT_MODELS_DIR=empty)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == BAD
    for name in ("moonshine-clinical", "silero-vad", "gemma-3-270m"):
        line = next(line for line in result.stdout.splitlines() if f"pull {name}" in line)
        assert line.startswith("✗ ")
        assert f"models --models-dir {empty} pull {name}" in line
        assert line.endswith("[model_missing]")
    assert "✓ Any free port" in result.stdout, "one fault does not hide the other findings"
    assert not Path(empty).exists(), "looking makes nothing"


def test_the_doctor_does_not_promise_a_gguf_that_is_not_there(empty: str, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.gguf")
    result = doctor("--port", "0", ASSISTANT_MODELS_DIR=empty, ASSISTANT_ENGINE="gguf", ASSISTANT_GGUF=gone)
    assert result.returncode == 1
    assert f"✗ There is no model file {gone}" in result.stdout
    result = doctor("--port", "0", ASSISTANT_MODELS_DIR=empty, ASSISTANT_ENGINE="gguf")
    assert "✗ Engine gguf — --engine gguf needs --gguf FILE. [gguf_missing]" in result.stdout


@pytest.mark.parametrize("url", ["http://[1", "nonsense", "ftp://host/v1", "http://host:port/v1"])
def test_an_engine_url_that_is_none_is_said(empty: str, url: str) -> None:
    result = doctor(
        "--port", "0", ASSISTANT_MODELS_DIR=empty, ASSISTANT_ENGINE="openai", ASSISTANT_ENGINE_URL=url
    )
    assert result.returncode == 1
    line = next(line for line in result.stdout.splitlines() if "Engine openai" in line)
    assert line.startswith("✗ ")
    assert "--engine-url" in line


def test_a_port_that_is_taken_is_said(empty: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = doctor("--port", str(port), ASSISTANT_MODELS_DIR=empty)
    assert result.returncode == 1
    assert f"✗ Port {port} on 127.0.0.1 cannot be opened" in result.stdout


@pytest.mark.parametrize("host", ["x..y", "a" * 70, "nope.invalid"])
def test_a_host_that_is_none_is_said(empty: str, host: str) -> None:
    result = doctor("--host", host, "--port", "0", ASSISTANT_MODELS_DIR=empty)
    assert result.returncode == 1
    assert f"✗ Port 0 on {host} cannot be opened" in result.stdout


@pytest.mark.parametrize("port", ["high", "-1", "70000"])
def test_a_port_that_is_none_is_wrong_use(port: str) -> None:
    result = doctor(f"--port={port}")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: --port: ")
    assert result.stderr.rstrip().endswith("[settings_invalid]")


def test_medsiglip_is_looked_at_where_it_is_set(tmp_path: Path) -> None:
    folder = tmp_path / "siglip"
    folder.mkdir()
    settings = Settings(siglip_model=str(folder))
    (finding,) = image_matching(settings)
    assert (finding.ok, finding.what) == (False, f"There is no model in {folder}")
    (folder / "config.json").write_text("{}")
    (finding,) = image_matching(settings)
    assert (finding.ok, finding.what) == (True, "MedSigLIP siglip, from a folder")
    assert image_matching(Settings()) == []
