"""Bundles made out of another one by a delta."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistant import weights
from assistant.errors import BadInput
from assistant.weights import deltas
from tests.weights.toy import DATA, OTHER, Web, code_of, entry, pull, sha256

NEW = bytes((byte + 3) % 256 if at % 50 == 0 else byte for at, byte in enumerate(DATA))
Adapt = Callable[..., None]


@pytest.fixture
def adapt(manifests: Path) -> Adapt:
    """Write the manifest ``adapted``: the hub's toy with a delta on its model."""

    def write(packed: bytes, **more: object) -> None:
        (manifests / "adapted").mkdir(exist_ok=True)
        (manifests / "adapted" / "model.delta").write_bytes(packed)
        changed = {"delta": "adapted/model.delta", "delta_sha256": sha256(packed), **more}
        content = {
            "name": "adapted",
            "kind": "asr",
            "purpose": "p",
            "licence": "MIT",
            "source": {"kind": "bundle", "home": "https://example.org", "bundle": "toy"},
            "files": [entry("model.onnx", NEW, **changed), entry("tokens.txt", OTHER)],
        }
        (manifests / "adapted.yaml").write_text(yaml.safe_dump(content))

    return write


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1))
def test_a_delta_turns_one_file_into_the_other(pairs: list[tuple[int, int]]) -> None:
    old, new = (bytes(side) for side in zip(*pairs, strict=True))
    assert deltas.apply(old, deltas.make(old, new), len(old)) == new


def test_the_bundle_it_is_made_from_is_pulled_and_changed(hub: Web, adapt: Adapt, models: Path) -> None:
    adapt(deltas.make(DATA, NEW))
    folder = pull("adapted", models)
    assert (folder / "model.onnx").read_bytes() == NEW
    assert (folder / "tokens.txt").read_bytes() == OTHER
    assert (models / "toy" / "model.onnx").read_bytes() == DATA
    assert weights.resolve("adapted", models) == folder
    assert weights.verify("adapted", models) == []


def test_without_a_network_it_is_made_from_what_is_here(hub: Web, adapt: Adapt, models: Path) -> None:
    adapt(deltas.make(DATA, NEW))
    pull("toy", models)
    hub.files.clear()
    hub.asked.clear()
    assert (pull("adapted", models) / "model.onnx").read_bytes() == NEW
    assert hub.asked == []


def test_a_damaged_base_is_pulled_again_before_it_is_changed(hub: Web, adapt: Adapt, models: Path) -> None:
    adapt(deltas.make(DATA, NEW))
    damaged = pull("toy", models) / "model.onnx"
    damaged.write_bytes(b"x" * len(DATA))
    assert (pull("adapted", models) / "model.onnx").read_bytes() == NEW
    assert damaged.read_bytes() == DATA


@pytest.mark.parametrize(
    "wrong",
    [
        (deltas.make(DATA, NEW), {"delta_sha256": "0" * 64}, "model_hash_mismatch"),
        (deltas.make(DATA, NEW), {"delta": "adapted/other.delta"}, "model_hash_mismatch"),
        (deltas.make(DATA, DATA[::-1]), {}, "model_hash_mismatch"),
        (deltas.make(DATA[:-1], NEW[:-1]), {}, "archive_invalid"),
        (deltas.make(DATA + b"x", NEW + b"x"), {}, "archive_invalid"),
        (deltas.make(DATA, NEW)[:-40], {}, "archive_invalid"),
        (b"not xz", {}, "archive_invalid"),
    ],
    ids=["another hash", "no file", "another model", "shorter", "longer", "cut", "damaged"],
)
def test_a_wrong_delta_makes_no_bundle(
    hub: Web, adapt: Adapt, models: Path, wrong: tuple[bytes, dict[str, object], str]
) -> None:
    delta, more, code = wrong
    adapt(delta, **more)
    assert code_of(lambda: pull("adapted", models)) == code
    assert not (models / "adapted" / "model.onnx").exists()


def test_a_delta_stays_beside_the_manifests(hub: Web, adapt: Adapt, tmp_path: Path) -> None:
    adapt(deltas.make(DATA, NEW), delta="../outside.delta")
    with pytest.raises(BadInput) as raised:
        weights.load_manifest("adapted")
    assert raised.value.code == "manifest_invalid"


def test_a_read_only_base_is_enough(hub: Web, adapt: Adapt, models: Path) -> None:
    adapt(deltas.make(DATA, NEW))
    for file in pull("toy", models).iterdir():
        os.chmod(file, 0o444)
    assert (pull("adapted", models) / "model.onnx").read_bytes() == NEW
