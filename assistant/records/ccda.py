"""The coded entries of a C-CDA document: problems, allergies, medications, results, vital signs and the like.

Each statement becomes a resource of the FHIR type that it answers to, with its words, its values and units as
the document writes them. What turns a statement round (``negationInd``, a status, a mood, another person)
stands in front of its name, also where it was said of what holds the statement. Pure.
"""

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import lxml.etree

from assistant.records.dates import day
from assistant.records.notes import words_of

CDA_NAMESPACE = "urn:hl7-org:v3"
_C = f"{{{CDA_NAMESPACE}}}"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_TEMPLATES = "2.16.840.1.113883.10.20.22.4."
_TYPES = {"4": "Condition", "7": "AllergyIntolerance", "52": "Immunization", "46": "FamilyMemberHistory"}
"""The last part of a template's number → the type of resource; other statements go by their element."""
_ELEMENTS = {
    "observation": "Observation", "substanceAdministration": "MedicationStatement", "procedure": "Procedure",
    "supply": "MedicationDispense", "encounter": "Encounter", "act": "Act",
}  # fmt: skip
_NEGATED = {
    "observation": "Coded as not so", "substanceAdministration": "Coded as not given",
    "supply": "Coded as not supplied",
}  # fmt: skip
_NOT_DONE = "Coded as not done"
_STATUSES = {
    "nullified": "Entered in error", "aborted": "Stopped", "cancelled": "Cancelled", "suspended": "Suspended",
    "held": "On hold", "obsolete": "Obsolete",
}  # fmt: skip
_MOODS = {
    "INT": "Planned", "RQO": "Requested", "PRP": "Proposed", "PRMS": "Promised", "APT": "Appointment",
    "ARQ": "Appointment asked for", "GOL": "Goal", "DEF": "Definition", "OPT": "Option",
    "EVN.CRT": "Criterion", "EXPEC": "Expected", "PERM": "Permitted", "SLOT": "Slot", "RMD": "Recommended",
}  # fmt: skip
"""A mood other than an event has not happened."""
_NAMED_BY_VALUE = {
    "ASSERTION", "404684003", "64572001", "55607006", "418799008", "409586006", "282291009", "248536006",
    "373930000", "75321-0", "75323-6", "75326-9", "29308-4",
}  # fmt: skip
"""Codes of an observation that say only that its value is the statement: finding, condition, problem, …"""
_ROLES = {"MFST": "reaction", "RSON": "reason", "CAUS": "cause of"}
_HOLDERS = {"CONC", "48765-2"}
"""Codes of an act that only holds statements: a concern, an alert."""
_PARTS = {
    "templateId", "id", "code", "value", "text", "statusCode", "effectiveTime", "entryRelationship",
    "interpretationCode", "referenceRange", "targetSiteCode", "methodCode", "approachSiteCode", "routeCode",
    "doseQuantity", "rateQuantity", "maxDoseQuantity", "administrationUnitCode", "consumable", "participant",
    "precondition", "specimen", "component", "subject", "quantity", "repeatNumber", "product", "title",
    "author", "performer", "informant", "realmCode", "typeId", "reference", "languageCode", "priorityCode",
    "dischargeDispositionCode",
}  # fmt: skip
"""Read, or of people, addresses and forms."""


@dataclass(frozen=True, slots=True)
class _Around:
    """Facts that hold for all statements inside an element."""

    turned: tuple[str, ...] = ()
    date: str = ""
    context: tuple[str, ...] = ()
    """The panel or the concern that they belong to, and what is said of it."""


@dataclass(slots=True)
class Entries:
    """The entries of one document that were read, and those that were not."""

    root: Any
    unread: Counter[str] = field(default_factory=Counter)
    _places: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {each.get("ID"): each for each in self.root.iter() if each.get("ID")}

    def of_section(self, section: Any) -> Iterator[dict[str, Any]]:
        """A resource a statement, without its patient."""
        for entry in section.iterfind(f"{_C}entry"):
            for element in entry.iterchildren(tag=lxml.etree.Element):
                yield from self._statements(element, _Around())

    # --- what holds statements ---

    def _statements(self, element: Any, around: _Around) -> Iterator[dict[str, Any]]:
        kind = _local(element)
        held = {
            relation: [*relation.iterchildren(*(f"{_C}{each}" for each in (*_ELEMENTS, "organizer")))]
            for relation in element.iterchildren(f"{_C}component", f"{_C}entryRelationship")
            if _holds(kind, relation)
        }
        if any(held.values()):
            inside = self._inside(element, around)
            said = [*self._related(element, but=held)]
            if self._code(element) not in _HOLDERS:
                said.append(self._words(element.find(f"{_C}code")))
            if kind == "act" and (status := _attribute(element, "statusCode", "code")):
                said.append(f"concern {status}")
            said += self._specimens(element)
            inside = replace(inside, context=(*around.context, *filter(None, said)))
            for relation, parts in held.items():
                turned = (*inside.turned, *_negations(relation, "observation"))
                for each in parts:
                    yield from self._statements(each, replace(inside, turned=turned))
        elif kind in _ELEMENTS:
            yield self._resource(element, around)
        else:
            self.unread[kind] += 1

    def _inside(self, element: Any, around: _Around) -> _Around:
        turned = dict.fromkeys((*around.turned, *self._turned(element)))
        return replace(around, turned=tuple(turned), date=self._date(element) or around.date)

    def _turned(self, element: Any) -> Iterator[str]:
        """Elements that turn a statement into its opposite, a plan, or somebody else's."""
        for subject in element.iterfind(f"{_C}subject"):
            related = self._words(subject.find(f"{_C}relatedSubject/{_C}code"))
            yield related or "Of another person"
        if status := _STATUSES.get(_attribute(element, "statusCode", "code")):
            yield status
        if (mood := element.get("moodCode") or "EVN") != "EVN":
            yield _MOODS.get(mood, f"Not an event ({mood})")
        yield from _negations(element, _local(element))
        if null := element.get("nullFlavor"):
            yield f"No information ({null})"

    # --- a statement ---

    def _resource(self, element: Any, around: _Around) -> dict[str, Any]:
        around = self._inside(element, around)
        name, said = self._named(element)
        return {
            "resourceType": _type_of(element),
            "date": around.date,
            "code": {"text": ": ".join((*around.turned, name))},
            "valueString": "; ".join(dict.fromkeys(filter(None, (*said, *around.context)))),
        }

    def _named(self, element: Any) -> tuple[str, list[str]]:
        """The subject of a statement, and what it says about that."""
        for part in element.iterchildren(tag=lxml.etree.Element):
            if _local(part) not in _PARTS:
                self.unread[f"{_local(element)}.{_local(part)}"] += 1
        substances = [*self._things(element)]
        products = [self._product(each) for each in element.iterchildren(f"{_C}consumable", f"{_C}product")]
        code, values = self._words(element.find(f"{_C}code")), [*self._values(element)]
        text = self._text(element.find(f"{_C}text"))
        by_value = self._code(element) in _NAMED_BY_VALUE
        said: list[str] = []
        match _type_of(element):
            case "MedicationStatement" | "Immunization" | "MedicationDispense":
                named = [*filter(None, products)] or [*filter(None, substances)]
                name, said = ", ".join(named), [code, *(each for each in substances if each not in named)]
            case "AllergyIntolerance":
                name, said = ", ".join(filter(None, substances)) or ", ".join(values), values
                said = [each for each in said if each != name]
            case "Condition" if values:
                name, said = ", ".join(values), [*substances, "" if by_value else code]
            case _ if values and (by_value or not code):
                name, said = ", ".join(values), substances
            case _:
                name, said = code, [*values, *substances]
        if not name:
            name, text = text or "not named", ""
        elif _local(element) != "act":  # elsewhere it repeats the words of the section
            text = ""
        status = _attribute(element, "statusCode", "code")
        if status in _STATUSES or (_local(element) == "observation" and status == "completed"):
            status = ""
        return name, [*said, text, *self._beside(element), status, *self._related(element)]

    def _beside(self, element: Any) -> Iterator[str]:
        for tag, label in (
            ("interpretationCode", ""), ("targetSiteCode", "site: "), ("approachSiteCode", "approach: "),
            ("methodCode", "method: "), ("routeCode", ""), ("administrationUnitCode", ""),
            ("dischargeDispositionCode", "discharge: "),
        ):  # fmt: skip
            if words := ", ".join(filter(None, map(self._words, element.iterfind(f"{{*}}{tag}")))):
                yield f"{label}{words}"
        for tag, label in (
            ("doseQuantity", "dose "), ("rateQuantity", "rate "), ("quantity", "quantity "),
            ("repeatNumber", "repeats "),
        ):  # fmt: skip
            for each in element.iterfind(f"{_C}{tag}"):
                if shown := _quantity(each) or _interval(each):
                    yield f"{label}{shown}"
        for most in element.iterfind(f"{_C}maxDoseQuantity"):
            if shown := _ratio(most):
                yield f"at most {shown}"
        yield from self._specimens(element)
        for limits in element.iterfind(f"{_C}referenceRange/{_C}observationRange"):
            of_value = ", ".join(filter(None, map(self._value, limits.iterfind(f"{_C}value"))))
            if shown := of_value or self._text(limits.find(f"{_C}text")):
                named = self._words(limits.find(f"{_C}interpretationCode"))
                yield f"reference {shown}" + (f" ({named})" if named else "")
        yield from self._times(element)
        for condition in element.iterfind(f"{_C}precondition/{_C}criterion"):
            said = [self._text(condition.find(f"{_C}text"))]
            known = (each for each in condition.iterfind(f"{_C}value") if not each.get("nullFlavor"))
            said += map(self._value, known)
            yield f"as needed: {words}" if (words := ", ".join(filter(None, said))) else "as needed"

    def _specimens(self, element: Any) -> Iterator[str]:
        for code in element.iterfind(f"{_C}specimen/{_C}specimenRole/{_C}specimenPlayingEntity/{_C}code"):
            yield f"specimen: {self._words(code)}"

    def _related(self, element: Any, but: Container[Any] = ()) -> Iterator[str]:
        """Statements inside a statement: reactions, severity, status, indications, comments. ``but`` are
        relations that are read elsewhere."""
        for relation in element.iterchildren(f"{_C}entryRelationship", f"{_C}component"):
            if relation in but:
                continue
            for inside in relation.iterchildren(tag=lxml.etree.Element):
                if _local(inside) == "organizer":
                    parts = [*inside.iterfind(f"{_C}component/*")]
                elif _local(inside) in _ELEMENTS:
                    parts = [inside]
                else:
                    self.unread[_local(inside)] += 1
                    continue
                for part in parts:
                    name, said = self._named(part)
                    role = _ROLES.get(relation.get("typeCode"), "")
                    turned = dict.fromkeys(each for holder in (inside, part) for each in self._turned(holder))
                    turned |= dict.fromkeys(_negations(relation, "observation"))
                    words = ": ".join(filter(None, (role, *turned, name)))
                    details = ", ".join(dict.fromkeys(filter(None, said)))
                    yield f"{words} ({details})" if details else words

    def _things(self, element: Any) -> Iterator[str]:
        """Substances and devices that take part, by their codes; what is consumed also by its name.
        Others may be people."""
        for participant in element.iterfind(f"{_C}participant"):
            for tag in ("playingEntity", "playingDevice"):
                for thing in participant.iterfind(f"{_C}participantRole/{_C}{tag}"):
                    name = self._text(thing.find(f"{_C}name")) if participant.get("typeCode") == "CSM" else ""
                    yield self._words(thing.find(f"{_C}code")) or name

    def _product(self, holder: Any) -> str:
        """A drug by its code's words, and as it was written where that says more."""
        material = next(holder.iter(f"{_C}manufacturedMaterial", f"{_C}manufacturedLabeledDrug"), None)
        if material is None:
            return ""
        code, name = material.find(f"{_C}code"), material.find(f"{_C}name")
        return self._words(code) or self._text(name)

    # --- times ---

    def _date(self, element: Any) -> str:
        for each in element.iterfind(f"{_C}effectiveTime"):
            found = [
                each.get("value"),
                *(_attribute(each, tag, "value") for tag in ("low", "center", "high")),
            ]
            if date := next(filter(None, found), ""):
                return day(date)
        return ""

    def _times(self, element: Any) -> Iterator[str]:
        """Ends, and how often; the beginning stands in front."""
        for each in element.iterfind(f"{_C}effectiveTime"):
            match each.get(_XSI_TYPE, "").rpartition(":")[2]:
                case "PIVL_TS":
                    period = each.find(f"{_C}period")
                    every = "" if period is None else _quantity(period) or _interval(period)
                    yield f"every {every}" if every else "timing not read"
                    if _attribute(each, "phase", "value") or each.find(f"{_C}phase/{_C}low") is not None:
                        yield "with a phase that is not read"
                case "EIVL_TS":
                    yield f"at {_attribute(each, 'event', 'code') or 'an event that is not read'}"
                case "" | "IVL_TS" | "TS":
                    if end := _attribute(each, "high", "value"):
                        yield f"until {day(end)}"
                    if each.find(f"{_C}low") is not None and _attribute(each, "width", "value"):
                        yield f"for {_quantity(each.find(f'{_C}width'))}"
                case _:
                    yield "timing not read"

    # --- values ---

    def _values(self, element: Any) -> Iterator[str]:
        yield from filter(None, map(self._value, element.iterfind(f"{_C}value")))

    def _value(self, value: Any) -> str:
        kind = value.get(_XSI_TYPE, "").rpartition(":")[2]
        if null := value.get("nullFlavor"):
            said = self._words(value) if kind in ("CD", "CE", "CV", "CO") else _translated(value)
            return said or f"no value ({null})"
        match kind:
            case "PQ" | "REAL" | "INT" | "MO" | "PPD_PQ":
                return _quantity(value)
            case "IVL_PQ" | "IVL_REAL" | "IVL_INT":
                return _interval(value)
            case "CD" | "CE" | "CV" | "CO" | "CS" | "SC":
                return self._words(value) or words_of(value)
            case "ST" | "ED":
                return self._text(value)
            case "II":
                return str(value.get("extension") or value.get("root") or "")
            case "BL":
                return str(value.get("value", ""))
            case "TS":
                return day(value.get("value", ""))
            case "IVL_TS":
                low, high = (day(_attribute(value, tag, "value")) for tag in ("low", "high"))
                return " ".join(filter(None, (low and f"from {low}", high and f"to {high}")))
            case "RTO" | "RTO_PQ_PQ" | "RTO_QTY_QTY":
                return _ratio(value)
            case "":
                return _quantity(value) or self._words(value) or self._text(value)
            case _:
                self.unread[f"value of type {kind}"] += 1
                return f"value not read ({kind})"

    # --- words ---

    def _code(self, element: Any) -> str:
        return _attribute(element, "code", "code")

    def _words(self, code: Any) -> str:
        """A coded value: its words with what qualifies them, else its code with the name of its system."""
        if code is None:
            return ""
        translated = [self._words(each) for each in code.iterfind(f"{_C}translation")]
        words = (
            code.get("displayName")
            or self._text(code.find(f"{_C}originalText"))
            or next(filter(None, translated), "")
            or " ".join(filter(None, (code.get("codeSystemName"), code.get("code"))))
        )
        qualified = [
            ": ".join(
                filter(None, (self._words(each.find(f"{_C}name")), self._words(each.find(f"{_C}value"))))
            )
            for each in code.iterfind(f"{_C}qualifier")
        ]
        words = " ".join(words.split())
        words = words or (f"not known ({null})" if (null := code.get("nullFlavor")) and null != "NA" else "")
        return f"{words} ({'; '.join(filter(None, qualified))})" if any(qualified) else words

    def _text(self, text: Any) -> str:
        """Words, or those that a reference points to in the section's text."""
        if text is None:
            return ""
        reference = _attribute(text, "reference", "value")
        place = self._places.get(reference.removeprefix("#")) if reference else None
        return words_of(place) if place is not None else words_of(text)


def _holds(kind: str, relation: Any) -> bool:
    """Whether a relation of such an element holds statements of their own, rather than more about it."""
    subject = relation.get("typeCode") == "SUBJ" and relation.get("inversionInd") != "true"
    return kind == "organizer" or (kind == "act" and subject)


def _negations(element: Any, kind: str) -> Iterator[str]:
    """Negation of an element or a relation: ``negationInd``, and what took its place in extensions of CDA."""
    if any(
        lxml.etree.QName(name).localname.lower().endswith("negationind") and value in ("true", "1")
        for name, value in element.attrib.items()
    ):
        yield _NEGATED.get(kind, _NOT_DONE)


def _type_of(element: Any) -> str:
    for template in element.iterfind(f"{_C}templateId"):
        root = str(template.get("root", ""))
        if root.startswith(_TEMPLATES) and (kind := _TYPES.get(root.removeprefix(_TEMPLATES))):
            return kind
    return _ELEMENTS[_local(element)]


def _local(element: Any) -> str:
    return str(lxml.etree.QName(element).localname)


def _attribute(element: Any, tag: str, name: str) -> str:
    found = element.find(f"{_C}{tag}")
    return "" if found is None else str(found.get(name) or "")


def _quantity(value: Any) -> str:
    """A number and its unit as they are written; UCUM's braces, which are a remark, stay."""
    number, unit = value.get("value"), value.get("unit") or value.get("currency") or ""
    if number is None:
        return _translated(value)
    return f"{number} {unit}".strip() if unit != "1" else str(number)


def _translated(value: Any) -> str:
    """A number that stands in a translation alone, since its unit is not in UCUM."""
    for each in value.iterfind(f"{_C}translation"):
        if (number := each.get("value")) is not None:
            original = each.find(f"{_C}originalText")
            unit = each.get("displayName") or each.get("code") or ""
            return f"{number} {unit or (words_of(original) if original is not None else '')}".strip()
    return ""


def _interval(value: Any) -> str:
    low, high = value.find(f"{_C}low"), value.find(f"{_C}high")
    below = "" if low is None else _quantity(low)
    above = "" if high is None else _quantity(high)
    open_low = low is not None and low.get("inclusive") == "false"
    open_high = high is not None and high.get("inclusive") == "false"
    if below and above and not open_low and not open_high:
        return f"{below} to {above}"
    parts = [
        f"{'>' if open_low else '>='} {below}" if below else "",
        f"{'<' if open_high else '<='} {above}" if above else "",
    ]
    if (center := value.find(f"{_C}center")) is not None:
        parts.append(_quantity(center))
    return ", ".join(filter(None, parts))


def _ratio(value: Any) -> str:
    above, below = value.find(f"{_C}numerator"), value.find(f"{_C}denominator")
    return " in ".join(_quantity(each) for each in (above, below) if each is not None and _quantity(each))
