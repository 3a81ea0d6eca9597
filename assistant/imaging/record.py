"""A patient's record as an attachment: no picture, but resources to be read for a question."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.engines.pieces import Piece, TextPiece
from assistant.errors import BadInput
from assistant.imaging.study import Picture, Study, new_id
from assistant.records.fhir import Resource, manifest, read_bundle

MOST_BYTES = 64 * 2**20
KEPT = "resources.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStudy(Study):
    """Its resources lie in ``folder``; what the model reads of them is chosen anew for each question."""

    @property
    def wanted_images(self) -> int:
        return 0

    def resources(self) -> tuple[Resource, ...]:
        """All of them, newest first. Reads a file: call it in a thread."""
        return tuple(Resource(**each) for each in json.loads((self.folder / KEPT).read_text()))

    def pieces(self, most: int) -> tuple[Piece, ...]:
        """The list of what there is: the first thing that the model is shown of a record."""
        listed = f"A patient's record holds these FHIR resources:\n{manifest(self.resources())}"
        return (TextPiece(listed, self.id, self.name),)

    def view(self, index: int, window: str = "") -> Picture:
        raise IndexError(index)

    def model_image(self, index: int) -> Picture:
        raise IndexError(index)


def read_record(path: Path, name: str, folder: Path) -> RecordStudy:
    """Raises ``BadInput``: ``record_too_large``, and those of ``read_bundle``."""
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(
            f"{name} is larger than {MOST_BYTES // 2**20} MB: export less of the record.",
            code="record_too_large",
        )
    resources = read_bundle(path.read_bytes(), name)
    study_id = new_id()
    own = folder / study_id
    own.mkdir()
    (own / KEPT).write_text(json.dumps([asdict(each) for each in resources]))
    return RecordStudy(
        id=study_id,
        kind="record",
        name=Path(name).name,
        folder=own,
        count=0,
        width_px=0,
        height_px=0,
        notes=(f"{len(resources)} resources",),
    )
