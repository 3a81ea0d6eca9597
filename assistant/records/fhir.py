"""FHIR resources as lines of text, and a list of what there is. Pure.

Reads R4 as Synthea and most servers write it: any resource type, by the elements that most of them share, and
what STU3 and R5 call them. What turns a statement round (``doNotPerform``, ``not-done``,
``entered-in-error``) stands in front of it. Names, addresses and identifiers of people are left out: they are
no part of a clinical question. What else is left out can be asked for, so that it can be said.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.records.notes import note_of

LISTED_CODES = 40
"""Limit for the codes of one type, the most frequent ones, in the list of contents."""
DATES = (
    "effectiveDateTime", "effectivePeriod", "effectiveInstant", "onsetDateTime", "authoredOn",
    "performedDateTime", "performedPeriod",
    "occurrenceDateTime", "occurrencePeriod", "period", "recordedDate", "issued", "date", "created",
    "started", "birthDate", "dateAsserted", "assertedDate", "dateWritten", "recorded",
)  # fmt: skip
CODES = (
    "code", "medicationCodeableConcept", "medication", "vaccineCode", "relationship", "type", "category",
    "class",
)  # fmt: skip
SKIPPED = {
    "Provenance", "Organization", "Practitioner", "PractitionerRole", "Location", "Claim", "ClaimResponse",
    "ExplanationOfBenefit", "Coverage", "SupplyDelivery", "AuditEvent",
}  # fmt: skip
"""Types that say who, where and for how much: counted, not read."""
_READ_WORDS = """
    component clinicalStatus verificationStatus interpretation severity bodySite reasonCode outcome
    reaction condition dosageInstruction dosage referenceRange status gender conclusion description
    criticality note presentedForm content onsetAge onsetString performedString occurrenceString
    onsetPeriod abatementDateTime deceasedDateTime deceasedBoolean valueQuantity valueCodeableConcept
    valueString valueDateTime valueTime valueBoolean valueInteger valueRange valueRatio dataAbsentReason
    medicationReference doNotPerform notDone notGiven wasNotGiven wasNotTaken taken intent docStatus
    lifecycleStatus adherence statusReason isSubpotent reason reasonReference section item issue result
    modifierExtension title conclusionCode abatementString abatementAge valuePeriod reasonNotTaken
    reasonNotPerformed notDoneReason reasonNotGiven active
"""
_READ_FIELDS = {*DATES, *CODES, *_READ_WORDS.split()}
_ADMINISTRATIVE_WORDS = """
    id meta implicitRules language text contained resourceType identifier name telecom address contact
    photo subject patient encounter performer recorder asserter author requester participant
    practitioner custodian serviceProvider location basedOn generalPractitioner managingOrganization
    partOf context informationSource extension communication multipleBirthBoolean attester actor source
    sender recipient device link maritalStatus
"""
_ADMINISTRATIVE = set(_ADMINISTRATIVE_WORDS.split())
_LABEL = re.compile(r"\b[A-Z][A-Za-z]+/\d+\b")


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


def read_resources(given: Sequence[tuple[str, dict[str, Any]]]) -> tuple[Resource, ...]:
    """The clinical resources among these, each with its address or an empty one; newest first."""
    names = _names(given)
    found = [each for _, each in given if each["resourceType"] not in SKIPPED]
    dated = sorted(((_date(each), each) for each in found), key=lambda pair: pair[0], reverse=True)
    counts: Counter[str] = Counter()
    resources = []
    for date, each in dated:
        kind = str(each["resourceType"])
        counts[kind] += 1
        code = _code(each) or next(filter(None, (_referred(each, to, names) for to in _drugs(each))), "")
        code = ": ".join(filter(None, (_turned_round(each), code)))
        values = "; ".join(dict.fromkeys(filter(None, (*_values(each), *_reasons(each, names)))))
        values = values or _narrative(each.get("text"))
        text = " ".join(filter(None, (date, f"{code}: {values}" if code and values else code or values)))
        reference = f"{kind}/{each.get('id', '')}"
        resources.append(Resource(f"{kind}/{counts[kind]}", kind, reference, date, code, text))
    return tuple(resources)


def unread(given: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The parts of these resources that are not read, as sentences: whole ones by type, and fields of the
    others."""
    types: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    modifiers: Counter[str] = Counter()
    for each in given:
        kind = str(each["resourceType"])
        if kind in SKIPPED:
            types[kind] += 1
            continue
        for inside in _dicts(each.get("contained")):
            if inside.get("resourceType") not in (*SKIPPED, "Medication"):
                types[f"{inside.get('resourceType')} inside others"] += 1
        known = _READ_FIELDS | _ADMINISTRATIVE
        fields.update(f"{kind}.{key}" for key in each if key not in known and not key.startswith("_"))
        modifiers.update(f"{kind} ({_last(m.get('url'))})" for m in _dicts(each.get("modifierExtension")))
    if types:
        yield f"Not read: {_counted(types)}."
    if fields:
        yield f"Fields that are not read: {_counted(fields)}."
    if modifiers:
        yield f"With modifiers that are not known here and may change their meaning: {_counted(modifiers)}."


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def _last(url: Any) -> str:
    return str(url or "no name").rstrip("/").rpartition("/")[2]


def _turned_round(resource: dict[str, Any]) -> str:
    """Elements that turn a statement into its opposite, or cancel it (FHIR calls these elements
    modifiers)."""
    said = []
    if resource.get("status") == "entered-in-error":
        said.append("Entered in error")
    if resource.get("doNotPerform") is True:
        said.append("Do not give" if str(resource["resourceType"]).startswith("Medication") else "Do not do")
    not_done = any(resource.get(key) is True for key in ("notDone", "notGiven", "wasNotGiven"))
    if not_done or resource.get("status") == "not-done":
        said.append("Not done")
    adherence = resource.get("adherence")
    adhered = _concept(adherence.get("code")) if isinstance(adherence, dict) else ""
    not_taken = resource.get("taken") == "n" or resource.get("wasNotTaken") is True
    if not_taken or resource.get("status") == "not-taken" or adhered == "not-taken":
        said.append("Not taken")
    if resource.get("isSubpotent") is True:
        said.append("Does not count as a dose")
    said += [f"With a modifier ({_last(m.get('url'))})" for m in _dicts(resource.get("modifierExtension"))]
    return ", ".join(said)


def _drugs(resource: dict[str, Any]) -> Iterator[Any]:
    yield resource.get("medicationReference")
    if isinstance(medication := resource.get("medication"), dict):  # R5
        yield medication.get("reference")


def _reasons(resource: dict[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """The resources that a resource names as its reason or its result, if they are in the record."""
    for key in ("reasonReference", "result", "reason"):
        for each in _dicts(resource.get(key)):
            inside = each.get("reference")
            yield _referred(resource, inside if isinstance(inside, dict) else each, names)


def _narrative(text: Any) -> str:
    """The words of a resource that has no others."""
    return note_of("text/html", str(text.get("div", "")).encode()) or "" if isinstance(text, dict) else ""


def named_in(answer: str, read: Sequence[Resource]) -> list[Resource]:
    """The resources that an answer names, of those that were read, in the order of naming."""
    known = {each.label: each for each in read}
    return [known[label] for label in dict.fromkeys(_LABEL.findall(answer)) if label in known]


def manifest(resources: Sequence[Resource]) -> str:
    """The contents: a line for each type, with its codes and how many there are of each."""
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


def _names(resources: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """Names by which references may call a resource → the words of its code."""
    names: dict[str, str] = {}
    for url, each in resources:
        if code := _code(each):
            known_as = str(each.get("id", ""))
            turned = ": ".join(filter(None, (_turned_round(each), code)))
            names |= {f"{each['resourceType']}/{known_as}": turned, f"urn:uuid:{known_as}": turned}
            if url:
                names[url] = turned
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
            return names.get(address) or names.get("/".join(address.split("/")[-2:]), "")
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
        case {"concept": concept}:  # R5's CodeableReference
            return _concept(concept)
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
        yield ", ".join(
            filter(None, (f"{_concept(part.get('code'))} {_value(part)}".strip(), *_beside(part)))
        )
    yield _concept(resource.get("clinicalStatus"))
    if (verified := _concept(resource.get("verificationStatus"))).casefold() != "confirmed":
        yield verified
    for key in ("interpretation", "severity", "bodySite", "reasonCode", "outcome", "conclusionCode"):
        yield ", ".join(filter(None, map(_concept, _listed_values(resource.get(key)))))
    for key in ("statusReason", "reason", "reasonNotTaken", "reasonNotPerformed", "notDoneReason",
                "reasonNotGiven"):  # fmt: skip
        if words := ", ".join(filter(None, map(_concept, _listed_values(resource.get(key))))):
            yield f"reason: {words}"
    if resource.get("taken") == "unk":
        yield "not known whether it is taken"
    if resource.get("active") is False:
        yield "no longer active"
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
    for key in ("status", "intent", "docStatus", "lifecycleStatus", "gender", "title", "conclusion",
                "description", "criticality"):  # fmt: skip
        yield resource[key] if isinstance(resource.get(key), str) else ""
    yield from _sections(resource)
    yield from _answers(resource)
    for part in _dicts(resource.get("issue")):  # of an OperationOutcome
        details = part.get("diagnostics") or _concept(part.get("details"))
        yield " ".join(str(word) for word in (part.get("severity"), details) if word)
    yield _when(resource)
    for part in _dicts(resource.get("note")):
        yield part["text"] if isinstance(part.get("text"), str) else ""
    for attachment in attachments_of(resource):
        yield attached(attachment) or ""


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
        case {"valuePeriod": {"start": str(start), "end": str(end)}}:
            return f"{start} to {end}"
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
    """Statements of time beside the date in front: age, end, death."""
    shown = [f"at the age of {age}" if (age := _quantity(resource.get("onsetAge"))) else ""]
    shown += [str(resource.get(key) or "") for key in ("onsetString", "performedString", "occurrenceString")]
    periods = [resource.get(key) for key in ("effectivePeriod", "performedPeriod", "period", "onsetPeriod")]
    ends = [each.get("end") for each in periods if isinstance(each, dict)]
    ends.append(resource.get("abatementDateTime"))
    shown += [f"until {words}"] if isinstance(words := resource.get("abatementString"), str) else []
    shown += [f"until the age of {age}"] if (age := _quantity(resource.get("abatementAge"))) else []
    shown += [f"until {end[:10]}" for end in ends if isinstance(end, str)]
    match resource:
        case {"deceasedDateTime": str(day)}:
            shown.append(f"died {day[:10]}")
        case {"deceasedBoolean": True}:
            shown.append("died")
    return ", ".join(filter(None, shown))


def attachments_of(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The files of a document or a report."""
    inside = [each.get("attachment") for each in _dicts(resource.get("content"))]
    return [*_dicts(resource.get("presentedForm")), *_dicts(inside)]


def attached(attachment: dict[str, Any]) -> str | None:
    """The text of a note that lies in the bundle; None of one that is elsewhere or cannot be read."""
    return note_of(str(attachment.get("contentType", "")), attachment.get("data"))


def _sections(resource: dict[str, Any]) -> Iterator[str]:
    """Sections of a composition, and sections inside sections."""
    for part in _dicts(resource.get("section")):
        title = part["title"] if isinstance(part.get("title"), str) else _concept(part.get("code"))
        yield ": ".join(filter(None, (title, _narrative(part.get("text")))))
        yield from _sections(part)


def _answers(resource: dict[str, Any]) -> Iterator[str]:
    """Items of a questionnaire, and of its groups."""
    for part in _dicts(resource.get("item")):
        asked = part["text"] if isinstance(part.get("text"), str) else str(part.get("linkId", ""))
        said = [_value(each) or _concept(each.get("valueCoding")) or str(each.get("valueDecimal") or "")
                for each in _dicts(part.get("answer"))]  # fmt: skip
        yield f"{asked}: {', '.join(filter(None, said)) or 'no answer'}" if "answer" in part else ""
        yield from _answers(part)
        for each in _dicts(part.get("answer")):
            yield from _answers(each)


def _beside(part: dict[str, Any]) -> Iterator[str]:
    """Additions to a component's value."""
    yield from map(_concept, _listed_values(part.get("interpretation")))
    for each in _dicts(part.get("referenceRange")):
        if shown := each["text"] if isinstance(each.get("text"), str) else _range(each):
            yield f"reference {shown}"


def _listed_values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _dicts(value: Any) -> Iterable[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
