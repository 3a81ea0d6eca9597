"""Results as laboratories and scanners send them (HL7 v2 ORU) → resources, by python-hl7. Pure."""

from typing import Any

import hl7

from assistant.errors import BadInput
from assistant.orders.order import person_name
from assistant.records.bundles import Given, person_named
from assistant.records.dates import day
from assistant.records.notes import note_of

_FLAGS = {
    "L": "low", "H": "high", "LL": "critically low", "HH": "critically high", "A": "abnormal",
    "AA": "critically abnormal", "N": "normal", "<": "below the scale", ">": "above the scale",
    "S": "susceptible", "R": "resistant", "I": "intermediate",
}  # fmt: skip
_MEDIA = {
    "pdf": "application/pdf", "rtf": "text/rtf", "html": "text/html", "plain": "text/plain",
    "txt": "text/plain", "text": "text/plain",
}  # fmt: skip
_STATES = {
    "F": "final", "P": "preliminary", "C": "corrected", "R": "entered, not verified", "S": "partial",
    "W": "entered-in-error", "D": "entered-in-error", "X": "cannot be obtained", "I": "pending", "U": "final",
}  # fmt: skip


def is_hl7(head: bytes) -> bool:
    """By its first bytes; a batch begins with FHS or BHS."""
    return head.lstrip(b"\x0b\r\n\t \xef\xbb\xbf")[:4] in (b"MSH|", b"FHS|", b"BHS|")


def given_in_hl7(data: bytes, name: str) -> Given:
    """Raises ``BadInput``: ``record_not_hl7``, ``record_kind_unsupported``."""
    text = _decoded(data).replace("\r\n", "\r").replace("\n", "\r").replace("\x0b", "").replace("\x1c", "")
    messages = [f"MSH{part}" for part in f"\r{text.strip()}".split("\rMSH")[1:]]
    given = Given(name)
    others: dict[str, int] = {}
    for message in messages:
        try:
            parsed = hl7.parse(message.strip("\r") + "\r")
            kind = str(parsed.segment("MSH")[9])
            if kind.startswith("ORU"):
                _take(given, parsed)
            else:
                others[kind] = others.get(kind, 0) + 1
        except (hl7.HL7Exception, KeyError, IndexError, ValueError):
            raise BadInput(f"{name} is a damaged HL7 message.", code="record_not_hl7") from None
    if others and not given.resources:
        kinds = ", ".join(sorted(others))
        raise BadInput(
            f"{name} holds HL7 messages of type {kinds}; results (ORU) are read.",
            code="record_kind_unsupported",
        )
    if others:
        given.notes.append(
            "Not read: " + ", ".join(f"{n} messages {kind}" for kind, n in others.items()) + "."
        )
    return given


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _take(given: Given, message: Any) -> None:
    patient, order, ordered = "", "", ""
    last: dict[str, Any] | None = None
    unknown: set[str] = set()
    for segment in message:
        match str(segment[0]):
            case "PID":
                patient = str(_field(segment, 3)).split("^")[0].split("~")[0]
                born, sex = _text(message, segment, 7), _text(message, segment, 8)
                person: dict[str, Any] = {"resourceType": "Patient", "id": patient}
                person |= {"birthDate": day(born)} if born else {}
                person |= {"gender": {"F": "female", "M": "male"}.get(sex, sex)} if sex else {}
                given.resources.append(("", person))
                numbers = (each.split("^")[0] for each in str(_field(segment, 3)).split("~"))
                family, _, firsts = str(_field(segment, 5)).split("~")[0].partition("^")
                name = person_name(family, " ".join(firsts.split("^")[:2]))
                given.people.append(person_named(numbers, day(born) if born else "", name))
                last = None
            case "OBR":
                order = _words(message, segment, 4)
                ordered = day(_text(message, segment, 7) or _text(message, segment, 22))
                last = {"resourceType": "DiagnosticReport", "code": {"text": order}, "date": ordered,
                        "status": _STATES.get(_text(message, segment, 25), _text(message, segment, 25)),
                        "subject": {"reference": f"Patient/{patient}"}, "note": []}  # fmt: skip
                given.resources.append(("", last))
            case "OBX":
                last = _observation(message, segment, order, ordered, patient)
                given.resources.append(("", last))
            case "NTE":
                if last is not None:
                    last["note"].append({"text": _text(message, segment, 3)})
            case (
                "MSH" | "ORC" | "PV1" | "PD1" | "SPM" | "TQ1" | "NK1" | "PV2" | "EVN" | "DSC" | "FTS" | "BTS"
            ):
                pass
            case other:
                unknown.add(other)
    if unknown:
        given.notes.append(f"Segments that are not read: {', '.join(sorted(unknown))}.")


def _observation(message: Any, segment: Any, order: str, ordered: str, patient: str) -> dict[str, Any]:
    kind = _text(message, segment, 2)
    said = [_value(message, str(repetition), kind) for repetition in (_field(segment, 5) or [""])]
    value = " ".join(" ".join(said).split())
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "code": {"text": _words(message, segment, 3) or order},
        "date": day(_text(message, segment, 14)) or ordered,
        "valueString": f"{value} {_text(message, segment, 6).split('^')[0]}".strip(),
        "subject": {"reference": f"Patient/{patient}"},
        "note": [],
    }
    if limits := _text(message, segment, 7):
        found["referenceRange"] = [{"text": limits}]
    if flag := _text(message, segment, 8):
        found["interpretation"] = {"text": _FLAGS.get(flag, flag)}
    if state := _text(message, segment, 11):
        found["status"] = _STATES.get(state, state)
    if kind == "ED":
        found["valueString"] = _file(str(_field(segment, 5)).split("^"))
    elif kind == "RP":
        found["valueString"] = "[a file that lies elsewhere is not read]"
    return found


def _file(parts: list[str]) -> str:
    """The words of a file in the message: source, type, subtype, encoding, data."""
    _, kind, subtype, encoding, data = (*parts, *[""] * 5)[:5]
    media = _MEDIA.get(subtype.lower()) or _MEDIA.get(kind.lower(), f"{kind}/{subtype}".lower())
    words = note_of(media, data if encoding.lower() == "base64" else data.encode())
    return f"[a file of type {media} is not read]" if words is None else words


def _value(message: Any, text: str, kind: str) -> str:
    """``<^10`` and ``1^:^160`` as they are said; a code by its words."""
    parts = [message.unescape(part).strip() for part in text.split("^")]
    if kind == "SN":
        return "".join(parts)
    if kind in ("CE", "CWE", "CNE", "CF"):
        return next((part for part in (*parts[1:2], *parts[:1]) if part), "")
    return " ".join(part for part in parts if part)


def _field(segment: Any, index: int) -> Any:
    return segment[index] if index < len(segment) else ""


def _text(message: Any, segment: Any, index: int) -> str:
    return str(message.unescape(str(_field(segment, index)))).strip()


def _words(message: Any, segment: Any, index: int) -> str:
    """The text of a coded element, else its code."""
    parts = str(_field(segment, index)).split("~")[0].split("^")
    return str(message.unescape(next((part for part in (*parts[1:2], *parts[:1]) if part), ""))).strip()
