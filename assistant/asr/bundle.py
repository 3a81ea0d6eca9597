"""The files of a LASR recogniser bundle, and a check that they are complete.

``assistant models export`` writes ``bundle.json``, ``tokens.txt`` and the graph in one or two precisions. A
folder in sherpa-onnx's offline layout (``model.int8.onnx`` or ``model.onnx``, ``tokens.txt``, no
``bundle.json``) is taken as well.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.asr.calibration import Calibration
from assistant.asr.features import FeatureSettings
from assistant.errors import BadInput, Missing

BUNDLE_FILE = "bundle.json"
TOKENS_FILE = "tokens.txt"
GRAPH_FILES = {"int8": "model.int8.onnx", "fp32": "model.onnx"}
Precision = Literal["int8", "fp32"]
BLANK = "<blk>"
"""sherpa-onnx's name of token 0; MedASR calls it ``<epsilon>``."""
SUBSAMPLING = 4
FIRST_FRAME_MELS = 13
"""Mel frames that the first encoder frame needs; every further one needs ``SUBSAMPLING`` more."""
FRAME_MS = 40


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileRecord(_Model):
    size: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Geometry(_Model):
    """Shapes of the cached graph's state."""

    layers: int = Field(gt=0)
    heads: int = Field(gt=0)
    head_size: int = Field(gt=0)
    hidden: int = Field(gt=0)
    conv_left: int = Field(ge=0)


class BundleInfo(_Model):
    """``bundle.json``."""

    format: Literal[1] = 1
    kind: Literal["lasr-ctc-cached"] = "lasr-ctc-cached"
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    purpose: str = ""
    licence: str
    source: str
    source_revision: str = ""
    vocabulary_size: int = Field(gt=1)
    subsampling: Literal[4] = 4
    features: FeatureSettings = FeatureSettings()
    geometry: Geometry
    confidence: Calibration | None = None
    files: dict[str, FileRecord]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder that was checked. ``info`` is None for sherpa-onnx's offline layout."""

    folder: Path
    name: str
    graph: Path
    tokens: tuple[str, ...]
    info: BundleInfo | None

    @property
    def features(self) -> FeatureSettings:
        return self.info.features if self.info else FeatureSettings()


def open_bundle(folder: Path, precision: Precision | None = None) -> Bundle:
    """Check a folder: the files are there and are what was exported.

    Without ``precision`` int8 is taken where there is one. Raises ``Missing`` (``model_missing``) and
    ``BadInput`` (``model_invalid``, ``model_hash_mismatch``, ``model_vocabulary_mismatch``).
    """
    if not folder.is_dir():
        raise Missing(
            f"There is no recogniser in {folder}. Name the folder of an export.", code="model_missing"
        )
    info = _read_info(folder)
    graph = _choose_graph(folder, precision)
    tokens_path = folder / TOKENS_FILE
    if not tokens_path.is_file():
        raise Missing(f"{TOKENS_FILE} is not in {folder}. Get the whole folder again.", code="model_missing")
    if info:
        for path in (graph, tokens_path):
            _check(path, info.files.get(path.name))
    tokens = read_tokens(tokens_path)
    if info and len(tokens) != info.vocabulary_size:
        raise BadInput(
            f"{tokens_path} has {len(tokens)} pieces, the model {info.vocabulary_size}. Export it again.",
            code="model_vocabulary_mismatch",
        )
    return Bundle(folder, info.name if info else folder.name, graph, tokens, info)


def _read_info(folder: Path) -> BundleInfo | None:
    path = folder / BUNDLE_FILE
    if not path.is_file():
        return None
    try:
        return BundleInfo.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        count = error.error_count() if isinstance(error, ValidationError) else 1
        raise BadInput(
            f"{path} is not the description of a recogniser ({count} problems). Export it again.",
            code="model_invalid",
        ) from None


def _choose_graph(folder: Path, precision: Precision | None) -> Path:
    wanted: Sequence[Precision] = (precision,) if precision else ("int8", "fp32")
    for each in wanted:
        if (path := folder / GRAPH_FILES[each]).is_file():
            return path
    names = " or ".join(GRAPH_FILES[each] for each in wanted)
    todo = f"Export it with --{precision}, or use --asr-precision auto." if precision else "Get it again."
    raise Missing(f"{names} is not in {folder}. {todo}", code="model_missing")


def _check(path: Path, record: FileRecord | None) -> None:
    if record is None:
        raise BadInput(f"{BUNDLE_FILE} does not know {path.name}. Export again.", code="model_invalid")
    if (size := path.stat().st_size) != record.size:
        raise BadInput(
            f"{path} has {size} bytes, not {record.size}: it is incomplete. Get it again.",
            code="model_hash_mismatch",
        )
    if describe_file(path) != record:
        raise BadInput(f"{path} is not the file that was exported. Get it again.", code="model_hash_mismatch")


def describe_file(path: Path) -> FileRecord:
    with path.open("rb") as file:
        return FileRecord(size=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def read_tokens(path: Path) -> tuple[str, ...]:
    """Pieces by their number, from lines such as ``▁the 17``. Raises ``BadInput`` (``model_invalid``)."""
    pieces: dict[int, str] = {}
    try:
        for line in path.read_text(encoding="utf-8").split("\n"):
            if not line:
                continue
            piece, _, number = line.rpartition(" ")
            pieces[int(number)] = piece
    except ValueError:
        raise BadInput(
            f"{path} is not a list of pieces and numbers. Get it again.", code="model_invalid"
        ) from None
    if sorted(pieces) != list(range(len(pieces))):
        raise BadInput(f"{path} leaves out or repeats numbers. Get it again.", code="model_invalid")
    return tuple(pieces[number] for number in range(len(pieces)))


def write_tokens(path: Path, pieces: Sequence[str]) -> None:
    lines = [f"{BLANK if number == 0 else piece} {number}\n" for number, piece in enumerate(pieces)]
    path.write_text("".join(lines), encoding="utf-8")


def encoder_frames(mel_frames: int) -> int:
    """The number of encoder frames for so many mel frames."""
    return max(0, (mel_frames - FIRST_FRAME_MELS) // SUBSAMPLING + 1)


def mel_frames(encoder_frames: int) -> int:
    """The number of mel frames behind so many encoder frames."""
    return SUBSAMPLING * (encoder_frames - 1) + FIRST_FRAME_MELS
