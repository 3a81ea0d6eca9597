"""Bundles that are pulled, found, checked and found wrong."""

import fcntl
import hashlib
import threading
from pathlib import Path

import pytest

from assistant import weights
from assistant.installation import downloads
from tests.weights.toy import DATA, HUB_SOURCE, OTHER, Define, Web, code_of, entry, message_of, pull


def test_two_that_pull_at_once_download_it_once(hub: Web, models: Path) -> None:
    threads = [threading.Thread(target=pull, args=("toy", models)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert weights.verify("toy", models) == []
    assert len(hub.asked) == 2


def test_who_waits_for_another_download_is_told_and_may_stop(hub: Web, models: Path) -> None:
    class Stop(Exception):
        pass

    told: list[tuple[str, int]] = []

    def progress(name: str, done: int, size: int) -> None:
        told.append((name, done))
        raise Stop

    models.mkdir(parents=True, exist_ok=True)
    with (models / ".toy.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Stop):
            pull("toy", models, progress)
    assert told == [(weights.WAITING, 0)]
    assert hub.asked == []


# --- what lies in the directory ---


def test_a_missing_bundle_says_the_command(hub: Web, models: Path) -> None:
    assert code_of(lambda: weights.resolve("toy", models)) == "model_missing"
    message = message_of(lambda: weights.resolve("toy", models))
    assert "models pull toy" in message
    assert str(models) in message


def test_a_damaged_file_is_seen_and_pulled_again(hub: Web, models: Path) -> None:
    path = pull("toy", models) / "model.onnx"
    path.write_bytes(bytes(len(DATA)))
    assert len(weights.verify("toy", models)) == 1
    assert code_of(lambda: weights.resolve("toy", models)) == "model_hash_mismatch"
    pull("toy", models)
    assert path.read_bytes() == DATA


def test_verify_names_what_is_missing_or_cut(hub: Web, models: Path) -> None:
    folder = pull("toy", models)
    (folder / "model.onnx").write_bytes(DATA[:-5])
    (folder / "tokens.txt").unlink()
    problems = weights.verify("toy", models)
    assert len(problems) == 2
    assert "model.onnx" in problems[0]
    assert "tokens.txt" in problems[1]


def test_files_are_hashed_once_and_then_known_by_size_and_time(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull("toy", models)

    def no_hashing(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(hashlib, "file_digest", no_hashing)
    weights.resolve("toy", models)


def test_a_new_manifest_is_checked_in_spite_of_the_stamp(hub: Web, define: Define, models: Path) -> None:
    pull("toy", models)
    newer = bytes(len(DATA))
    define(HUB_SOURCE, [entry("model.onnx", newer), entry("tokens.txt", OTHER)])
    assert code_of(lambda: weights.resolve("toy", models)) == "model_hash_mismatch"


def test_a_directory_that_cannot_be_made_is_said(hub: Web, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert code_of(lambda: pull("toy", tmp_path / "file/models")) == "models_dir_not_writable"


@pytest.mark.models
@pytest.mark.parametrize("name", ["gemma-3-270m", "moonshine-clinical", "moonshine-tiny-en", "silero-vad"])
def test_the_default_models_are_what_their_manifests_say(name: str) -> None:
    assert weights.verify(name, downloads()) == []
