"""A patient's record as an attachment: no picture, but resources to be read for a question."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.engines.pieces import Piece, TextPiece
from assistant.errors import BadInput
from assistant.imaging.study import Picture, Problem, SourceFile, Study, new_id, no_room, problem_of
from assistant.records.bundles import (
    Given,
    given_in,
    nothing_in,
    patients_in,
    patients_named,
    record_of,
    same_person,
)
from assistant.records.fhir import Resource, manifest
from assistant.records.hl7v2 import given_in_hl7, is_hl7
from assistant.records.xml import given_in_xml, is_record_xml

MOST_BYTES = 64 * 2**20
KEPT = "resources.json"
RECORD_SUFFIXES = {".json", ".ndjson", ".hl7", ".xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStudy(Study):
    """A record whose resources lie in ``folder``; each question selects the resources for the model."""

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


def is_record(head: bytes, name: str) -> bool:
    """By its first bytes, or by its name."""
    suffix = Path(name.lower()).suffix
    return bool(
        suffix in RECORD_SUFFIXES
        or re.match(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{(?!\\rtf)", head)
        or is_hl7(head)
        or is_record_xml(head)
    )


def read_records(files: Sequence[SourceFile], folder: Path, most: int) -> Iterator[RecordStudy | Problem]:
    """Files of one folder, or given together without one, that are of one patient are one record, as bulk
    exports and the pages of a search are; each of the others is a record of its own."""
    groups: dict[tuple[str, frozenset[str], int], list[Given]] = {}
    shared: dict[str, list[Given]] = {}
    for file in files:
        try:
            given = _given(file)
        except Exception as error:  # what is in a file can be damaged in many ways
            yield problem_of(file.name, error)
            continue
        parent, _, _ = file.name.rpartition("/")
        patients = frozenset(patients_in(given.resources))
        if patients:
            number = 0  # of the people there who have the same id: servers number theirs from 1
            while may_differ := groups.get((parent, patients, number)):
                if same_person(may_differ, given):
                    break
                number += 1
            groups.setdefault((parent, patients, number), []).append(given)
        elif not (given.resources or given.own or given.deleted):
            yield problem_of(file.name, nothing_in(file.name))
        else:  # medications, practitioners
            shared.setdefault(parent, []).append(given)
    for parent, others in shared.items():
        there = [key for key in groups if key[0] == parent]
        for key in there:
            groups[key] += others
        if not there:
            groups[parent, frozenset(), 0] = others
    for rank, members in enumerate(groups.values()):
        try:
            if rank >= most:
                raise no_room(members[0].name)
            yield _kept(members, folder)
        except Exception as error:
            yield problem_of(members[0].name, error)


def _given(file: SourceFile) -> Given:
    """Raises ``BadInput``: ``record_too_large``, and those of the readers."""
    if file.path.stat().st_size > MOST_BYTES:
        raise BadInput(
            f"{file.name} is larger than {MOST_BYTES // 2**20} MB: export less of the record.",
            code="record_too_large",
        )
    data = file.path.read_bytes()
    if is_hl7(data[:64]):
        return given_in_hl7(data, file.name)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return given_in_xml(data, file.name)
    return given_in(data, file.name)


def _kept(members: Sequence[Given], folder: Path) -> RecordStudy:
    record = record_of(members)
    study_id = new_id()
    own = folder / study_id
    own.mkdir()
    (own / KEPT).write_text(json.dumps([asdict(each) for each in record.resources]))
    first = members[0].name
    return RecordStudy(
        id=study_id,
        kind="record",
        name=Path(first).name
        if len(members) == 1
        else f"{Path(first).parent.name or first} · {len(members)} files",
        folder=own,
        count=0,
        width_px=0,
        height_px=0,
        patients=tuple(dict.fromkeys(each for given in members for each in patients_named(given))),
        notes=record.notes,
    )
