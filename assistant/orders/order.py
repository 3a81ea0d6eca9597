"""Orders: what a source says of one, what is kept, and how they are listed. Pure.

An order is known by its source and its key there. Orders of several sources with the same accession number
are one entry of the list if they are for the same patient; if they are not, nobody can tell whose the number
is, and none of them is opened.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from assistant.characters import storable
from assistant.events import Order, Patient

Source = Literal["hand", "fhir", "dicom", "hl7"]
Status = Literal["active", "left", "held", "cancelled", "done"]
"""``left``: no longer in the modality worklist, since the examination was made; the report is still to be
written. ``held``: the source has put it on hold."""
OPENABLE: Final[frozenset[Status]] = frozenset({"active", "left"})
State = Literal["open", "taken", "held", "cancelled", "done"]
"""``open``: to be reported. ``taken``: the person has a report of it."""
STATES: Final[tuple[State, ...]] = get_args(State)
TITLES = frozenset({"dr", "med", "prof", "mr", "mrs", "ms", "miss", "herr", "frau"})

Doubt = Literal["", "other_patient", "patient_changed"]
"""``other_patient``: another order has the same number and another patient. ``patient_changed``: a message
named another patient for it, and was refused."""

Part = TypeVar("Part", Patient, Order)
Short = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class PlacedOrder(BaseModel):
    """An order as its source describes it. ``key`` is its identity there. No text has the character U+0000,
    which HL7, DICOM and FHIR can hold: not every database keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    key: Short
    status: Status = "active"
    patient: Patient
    order: Order
    modality: Short = ""
    note: Short = ""

    @field_validator("key", "modality", "note")
    @classmethod
    def _storable(cls, value: str) -> str:
        return storable(value)

    @field_validator("patient", "order")
    @classmethod
    def _storable_parts(cls, value: Part) -> Part:
        texts = {name: storable(each) for name, each in value if isinstance(each, str) and "\0" in each}
        return value.model_copy(update=texts) if texts else value


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """One as it is kept. Times are ISO 8601 with their offset. ``owner``: the user who wrote it by hand;
    ``taken_as``: what it said when its report was begun."""

    id: str
    owner: str
    placed: PlacedOrder
    received_at: str
    changed_at: str
    disputed: bool = False
    taken_by: str = ""
    report_id: str = ""
    taken_as: PlacedOrder | None = None


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An entry of the list: one order, as all its sources have it. ``changed``: since its report was
    begun."""

    id: str
    ids: tuple[str, ...]
    sources: tuple[Source, ...]
    state: State
    patient: Patient
    order: Order
    modality: str
    note: str
    received_at: str
    changed_at: str
    doubt: Doubt
    changed: bool
    report_id: str
    by_hand: bool
    """Nobody but the user has written it down."""

    @property
    def may_open(self) -> bool:
        return self.state in ("open", "taken") and not (self.doubt and self.state == "open")


def same_patient(one: Patient, other: Patient) -> bool:
    """Whether both are surely the same person: by number, and no birth date says otherwise; or, where one has
    no number, by the words of the name and the date of birth."""
    if one.born and other.born and not agree(one.born, other.born):
        return False
    if one.id and other.id:
        return one.id == other.id
    return bool(one.born == other.born != "" and name_words(one.name) == name_words(other.name) != ())


def agree(one: str, other: str) -> bool:
    """Whether two dates of birth can be the same. A date may be known to the year or month only."""
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter)


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name, sorted, by which names are compared: without case, accents, order and titles.
    "ä" and "ae" are one, since systems write either."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[aou])e", "", plain))
    return tuple(sorted(each for each in words if each not in TITLES))


def person_name(family: str, given: str) -> str:
    """As hospital systems write it: ``Muster, Maria``."""
    return ", ".join(part for part in (family.strip(), " ".join(given.split())) if part)


def listed(kept: Iterable[KeptOrder], person: str) -> list[ListedOrder]:
    """The orders as this person sees them, what is earliest due first. Orders written by hand are their
    writer's; of orders that somebody else has begun to report, none is seen."""
    groups: dict[str, list[KeptOrder]] = {}
    for each in kept:
        if each.owner in ("", person):
            groups.setdefault(each.placed.order.accession or each.id, []).append(each)
    entries = [
        entry
        for group in groups.values()
        for same in _by_patient(group)
        if not any(each.taken_by not in ("", person) for each in same)
        for entry in [_entry(same, disputed=len(_live(group, same)) > 1)]
    ]
    return sorted(entries, key=lambda entry: (entry.order.at or "9", entry.received_at, entry.id))


def _live(group: Sequence[KeptOrder], same: Sequence[KeptOrder]) -> list[list[KeptOrder]]:
    """The patients for whom orders with this number are to be reported, and this one."""
    return [
        each
        for each in _by_patient(group)
        if each[0].id == same[0].id or any(kept.placed.status in OPENABLE for kept in each)
    ]


def _by_patient(group: Sequence[KeptOrder]) -> list[list[KeptOrder]]:
    found: list[list[KeptOrder]] = []
    for each in group:
        for same in found:
            if all(same_patient(each.placed.patient, other.placed.patient) for other in same):
                same.append(each)
                break
        else:
            found.append([each])
    return found


def _entry(same: Sequence[KeptOrder], *, disputed: bool) -> ListedOrder:
    """The newest description holds; fields that it leaves out are taken from the others."""
    newest, *others = sorted(same, key=lambda each: each.changed_at, reverse=True)
    taken = next((each for each in same if each.report_id), None)
    placed = newest.placed
    for other in others:
        placed = placed.model_copy(
            update={
                "patient": _filled(placed.patient, other.placed.patient),
                "order": _filled(placed.order, other.placed.order),
                "modality": placed.modality or other.placed.modality,
            }
        )
    doubt: Doubt = "patient_changed" if any(each.disputed for each in same) else ""
    return ListedOrder(
        id=taken.id if taken else newest.id,
        ids=tuple(sorted(each.id for each in same)),
        sources=tuple(dict.fromkeys(each.placed.source for each in (newest, *others))),
        state=_state(placed.status, taken=taken is not None),
        patient=placed.patient,
        order=placed.order,
        modality=placed.modality,
        note=placed.note,
        received_at=min(each.received_at for each in same),
        changed_at=newest.changed_at,
        doubt="other_patient" if disputed else doubt,
        changed=any(each.taken_as is not None and _differs(each.taken_as, each.placed) for each in same),
        report_id=taken.report_id if taken else "",
        by_hand=all(each.placed.source == "hand" for each in same),
    )


def _filled(part: Part, other: Part) -> Part:
    missing = {name: value for name, value in other.model_dump().items() if not getattr(part, name)}
    return part.model_copy(update=missing)


def _state(status: Status, *, taken: bool) -> State:
    if status in ("cancelled", "held", "done") and not (taken and status == "done"):
        return status
    return "taken" if taken else "open"


def _differs(before: PlacedOrder, now: PlacedOrder) -> bool:
    """Whether what a report says of patient and order is no longer so."""
    return (before.patient, before.order) != (now.patient, now.order)
