"""A bundle made out of another one: its files, changed by small deltas that lie beside the manifests.

A delta is, byte by byte, the new file minus the old one modulo 256, packed by xz. Both files have one size,
so a delta carries changed weights of one graph, not another graph.
"""

import lzma
import shutil
from pathlib import Path

import numpy as np

from assistant import installation
from assistant.errors import BadInput
from assistant.weights.manifest import BundleFile, ModelBundle
from assistant.weights.verification import sha256_of
from assistant.weights.writing import to_disk, unpacking


def from_bundle(bundle: ModelBundle, base: Path, work: Path) -> None:
    """Files out of the folder ``base``, whose own hashes have been checked.

    Raises ``BadInput``: ``model_hash_mismatch`` when a delta is not the one that the manifest names,
    ``archive_invalid`` when it is damaged or for a file of another size.
    """
    for file in bundle.files:
        source, target = base / (file.member or file.path), work / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not file.delta:
            shutil.copyfile(source, target)
            continue
        new = apply(source.read_bytes(), _delta(file), file.size)
        with target.open("wb") as out:
            out.write(new)
            to_disk(out)


def _delta(file: BundleFile) -> bytes:
    path = installation.manifests() / file.delta
    if not path.is_file():
        raise BadInput(f"models/{file.delta} is missing.", code="model_hash_mismatch")
    if (found := sha256_of(path)) != file.delta_sha256:
        raise BadInput(
            f"models/{file.delta} has sha256 {found}, not {file.delta_sha256}.", code="model_hash_mismatch"
        )
    return path.read_bytes()


def apply(old: bytes, delta: bytes, size: int) -> bytes:
    """The new file's bytes. Raises ``BadInput`` (``archive_invalid``)."""
    with unpacking("The delta is damaged"):
        unpacker = lzma.LZMADecompressor()
        difference = unpacker.decompress(delta, size + 1)
    if len(difference) != len(old) or len(old) != size or not unpacker.eof:
        raise BadInput("The delta is for a file of another size.", code="archive_invalid")
    return (np.frombuffer(old, np.uint8) + np.frombuffer(difference, np.uint8)).tobytes()


def make(old: bytes, new: bytes) -> bytes:
    """The delta from one file to another of the same size."""
    if len(old) != len(new):
        raise ValueError("a delta is between files of one size")
    difference = (np.frombuffer(new, np.uint8) - np.frombuffer(old, np.uint8)).tobytes()
    return lzma.compress(difference, preset=9 | lzma.PRESET_EXTREME)
