"""A bundle like MedGemma's out of a hub that is laid out like the real one."""

import hashlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from assistant import installation, weights
from assistant.cli import main
from assistant.errors import AssistantError
from tests.weights.hub_layout import Gate, Hub, hub_of
from tests.weights.toy import code_of, message_of, sha256

COMMIT = "3855f948626b7ae42bccd082757f15078c53e758"
BASE = f"/unsloth/medgemma-GGUF/resolve/{COMMIT}"
TEXT, TOWER, CONFIG = bytes(range(256)) * 3000, b"tower" * 9000, b'{"model_type": "gemma3"}'
TERMS = {
    "name": "Terms of the Test",
    "url": "https://example.org/terms",
    "modified": "November 15, 2024",
    "points": ["They bind whoever uses it."],
}


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = tmp_path / "manifests"
    folder.mkdir()
    monkeypatch.setattr(installation, "manifests", lambda: folder)
    files = [
        {"path": "config.json", "size": 1000, "git_blob": git_blob(CONFIG)},
        {"path": "medgemma-Q4_K_M.gguf", "size": len(TEXT), "sha256": sha256(TEXT)},
        {"path": "mmproj-F16.gguf", "size": len(TOWER) + 100},
    ]
    define(folder, files)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with hub_of() as hub:
        hub.small[f"{BASE}/config.json"] = CONFIG
        hub.large[f"{BASE}/medgemma-Q4_K_M.gguf"] = TEXT
        hub.large[f"{BASE}/mmproj-F16.gguf"] = TOWER
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def define(folder: Path, files: list[dict[str, object]], terms: object = TERMS) -> None:
    source = {
        "kind": "huggingface",
        "home": "https://huggingface.co/unsloth/medgemma-GGUF",
        "repository": "unsloth/medgemma-GGUF",
        "revision": COMMIT,
    }
    content = {"name": "medgemma", "kind": "llm", "purpose": "Answers", "licence": "HAI-DEF"}
    (folder / "medgemma.yaml").write_text(
        yaml.safe_dump({**content, "terms": terms, "source": source, "files": files})
    )


def pulled(models: Path, *progress: weights.Progress) -> Path:
    bundle = weights.load_manifest("medgemma")
    weights.accept(bundle, models)
    return weights.pull(bundle, models, *progress)


def test_small_and_large_files_come_and_what_had_no_sha256_is_recorded(hub: Hub, models: Path) -> None:
    folder = pulled(models)
    assert (folder / "config.json").read_bytes() == CONFIG
    assert (folder / "medgemma-Q4_K_M.gguf").read_bytes() == TEXT
    assert (folder / "mmproj-F16.gguf").read_bytes() == TOWER
    assert sorted(path.name for path in folder.iterdir()) == [
        ".verified.json", "config.json", "medgemma-Q4_K_M.gguf", "mmproj-F16.gguf",
    ]  # fmt: skip
    assert weights.first_use(weights.load_manifest("medgemma"), models) == {
        "config.json": sha256(CONFIG),
        "mmproj-F16.gguf": sha256(TOWER),
    }
    assert weights.resolve("medgemma", models) == folder
    (folder / "mmproj-F16.gguf").write_bytes(TOWER + b"!")
    hub.large[f"{BASE}/mmproj-F16.gguf"] = TOWER + b"!"
    assert code_of(lambda: weights.resolve("medgemma", models)) == "model_hash_mismatch"
    assert code_of(lambda: pulled(models)) == "model_hash_mismatch", "another file than the first time"


def test_a_token_goes_to_the_hub_and_to_no_other_host(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pulled(models)
    for host, _, headers in hub.asked:
        assert headers.get("authorization") == ("Bearer hf_secret" if host == "hub" else None)
    assert {host for host, _, _ in hub.asked} == {"hub", "cdn"}


def test_a_download_that_breaks_off_goes_on_by_itself_and_in_a_later_pull(hub: Hub, models: Path) -> None:
    path = f"{BASE}/medgemma-Q4_K_M.gguf"
    hub.cut_after[path] = 300_000
    pulled(models)
    assert hub.ranges("Q4_K_M") == [None, "bytes=300000-"]
    assert (models / "medgemma/medgemma-Q4_K_M.gguf").read_bytes() == TEXT


class Stopped(Exception):
    """As the page stops a download."""


def test_a_download_that_is_stopped_keeps_what_came_and_goes_on_later(hub: Hub, models: Path) -> None:
    def stop(name: str, done: int, _: int) -> None:
        if name.startswith("medgemma") and done > 100_000:
            raise Stopped

    with pytest.raises(Stopped):
        pulled(models, stop)
    kept = (models / ".medgemma.partial/medgemma-Q4_K_M.gguf.part").stat().st_size
    assert kept > 100_000
    hub.asked.clear()
    pulled(models)
    assert hub.ranges("Q4_K_M") == [f"bytes={kept}-"]
    assert not [path for _, path, _ in hub.asked if "config" in path], "what is whole is not fetched again"
    assert weights.verify("medgemma", models) == []


def test_what_changed_on_the_server_meanwhile_is_not_glued_together(hub: Hub, models: Path) -> None:
    def stop(name: str, done: int, _: int) -> None:
        if name.startswith("mmproj"):
            raise Stopped

    with pytest.raises(Stopped):
        pulled(models, stop)
    other = b"other" * 9000
    hub.large[f"{BASE}/mmproj-F16.gguf"] = other
    assert (pulled(models) / "mmproj-F16.gguf").read_bytes() == other


REFUSED: dict[Gate, str] = {
    "no_token": "Accept its licence at https://huggingface.co/unsloth/medgemma-GGUF",
    "bad_token": "The hub refuses your HF_TOKEN",
    "no_access": "its account may not",
    "no_repository": "no such repository",
}


@pytest.mark.parametrize("gate", REFUSED)
def test_a_refusal_says_exactly_what_to_do(
    hub: Hub, models: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    if gate in ("bad_token", "no_access"):
        monkeypatch.setenv("HF_TOKEN", "hf_mistyped")
    hub.gate = gate
    message = message_of(lambda: pulled(models))
    assert REFUSED[gate] in message
    assert "HF_TOKEN" in message
    assert "hf_mistyped" not in message
    assert code_of(lambda: pulled(models)) == "model_gated"
    hub.gate = "open"
    assert weights.verify("medgemma", models) != []
    pulled(models)
    assert weights.verify("medgemma", models) == []


def test_a_small_file_is_checked_by_gits_hash(hub: Hub, models: Path) -> None:
    hub.small[f"{BASE}/config.json"] = CONFIG + b" "
    with pytest.raises(AssistantError) as raised:
        pulled(models)
    assert raised.value.code == "model_hash_mismatch"
    assert git_blob(CONFIG) in raised.value.message


def test_a_file_larger_than_its_manifest_says_is_not_kept(hub: Hub, models: Path) -> None:
    hub.large[f"{BASE}/mmproj-F16.gguf"] = bytes(len(TOWER) + 101)
    assert code_of(lambda: pulled(models)) == "download_too_large"
    assert (models / ".medgemma.partial/mmproj-F16.gguf.part").stat().st_size == 0


def test_a_disk_without_room_is_said_before_the_download(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("assistant.weights.hub.shutil.disk_usage", lambda _: usage)
    assert code_of(lambda: pulled(models)) == "disk_full"
    assert hub.asked == []


def test_nothing_is_fetched_before_the_terms_are_accepted_and_newer_terms_are_asked_for_anew(
    hub: Hub, models: Path
) -> None:
    bundle = weights.load_manifest("medgemma")
    message = message_of(lambda: weights.pull(bundle, models))
    assert "https://example.org/terms" in message
    assert "--accept-terms" in message
    assert code_of(lambda: weights.pull(bundle, models)) == "terms_not_accepted"
    assert hub.asked == []
    pulled(models)
    assert bundle.terms
    newer = bundle.model_copy(update={"terms": bundle.terms.model_copy(update={"modified": "May 1, 2027"})})
    assert weights.accepted(bundle, models)
    assert not weights.accepted(newer, models)


def run(models: Path, *args: str) -> int:
    return main(["models", "--models-dir", str(models), *args])


def test_the_command_shows_the_terms_and_without_a_terminal_wants_the_flag(
    hub: Hub, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(models, "pull", "medgemma") == 2
    shown = capsys.readouterr().err
    assert "Terms of the Test (November 15, 2024): https://example.org/terms" in shown
    assert "They bind whoever uses it." in shown
    assert shown.rstrip().endswith("[terms_not_accepted]")
    assert hub.asked == []
    assert run(models, "pull", "medgemma", "--accept-terms") == 0
    record = json.loads((models / ".medgemma.terms.json").read_text())
    assert record["url"] == "https://example.org/terms"
    assert record["modified"] == "November 15, 2024"
    assert record["accepted"].startswith("20")
    capsys.readouterr()
    assert run(models, "pull", "medgemma") == 0
    assert "Terms of the Test" not in capsys.readouterr().err, "asked once"


IN_A_TERMINAL = """
import sys
from pathlib import Path
from assistant import installation
installation.manifests = lambda: Path(sys.argv[1])
from assistant.commands.models import fetch_first
from assistant.config import Settings
fetch_first(Settings(engine="medgemma", models_dir=Path(sys.argv[2])))
"""


@pytest.mark.parametrize(("answers", "here"), [(b"y\nyes\n", True), (b"y\nno\n", False), (b"\n", False)])
def test_on_a_terminal_the_first_use_asks_and_downloads(
    hub: Hub, models: Path, tmp_path: Path, answers: bytes, here: bool
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, str(tmp_path / "manifests"), str(models)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=Path(__file__).parents[2],
    )
    os.close(theirs)
    os.write(ours, answers)
    shown = b""
    while True:
        try:
            block = os.read(ours, 4096)
        except OSError:
            break
        if not block:
            break
        shown += block
    os.close(ours)
    process.wait(60)
    assert b"medgemma is not here" in shown
    assert b"Download medgemma now? [y/N]" in shown
    assert (b"do you accept them? [y/N]" in shown) == answers.startswith(b"y")
    assert (models / "medgemma/medgemma-Q4_K_M.gguf").exists() == here
    assert bool(hub.asked) == here


def test_the_manifests_that_ship_pin_every_file_of_medgemma() -> None:
    for name in ("medgemma", "medgemma-transformers"):
        bundle = weights.load_manifest(name)
        assert bundle.terms
        assert len(bundle.source.revision) == 40
        assert all(file.sha256 or file.git_blob for file in bundle.files)
    medgemma = weights.load_manifest("medgemma")
    assert [file.path for file in medgemma.files] == ["medgemma-1.5-4b-it-Q4_K_M.gguf", "mmproj-F16.gguf"]
