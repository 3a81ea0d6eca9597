"""Orders in HL7 v2 messages (ORM^O01, OMG^O19, OMI^O23), by python-hl7, and their acknowledgements. Pure.

A field that is empty says nothing about its value, so an earlier message's holds. The patient's number is the
one of PID-3 of type MR, or the only one. Error codes are those of HL7 table 0357.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, Literal

import hl7
from pydantic import ValidationError

from assistant.characters import whole
from assistant.events import Order, Patient
from assistant.orders.order import PlacedOrder, Status, person_name

KINDS: Final = frozenset({"ORM^O01", "OMG^O19", "OMI^O23"})
CONTROLS: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("NW", "XO", "XX", "RP", "RU", "RO", "SN", "NA", "PA", "CH", "OK"), "active"),
    **dict.fromkeys(("CA", "OC", "CR", "DC", "OD", "DR"), "cancelled"),
    **dict.fromkeys(("HD", "OH", "HR"), "held"),
    **dict.fromkeys(("RL", "OE", "OR"), "active"),
}
"""Codes of ORC-1 (HL7 table 0119). SC and SR change the status to that of ORC-5."""
STATUSES: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("SC", "IP", "A", "RP"), "active"),
    **dict.fromkeys(("CA", "DC"), "cancelled"),
    "CM": "done",
    "HD": "held",
}
"""Codes of ORC-5 (HL7 table 0038)."""
SEX: Final = {"F": "female", "M": "male", "O": "other", "U": "unknown"}
APPLICATION: Final = "VOICE_ASSISTANT"

Answer = Literal["AA", "AE", "AR"]
"""Accepted; an error in what it says; a message that is not for here."""


class Code(IntEnum):
    """Codes of HL7 table 0357."""

    SEGMENT_SEQUENCE_ERROR = 100
    REQUIRED_FIELD_MISSING = 101
    DATA_TYPE_ERROR = 102
    TABLE_VALUE_NOT_FOUND = 103
    UNSUPPORTED_MESSAGE_TYPE = 200
    DUPLICATE_KEY_IDENTIFIER = 205
    APPLICATION_INTERNAL_ERROR = 207


class Fault(Exception):
    """Why a message was not taken. ``text`` quotes nothing of it."""

    def __init__(self, answer: Answer, code: Code, text: str) -> None:
        super().__init__(text)
        self.answer, self.code, self.text = answer, code, text


def other_patient() -> Fault:
    return Fault(
        "AE",
        Code.DUPLICATE_KEY_IDENTIFIER,
        "An order with this number is known for another patient; nothing was taken",
    )


def not_stored() -> Fault:
    return Fault(
        "AE", Code.APPLICATION_INTERNAL_ERROR, "The orders could not be stored; send the message again"
    )


def orders_in(data: bytes) -> list[PlacedOrder]:
    """The orders of one message. Raises ``Fault``."""
    message = _parsed(data)
    header = message[0]
    kind = "^".join(_at(message, header, 9, each) for each in (1, 2))
    if kind not in KINDS:
        raise Fault("AR", Code.UNSUPPORTED_MESSAGE_TYPE, "Orders are taken as ORM^O01, OMG^O19 or OMI^O23")
    patient = _patient(message)
    found = [_placed(message, patient, group) for group in _groups(message)]
    if not found:
        raise Fault("AE", Code.SEGMENT_SEQUENCE_ERROR, "The message has no ORC segment")
    return found


def acknowledgement(data: bytes, fault: Fault | None = None) -> bytes:
    """ACK in the original mode: MSA-1 is AA, AE or AR, and ERR says why."""
    try:
        message = _parsed(data)
        header = message[0]
        application, facility = (_escaped(message, _at(message, header, each)) for each in (3, 4))
        control, version = _escaped(message, _at(message, header, 10)), _at(message, header, 12) or "2.5.1"
        event = _at(message, header, 9, 2)
    except Fault:
        application = facility = control = event = ""
        version = "2.5.1"
    at = datetime.now().astimezone().strftime("%Y%m%d%H%M%S%z")
    kind = f"ACK^{event}^ACK" if event else "ACK"
    version = version if re.fullmatch(r"2\.[0-9.]{1,5}", version) else "2.5.1"
    number = secrets.token_hex(10)
    segments = [
        f"MSH|^~\\&|{APPLICATION}||{application}|{facility}|{at}||{kind}|{number}|P|{version}"
        "||||||UNICODE UTF-8",
        f"MSA|{fault.answer if fault else 'AA'}|{control}",
    ]
    if fault:
        name = fault.code.name.replace("_", " ").capitalize()
        segments.append(f"ERR|||{fault.code:d}^{name}^HL70357|E||||{fault.text}")
    return "".join(f"{segment}\r" for segment in segments).encode()


def merged(earlier: PlacedOrder, placed: PlacedOrder) -> PlacedOrder:
    """The order of a message; fields that it leaves empty are those of an earlier one."""
    patient = _over(earlier.patient, placed.patient)
    order = _over(earlier.order, placed.order)
    update = {name: getattr(placed, name) or getattr(earlier, name) for name in ("modality", "note")}
    return placed.model_copy(update={**update, "patient": patient, "order": order})


def _over(earlier: Any, later: Any) -> Any:
    return later.model_copy(
        update={name: value for name, value in earlier.model_dump().items() if not getattr(later, name)}
    )


def _parsed(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    text = text.replace("\r\n", "\r").replace("\n", "\r").strip("\r \t\x0b\x1c")
    try:
        message = hl7.parse(f"{text}\r")
        if str(message[0][0]) != "MSH" or len(message[0]) < 11:
            raise ValueError
    except (hl7.HL7Exception, KeyError, IndexError, ValueError):
        raise Fault("AR", Code.SEGMENT_SEQUENCE_ERROR, "This is not an HL7 v2 message") from None
    return message


def _groups(message: Any) -> Iterator[dict[str, Any]]:
    """The segments of each order: an ORC, and what follows it."""
    group: dict[str, Any] = {}
    for segment in message:
        name = str(segment[0])
        if name == "ORC":
            if group:
                yield group
            group = {"ORC": segment}
        elif group and name in ("OBR", "IPC", "ZDS", "TQ1"):
            if name == "OBR" and "OBR" in group:
                yield group
                group = {"ORC": group["ORC"]}
            group.setdefault(name, segment)
    if group:
        yield group


def _placed(message: Any, patient: Patient, group: dict[str, Any]) -> PlacedOrder:
    def at(segment: str, index: int, component: int = 1) -> str:
        return _at(message, group[segment], index, component) if segment in group else ""

    placer, filler = at("ORC", 2) or at("OBR", 2), at("ORC", 3) or at("OBR", 3)
    key = placer or filler
    if not key:
        raise Fault("AE", Code.REQUIRED_FIELD_MISSING, "ORC-2 or ORC-3 must name the order")
    control = at("ORC", 1)
    status = STATUSES.get(at("ORC", 5)) if control in ("SC", "SR") else CONTROLS.get(control)
    if status is None:
        raise Fault("AE", Code.TABLE_VALUE_NOT_FOUND, "ORC-1 or ORC-5 has a value that is not taken here")
    try:
        return PlacedOrder(
            source="hl7",
            key=f"placer {placer}" if placer else f"filler {filler}",
            status=status,
            patient=patient,
            order=Order(
                accession=at("IPC", 1) or at("OBR", 18),
                placer=placer,
                filler=filler,
                exam=(at("OBR", 4, 2) or at("OBR", 4))[:200],
                at=_moment(at("OBR", 36) or at("TQ1", 7) or at("ORC", 7, 4)),
                study=at("IPC", 3) or at("ZDS", 1),
            ),
            modality=at("IPC", 5),
            note=at("OBR", 13)[:200],
        )
    except ValidationError:
        raise Fault(
            "AE", Code.DATA_TYPE_ERROR, "A field of the order is longer than it may be, or of another form"
        ) from None


def _patient(message: Any) -> Patient:
    try:
        segment = message.segment("PID")
    except KeyError:
        raise Fault("AE", Code.SEGMENT_SEQUENCE_ERROR, "The message has no PID segment") from None
    repeated = [_split(message, each) for each in _repetitions(message, segment, 3)]
    numbers = [each for each in repeated if each and each[0]]
    records = [each for each in numbers if len(each) > 4 and each[4] == "MR"] or numbers
    if len({each[0] for each in records}) != 1:
        raise Fault(
            "AE", Code.REQUIRED_FIELD_MISSING, "PID-3 must name one number of the patient, or one of type MR"
        )
    born = _at(message, segment, 7)
    given = f"{_at(message, segment, 5, 2)} {_at(message, segment, 5, 3)}"
    try:
        return Patient.model_validate(
            {
                "id": records[0][0],
                "name": person_name(_at(message, segment, 5), given),
                "born": _moment(born)[:10],
                "sex": SEX.get(_at(message, segment, 8), ""),
            }
        )
    except ValidationError:
        raise Fault(
            "AE", Code.DATA_TYPE_ERROR, "A field of PID is longer than it may be, or of another form"
        ) from None


def _repetitions(message: Any, segment: Any, index: int) -> Sequence[str]:
    text = str(segment[index]) if index < len(segment) else ""
    return text.split(message.separators[2])


def _split(message: Any, text: str) -> list[str]:
    """Components without their escapes; of each the first subcomponent. ``""`` is the explicit null."""
    _, _, _, between, below = message.separators[:5]
    parts = (part.split(below)[0] for part in text.split(between))
    return ["" if part == '""' else whole(str(message.unescape(part)).strip()) for part in parts]


def _at(message: Any, segment: Any, index: int, component: int = 1) -> str:
    parts = _split(message, _repetitions(message, segment, index)[0])
    return parts[component - 1] if component <= len(parts) else ""


def _escaped(message: Any, text: str) -> str:
    return str(message.escape(text)) if text else ""


def _moment(text: str) -> str:
    """``YYYYMMDD[HHMM[SS[.S]]][+ZZZZ]`` as ``YYYY-MM-DD[THH:MM]``, in this machine's time; else empty."""
    found = re.fullmatch(r"(\d{8})(\d{4})?(?:\d\d(?:\.\d+)?)?([+-]\d{4})?", text)
    if not found:
        return ""
    day, clock, zone = found.groups()
    try:
        if not clock:
            return datetime.strptime(day, "%Y%m%d").strftime("%Y-%m-%d")
        if not zone:
            return datetime.strptime(day + clock, "%Y%m%d%H%M").strftime("%Y-%m-%dT%H:%M")
        moment = datetime.strptime(day + clock + zone, "%Y%m%d%H%M%z")
    except ValueError:
        return ""
    return moment.astimezone().strftime("%Y-%m-%dT%H:%M")
