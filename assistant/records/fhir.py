"""A FHIR bundle → its resources as lines of text, and a list of what there is. Pure.

Reads R4 as Synthea and most servers write it: any resource type, by the elements that most of them share.
Names, addresses and identifiers of people are left out: they are no part of a clinical question.
"""

import base64
import binascii
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.errors import BadInput

LONGEST_TEXT_CHARS = 4_000
"""Of one note; the rest is left out, and a mark says so."""
LISTED_CODES = 40
"""Of one type, the most frequent, in the list of what there is."""
DATES = (
    "effectiveDateTime", "effectivePeriod", "effectiveInstant", "onsetDateTime", "authoredOn",
    "performedDateTime", "performedPeriod",
    "occurrenceDateTime", "period", "recordedDate", "issued", "date", "created", "started", "birthDate",
)  # fmt: skip
CODES = ("code", "medicationCodeableConcept", "vaccineCode", "relationship", "type", "category", "class")
_LABEL = re.compile(r"\b[A-Z][A-Za-z]+/\d+\b")
_SKIPPED = {"Provenance", "Organization", "Practitioner", "PractitionerRole", "Location", "Claim"}
_SKIPPED |= {"ExplanationOfBenefit", "Coverage", "SupplyDelivery"}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. ``label`` is short, so that a model can name it: ``Observation/12``, counted by type."""

    label: str
    type: str
    reference: str
    """As the bundle has it: ``Observation/0f2c…``."""
    date: str
    """``YYYY-MM-DD`` or shorter; empty if it has none."""
    code: str
    text: str
    """One line: date, code, values."""


def read_bundle(data: bytes, name: str) -> tuple[Resource, ...]:
    """The clinical resources of a bundle, or of newline-delimited resources, newest first.

    Raises ``BadInput``, naming the file: ``record_not_json``, ``record_not_fhir``, ``record_empty``.
    """
    given = _resources(data, name)
    names = _names(given)
    found = [each for _, each in given if each["resourceType"] not in _SKIPPED]
    dated = sorted(((_date(each), each) for each in found), key=lambda pair: pair[0], reverse=True)
    counts: Counter[str] = Counter()
    resources = []
    for date, each in dated:
        kind = str(each["resourceType"])
        counts[kind] += 1
        code = _code(each) or _referred(each, each.get("medicationReference"), names)
        values = "; ".join(dict.fromkeys(filter(None, _values(each))))
        text = " ".join(filter(None, (date, f"{code}: {values}" if code and values else code or values)))
        reference = f"{kind}/{each.get('id', '')}"
        resources.append(Resource(f"{kind}/{counts[kind]}", kind, reference, date, code, text))
    if not resources:
        raise BadInput(f"{name} holds no clinical resources.", code="record_empty")
    return tuple(resources)


def named_in(answer: str, read: Sequence[Resource]) -> list[Resource]:
    """The resources that an answer names, of those that were read, in the order of naming."""
    known = {each.label: each for each in read}
    return [known[label] for label in dict.fromkeys(_LABEL.findall(answer)) if label in known]


def manifest(resources: Sequence[Resource]) -> str:
    """What there is: a line a type, with its codes and how many there are of each."""
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for each in resources:
        by_type[each.type].append(each)
    return "\n".join(_listed(kind, by_type[kind]) for kind in sorted(by_type))


def _listed(kind: str, resources: list[Resource]) -> str:
    dates = sorted(each.date for each in resources if each.date)
    span = f", {dates[0]} to {dates[-1]}" if dates else ""
    codes = Counter(each.code for each in resources if each.code)
    named = ", ".join(f"{code} ({count})" for code, count in codes.most_common(LISTED_CODES))
    more = f" and {len(codes) - LISTED_CODES} more" if len(codes) > LISTED_CODES else ""
    return f"- {kind}: {len(resources)}{span}" + (f": {named}{more}" if named else "")


def _resources(data: bytes, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each with the address that the bundle gives it, or an empty one."""
    try:
        try:
            documents = [json.loads(data)]
        except ValueError:
            documents = [json.loads(line) for line in data.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise BadInput(f"{name} is not JSON: export the record again.", code="record_not_json") from None
    found = []
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
            raise BadInput(f"{name} is JSON, but no FHIR: it has no resourceType.", code="record_not_fhir")
        if document["resourceType"] != "Bundle":
            found.append(("", document))
            continue
        entries = document.get("entry", [])
        if not isinstance(entries, list):
            raise BadInput(f"{name}: the bundle's entry is not a list.", code="record_not_fhir")
        for entry in entries:
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
                found.append((str(entry.get("fullUrl", "")), resource))
    return found


def _names(resources: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """What references may call a resource → the words of its code."""
    names: dict[str, str] = {}
    for url, each in resources:
        if each["resourceType"] == "Medication" and (code := _code(each)):
            known_as = str(each.get("id", ""))
            names |= {url: code, f"Medication/{known_as}": code, f"urn:uuid:{known_as}": code}
    return names


def _referred(resource: dict[str, Any], reference: Any, names: Mapping[str, str]) -> str:
    """The words for what a resource refers to: beside it in the bundle, or in it."""
    match reference:
        case {"display": str(text)} if text:
            return " ".join(text.split())
        case {"reference": str(address)} if address.startswith("#"):
            inside = (each for each in _dicts(resource.get("contained")) if f"#{each.get('id')}" == address)
            return next(map(_code, inside), "")
        case {"reference": str(address)}:
            return names.get(address, "")
        case _:
            return ""


def _date(resource: dict[str, Any]) -> str:
    for key in DATES:
        value = resource.get(key)
        if isinstance(value, dict):
            value = value.get("start")
        if isinstance(value, str):
            return value[:10]
    return ""


def _code(resource: dict[str, Any]) -> str:
    for key in CODES:
        if name := _concept(resource.get(key)):
            return name
    return ""


def _concept(value: Any) -> str:
    """The words of a CodeableConcept, a Coding or a list of them."""
    match value:
        case [first, *_]:
            return _concept(first)
        case {"text": str(text)} if text:
            return " ".join(text.split())
        case {"coding": [*codings]}:
            return next((name for each in codings if (name := _concept(each))), "")
        case {"display": str(text)} if text:
            return " ".join(text.split())
        case {"code": str(text)}:
            return text
        case _:
            return ""


def _values(resource: dict[str, Any]) -> Iterator[str]:
    yield _value(resource)
    for part in _dicts(resource.get("component")):
        yield f"{_concept(part.get('code'))} {_value(part)}".strip()
    yield _concept(resource.get("clinicalStatus"))
    if (verified := _concept(resource.get("verificationStatus"))).casefold() != "confirmed":
        yield verified
    for key in ("interpretation", "severity", "bodySite", "reasonCode", "outcome"):
        yield _concept(resource.get(key))
    for part in _dicts(resource.get("reaction")):
        severity = part["severity"] if isinstance(part.get("severity"), str) else ""
        yield ", ".join(filter(None, (*map(_concept, _dicts(part.get("manifestation"))), severity)))
    for part in _dicts(resource.get("condition")):  # of a member of the family
        yield " ".join(filter(None, (_concept(part.get("code")), _when(part))))
    for part in (*_dicts(resource.get("dosageInstruction")), *_dicts(resource.get("dosage"))):
        yield _dosage(part)
    for part in _dicts(resource.get("referenceRange")):
        if shown := part["text"] if isinstance(part.get("text"), str) else _range(part):
            yield f"reference {shown}"
    for key in ("status", "gender", "conclusion", "description", "criticality"):
        yield resource[key] if isinstance(resource.get(key), str) else ""
    yield _when(resource)
    for part in _dicts(resource.get("note")):
        yield part["text"] if isinstance(part.get("text"), str) else ""
    attachments = [*_dicts(resource.get("presentedForm"))]
    attachments += [each["attachment"] for each in _dicts(resource.get("content")) if "attachment" in each]
    for attachment in _dicts(attachments):
        yield _attached(attachment)


def _value(part: dict[str, Any]) -> str:
    match part:
        case {"valueQuantity": quantity}:
            return _quantity(quantity)
        case {"valueCodeableConcept": concept}:
            return _concept(concept)
        case {"valueString": str(text)} | {"valueDateTime": str(text)} | {"valueTime": str(text)}:
            return text
        case {"valueBoolean": bool(value)} | {"valueInteger": int(value)}:
            return str(value)
        case {"valueRange": dict(limits)}:
            return _range(limits)
        case {"valueRatio": {"numerator": above, "denominator": below}}:
            return f"{_quantity(above)}:{_quantity(below)}"
        case {"dataAbsentReason": reason}:
            return f"no value ({_concept(reason) or 'no reason given'})"
        case _:
            return ""


def _quantity(quantity: Any) -> str:
    match quantity:
        case {"value": int() | float() as value, **rest} if not isinstance(value, bool):
            unit = rest.get("unit") or rest.get("code") or ""
            shown = f"{value:.6g}" if isinstance(value, float) and abs(value) < 10**6 else str(value)
            return f"{rest.get('comparator', '')}{shown} {unit}".strip()
        case _:
            return ""


def _range(limits: dict[str, Any]) -> str:
    low, high = _quantity(limits.get("low")), _quantity(limits.get("high"))
    return f"{low} to {high}" if low and high else (low and f"from {low}") or (high and f"up to {high}")


def _dosage(part: dict[str, Any]) -> str:
    """As it is written, else as it is coded: dose, route, how often."""
    if isinstance(part.get("text"), str):
        return str(part["text"])
    shown = [
        _quantity(dose.get("doseQuantity")) or _range(dose.get("doseRange") or {})
        for dose in _dicts(part.get("doseAndRate"))
    ]
    shown.append(_concept(part.get("route")))
    match part.get("timing"):
        case {"code": code} if words := _concept(code):
            shown.append(words)
        case {"repeat": {"frequency": often, "period": period, "periodUnit": unit}}:
            shown.append(f"{often} times in {period} {unit}")
    if part.get("asNeededBoolean") is True or "asNeededCodeableConcept" in part:
        shown.append("as needed")
    return " ".join(filter(None, shown))


def _when(resource: dict[str, Any]) -> str:
    """What is said of time beside the date in front: age, end, death."""
    shown = [f"at the age of {age}" if (age := _quantity(resource.get("onsetAge"))) else ""]
    shown += [str(resource.get(key) or "") for key in ("onsetString", "performedString", "occurrenceString")]
    periods = [resource.get(key) for key in ("effectivePeriod", "performedPeriod", "period", "onsetPeriod")]
    ends = [each.get("end") for each in periods if isinstance(each, dict)]
    ends.append(resource.get("abatementDateTime"))
    shown += [f"until {end[:10]}" for end in ends if isinstance(end, str)]
    match resource:
        case {"deceasedDateTime": str(day)}:
            shown.append(f"died {day[:10]}")
        case {"deceasedBoolean": True}:
            shown.append("died")
    return ", ".join(filter(None, shown))


def _attached(attachment: dict[str, Any]) -> str:
    """The text of a note that lies in the bundle; nothing of one that is elsewhere or no text."""
    if not str(attachment.get("contentType", "")).startswith("text/plain"):
        return ""
    try:
        text = base64.b64decode(attachment.get("data", ""), validate=True).decode()
    except (binascii.Error, ValueError, TypeError):
        return ""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT_CHARS else f"{text[:LONGEST_TEXT_CHARS]} [the rest is left out]"


def _dicts(value: Any) -> Iterable[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
