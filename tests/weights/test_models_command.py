"""`assistant models`."""

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import main
from tests.weights.toy import Web, sha256


def assistant(*args: str, models: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", "models", "--models-dir", str(models), *args],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_lists_and_names_what_is_missing(models: Path) -> None:
    listed = assistant("list", models=models)
    assert listed.returncode == 0
    assert "silero-vad" in listed.stdout
    missing = assistant("path", "silero-vad", models=models)
    assert missing.returncode == 2
    assert missing.stderr.startswith("error: ")
    assert missing.stderr.rstrip().endswith("[model_missing]")
    assert assistant("verify", "silero-vad", models=models).returncode == 1
    assert assistant("pull", "nope", models=models).stderr.rstrip().endswith("[model_unknown]")


def test_the_command_pulls_finds_checks_and_repairs(
    hub: Web, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*args: str) -> tuple[int, str]:
        status = main(["models", "--models-dir", str(models), *args])
        return status, capsys.readouterr().out

    assert run("pull", "toy") == (0, f"toy: {models / 'toy'}\n")
    assert run("path", "toy") == (0, f"{models / 'toy'}\n")
    assert run("verify") == (0, "toy: ok\n")
    asked = len(hub.asked)
    assert run("pull", "toy", "toy")[0] == 0
    assert len(hub.asked) == asked, "what is here is not fetched again"
    (models / "toy" / "tokens.txt").write_bytes(b"damaged")
    status, shown = run("verify", "toy")
    assert status == 1
    assert sha256(b"damaged") in shown
    assert "not here" in run("list")[1]
    assert run("pull", "toy")[0] == 0
    assert run("verify", "toy") == (0, "toy: ok\n")


def test_pull_without_a_name_says_what_to_name(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--models-dir", str(models), "pull"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("[model_unknown]")


def test_a_bad_setting_is_named_by_the_models_command_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_PORT", "high")
    assert main(["models", "list"]) == 2
    shown = capsys.readouterr().err
    assert "ASSISTANT_PORT" in shown
    assert shown.rstrip().endswith("[settings_invalid]")
