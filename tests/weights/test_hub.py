"""A Hugging Face repository, from a server on this machine."""

from pathlib import Path

import pytest

from assistant import weights
from assistant.errors import AssistantError
from tests.weights.toy import DATA, OTHER, PAGE, Web, code_of, message_of, pull, sha256


def test_a_repository_of_the_hub_is_pulled_with_progress_and_found_afterwards(hub: Web, models: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    folder = pull("toy", models, lambda *step: seen.append(step))
    assert folder == weights.resolve("toy", models) == models / "toy"
    assert (folder / "model.onnx").read_bytes() == DATA
    assert (folder / "tokens.txt").read_bytes() == OTHER
    assert ("model.onnx", len(DATA), len(DATA)) in seen
    assert weights.verify("toy", models) == []


def test_what_is_here_is_not_pulled_again(hub: Web, models: Path) -> None:
    pull("toy", models)
    hub.asked.clear()
    pull("toy", models)
    assert hub.asked == []


def test_a_cut_download_goes_on_where_it_stopped(hub: Web, models: Path) -> None:
    path = f"{PAGE}/onnx/model.onnx"
    hub.cut_after[path] = 100_000
    pull("toy", models)
    assert (models / "toy/model.onnx").read_bytes() == DATA
    ranges = [asked for where, asked in hub.asked if where == path]
    assert ranges[0] is None
    assert ranges[1:] == ["bytes=100000-"]


def test_a_server_without_ranges_is_asked_for_the_whole_file(hub: Web, models: Path) -> None:
    hub.ranges = False
    hub.cut_after[f"{PAGE}/onnx/model.onnx"] = 100_000
    pull("toy", models)
    assert (models / "toy/model.onnx").read_bytes() == DATA


def test_a_gated_repository_says_what_to_do(hub: Web, models: Path) -> None:
    hub.token = "secret"
    assert code_of(lambda: pull("toy", models)) == "model_gated"
    message = message_of(lambda: pull("toy", models))
    assert "licence" in message
    assert "HF_TOKEN" in message
    assert not (models / "toy").exists()


@pytest.mark.parametrize("variable", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
def test_a_token_opens_a_gated_repository(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    hub.token = "secret"
    monkeypatch.setenv(variable, "secret")
    pull("toy", models)
    assert weights.verify("toy", models) == []


def test_a_wrong_token_is_not_repeated_in_the_message(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "secret"
    monkeypatch.setenv("HF_TOKEN", "mistyped-token")
    assert "mistyped-token" not in message_of(lambda: pull("toy", models))


@pytest.mark.parametrize("other", [bytes(len(DATA)), DATA[:-1] + b"!", DATA + b"more"])
def test_a_wrong_file_names_both_hashes_and_does_not_stay(hub: Web, models: Path, other: bytes) -> None:
    hub.files[f"{PAGE}/onnx/model.onnx"] = other
    with pytest.raises(AssistantError) as raised:
        pull("toy", models)
    assert raised.value.code == "model_hash_mismatch"
    assert sha256(DATA) in raised.value.message
    assert not (models / "toy").exists()
    hub.files[f"{PAGE}/onnx/model.onnx"] = DATA
    pull("toy", models)
    assert weights.verify("toy", models) == []


@pytest.mark.parametrize("token", ["sécret", "secret\nX-Other: 1"])
def test_a_token_that_cannot_be_one_is_refused_and_not_repeated(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    assert code_of(lambda: pull("toy", models)) == "token_invalid"
    assert "cret" not in message_of(lambda: pull("toy", models))
    assert not hub.asked


def test_a_damaged_whole_part_goes_and_the_next_pull_works(hub: Web, models: Path) -> None:
    work = models / ".toy.partial"
    work.mkdir(parents=True)
    (work / "model.onnx.part").write_bytes(bytes(len(DATA)))
    assert code_of(lambda: pull("toy", models)) == "model_hash_mismatch"
    assert (pull("toy", models) / "model.onnx").read_bytes() == DATA


def test_a_file_that_is_not_there_is_a_failed_download(hub: Web, models: Path) -> None:
    del hub.files[f"{PAGE}/tokens.txt"]
    assert code_of(lambda: pull("toy", models)) == "download_failed"
    assert not (models / "toy").exists()


def test_no_server_is_a_failed_download(hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert code_of(lambda: pull("toy", models)) == "download_failed"
