"""The command line, run as people run it: bad input gets a message and a status, never a traceback."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant import __version__
from assistant.cli import main


def assistant(*args: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")} | variables
    result = subprocess.run(
        [sys.executable, "-m", "assistant", *args],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        env=env,
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result


def test_the_version_is_told() -> None:
    assert assistant("--version").stdout == f"assistant {__version__}\n"


def test_the_number_of_threads_is_set_before_numpy_reads_it() -> None:
    code = "import sys, assistant.cli; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_command_has_help() -> None:
    for command in ("serve", "demo", "transcribe", "ask", "intent", "doctor"):
        result = assistant(command, "--help")
        assert result.returncode == 0
        assert f"assistant {command}" in result.stdout


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["serve", "--port", "x"], "[settings_invalid]"),
        (["serve", "--port", "70000"], "[settings_invalid]"),
        (["serve", "--engine", "oracle"], "[settings_invalid]"),
        (["serve", "--host", "203.0.113.9"], "must be an address of this machine. [address_unavailable]"),
        (["serve", "--allowed-origins", "[1"], "[settings_invalid]"),
        (["serve", "--tls-cert", "/nowhere.pem"], "[certificate_unusable]"),
        (["serve", "--tls-cert", __file__, "--tls-key", __file__], "[certificate_unusable]"),
        (["serve", "--tls-key", "/nowhere.pem"], "[certificate_unusable]"),
        (["demo", "/nowhere/file.wav"], "[file_not_found]"),
        (["demo", __file__], "[audio_unreadable]"),
        (["demo", "--url", "gopher://here"], "[url_invalid]"),
        (["demo", "--url", "http://127.0.0.1:1"], "[server_unreachable]"),
        (["ask", " "], "[question_empty]"),
        (["ask", "what", "--document", "/nowhere"], "No such file or directory. [file_not_readable]"),
        (["extract", "/nowhere.json", "."], "No such file or directory. [file_not_readable]"),
        (["export", "/nowhere.json"], "[store_missing]"),
        (["extract", sys.executable, "."], "is not UTF-8 text. [file_not_readable]"),
    ],
)
def test_bad_input_gets_a_message_with_its_code(args: list[str], code: str) -> None:
    result = assistant(*args)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.strip().endswith(code)
    assert result.stdout == ""


@pytest.mark.parametrize("args", [[], ["fly"], ["transcribe"], ["intent", "--mode", "loud"]])
def test_wrong_use_shows_the_usage(args: list[str]) -> None:
    result = assistant(*args)
    assert result.returncode == 2
    assert "usage: assistant" in result.stderr


def test_a_bad_variable_is_named() -> None:
    result = assistant("serve", ASSISTANT_PORT="high")
    assert result.returncode == 2
    assert "ASSISTANT_PORT" in result.stderr
    assert "[settings_invalid]" in result.stderr


def test_intent_reads_lines_and_writes_json_lines() -> None:
    result = assistant("intent", stdin="Is there an effusion?\n\nThe lungs are clear.\nstop\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["intent"] for row in rows] == ["question", "dictation", "command"]
    assert set(rows[0]) == {"text", "intent", "confidence", "reason"}
    assert rows[2]["command"] == "stop"


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "assistant", "intent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        process.stdin.write(b"The lungs are clear.\n" * 10)
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_a_letter_that_the_terminal_lacks_is_written_by_its_number() -> None:
    result = assistant("intent", "is there a “mass”", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert json.loads(result.stdout)["text"] == "is there a “mass”"


def test_format_tells_doubts_and_near_misses_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["format", "metaprolol two fifty milligram tablets", "the lungs are clear"]) == 0
    written = capsys.readouterr()
    assert written.out == "Metaprolol two fifty milligram tablets\nThe lungs are clear\n"
    first, second = written.err.splitlines()
    assert first == "Check “Metaprolol”: “Metaprolol” may be “Metoprolol”."
    assert second.startswith("Check “two fifty”")


@pytest.mark.parametrize(("ending", "status"), [(">/dev/full", 2), (">&-", 0)])
def test_output_that_cannot_be_written_is_said_without_a_traceback(ending: str, status: int) -> None:
    line = f"{sys.executable} -m assistant format 'chest clear period' {ending}"
    result = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == status
    assert result.stderr == ("error: No space left on device. [io_failed]\n" if status else "")


def test_an_interrupt_while_commands_are_loaded_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupted)
    assert main(["doctor"]) == 130


def test_transcribe_tells_each_file_that_failed(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"not sound")
    result = assistant("transcribe", str(bad), "/nowhere.wav")
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert [line.startswith("error: ") for line in lines] == [True, True]
    assert lines[0].startswith(f"error: {bad} could not be read as audio.")
    assert lines[1].startswith("error: There is no file /nowhere.wav.")


@pytest.mark.models
def test_a_recording_without_speech_is_told(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, np.zeros(16_000), 16_000)
    result = assistant("transcribe", str(quiet))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"{quiet}: no speech was found: the recording is silent.\n"


@pytest.mark.models
def test_one_bad_file_does_not_stop_the_others() -> None:
    good = str(Path(__file__).parent / "data" / "audio" / "question.flac")
    result = assistant("transcribe", "/nowhere.wav", good, "--json")
    assert result.returncode == 1
    (row,) = json.loads(result.stdout)
    assert row["file"] == good
    assert "image" in row["text"].lower()
    assert row["segments"][0]["end_ms"] > row["segments"][0]["start_ms"]


def test_doctor_says_what_is_wrong_and_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = assistant("doctor", "--port", str(port))
    assert result.returncode == 1
    assert f"✗ Port {port} on 127.0.0.1 cannot be opened — stop the program that uses it" in result.stdout
    assert "✓ Python 3." in result.stdout


def _as_recorded(kind: str) -> np.ndarray:
    """The question of the test data as a faulty recorder writes it: [n, channels]."""
    samples, _ = soundfile.read(Path(__file__).parent / "data" / "audio" / "question.flac", dtype="float32")
    match kind:
        case "off zero":
            return np.clip(samples * 0.5 + 0.4, -1, 1)[:, None]
        case "off zero the other way":
            return np.clip(samples * 0.5 - 0.4, -1, 1)[:, None]
        case "opposite phase":
            return np.stack([samples, -samples], axis=1)
        case "opposite phase, one quieter, off zero":
            return np.stack([samples * 0.5 + 0.3, -samples * 0.3 + 0.3], axis=1)
    raise ValueError(kind)


@pytest.mark.models
@pytest.mark.parametrize(
    "kind",
    ["off zero", "off zero the other way", "opposite phase", "opposite phase, one quieter, off zero"],
)
def test_a_faulty_recording_is_heard(kind: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", _as_recorded(kind), 16_000)
    result = assistant("transcribe", str(tmp_path / "a.wav"))
    assert (result.returncode, result.stderr) == (0, "")
    assert "image" in result.stdout.lower()


@pytest.mark.models
def test_a_wav_cut_short_is_transcribed_to_its_end_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(
        path, np.concatenate([_as_recorded("opposite phase")[:, :1], np.zeros((160_000, 1))]), 16_000
    )
    path.write_bytes(path.read_bytes()[:-300_000])
    result = assistant("transcribe", str(path))
    assert result.returncode == 0
    assert "image" in result.stdout.lower()
    assert result.stderr.startswith(f"warning: {path} ends before its audio does.")
    assert result.stderr.endswith("What is there is transcribed. [audio_truncated]\n")
