"""Records in XML: FHIR, by the models of ``fhir.resources``; C-CDA, by the words of its sections and by its
coded entries. Pure.

A C-CDA document has to say in each section's text, for people to read, all that its coded entries say. Both
are read, since neither says all in practice.
"""

import copy
import itertools
import json
from collections import Counter
from importlib import import_module
from typing import Any

import lxml.etree

from assistant.errors import BadInput
from assistant.orders.order import person_name
from assistant.records.bundles import Given, person_named, take
from assistant.records.ccda import CDA_NAMESPACE, Entries
from assistant.records.dates import day
from assistant.records.notes import parsed_xml, words_of

FHIR_NAMESPACE = "http://hl7.org/fhir"
_VERSIONS = ("fhir.resources.R4B", "fhir.resources", "fhir.resources.STU3")
"""R4 and R4B, R5, STU3: the first that a resource is valid in counts."""
_C = f"{{{CDA_NAMESPACE}}}"
_F = f"{{{FHIR_NAMESPACE}}}"


def is_record_xml(head: bytes) -> bool:
    """By its first few hundred bytes."""
    return b"<" in head and (FHIR_NAMESPACE.encode() in head or CDA_NAMESPACE.encode() in head)


def given_in_xml(data: bytes, name: str) -> Given:
    """Raises ``BadInput``: ``record_not_whole``, ``record_not_xml``, ``record_not_fhir``."""
    if b"<templateId" in data and b"ClinicalDocument" not in data:
        raise BadInput(
            f"{name} is only a part of a C-CDA document: give the whole document.", code="record_not_whole"
        )
    root = parsed_xml(data)
    if root is None:
        raise BadInput(f"{name} is damaged XML: export the record again.", code="record_not_xml")
    given = Given(name)
    failed: Counter[str] = Counter()
    match lxml.etree.QName(root).namespace, lxml.etree.QName(root).localname:
        case (namespace, "ClinicalDocument") if namespace == CDA_NAMESPACE:
            _take_document(given, root)
        case (namespace, _) if namespace == FHIR_NAMESPACE:
            for url, element in _resources(given, root):
                if resource := _converted(element):
                    take(given, url, resource)
                else:
                    failed[lxml.etree.QName(element).localname] += 1
        case _:
            raise BadInput(f"{name} is XML, but neither FHIR nor C-CDA.", code="record_not_fhir")
    if failed:
        named = ", ".join(f"{count} {kind}" for kind, count in failed.most_common())
        given.notes.append(f"Not valid in any version of FHIR, and not read: {named}.")
    return given


# --- FHIR ---


def _resources(given: Given, root: Any) -> list[tuple[str, Any]]:
    """Each resource of a bundle by itself, so that one that is not valid does not cost the others."""
    if lxml.etree.QName(root).localname != "Bundle":
        return [("", root)]
    for link in root.iterfind(f"{_F}link"):
        url, relation = (_value(link.find(f"{_F}{tag}")) for tag in ("url", "relation"))
        if relation in ("next", "self"):
            (given.following if relation == "next" else given.own).add(url)
    found: list[tuple[str, Any]] = []
    for entry in root.iterfind(f"{_F}entry"):
        url = _value(entry.find(f"{_F}fullUrl"))
        if _value(entry.find(f"{_F}request/{_F}method")) == "DELETE":
            given.deleted.add("/".join((url or _value(entry.find(f"{_F}request/{_F}url"))).split("/")[-2:]))
        if _value(entry.find(f"{_F}response/{_F}status"))[:1] in ("4", "5"):
            given.failed += 1
            continue
        for inside in entry.iterfind(f"{_F}resource/*"):
            found += [(url, inside)] if lxml.etree.QName(inside).localname != "Bundle" else []
            found += _resources(given, inside) if lxml.etree.QName(inside).localname == "Bundle" else []
    return found


def _value(element: Any) -> str:
    return "" if element is None else str(element.get("value", ""))


def _converted(element: Any) -> dict[str, Any] | None:
    """A resource as JSON; None where no version's model takes it."""
    kind, data = lxml.etree.QName(element).localname, lxml.etree.tostring(element, with_tail=False)
    for version in _VERSIONS:
        try:
            model = import_module(version).get_fhir_model_class(kind)
            found = json.loads(model.model_validate_xml(data).model_dump_json())
        except Exception:  # the models meet what they do not know with errors of many kinds
            continue
        return found if isinstance(found, dict) else None
    return None


# --- C-CDA ---


def _take_document(given: Given, root: Any) -> None:
    """The patient and a composition, whose sections are read as those of FHIR are; each is a resource of its
    own, so that a question can be given some of them."""
    patient = root.find(f"{_C}recordTarget/{_C}patientRole")
    number = "" if patient is None else "|".join(
        str(each.get("extension") or each.get("root", "")) for each in patient.iterfind(f"{_C}id")
    )  # fmt: skip
    person = None if patient is None else patient.find(f"{_C}patient")
    if person is not None:
        gender, born = person.find(f"{_C}administrativeGenderCode"), person.find(f"{_C}birthTime")
        numbers = (str(each.get("extension") or "") for each in patient.iterfind(f"{_C}id"))
        parts = [
            " ".join("".join(each.itertext()).strip() for each in person.iterfind(f"{_C}name[1]/{_C}{part}"))
            for part in ("family", "given")
        ]
        date_of_birth = "" if born is None else day(born.get("value", ""))
        given.people.append(person_named(numbers, date_of_birth, person_name(*parts)))
        given.resources.append(("", {
            "resourceType": "Patient", "id": number,
            **({"gender": _name_of(gender)} if _name_of(gender) else {}),
            **({"birthDate": day(born.get("value", ""))} if born is not None else {}),
        }))  # fmt: skip
    date = root.find(f"{_C}effectiveTime")
    written = day("" if date is None else date.get("value", ""))
    title = words_of(root.find(f"{_C}title")) if root.find(f"{_C}title") is not None else "Document"
    body = root.find(f"{_C}component/{_C}nonXMLBody/{_C}text")
    if body is not None:
        attachment = {"contentType": body.get("mediaType", ""), "data": "".join(body.itertext()).strip()}
        given.resources.append(("", {"resourceType": "DocumentReference", "date": written,
                                     "description": title, "content": [{"attachment": attachment}],
                                     "subject": {"reference": f"Patient/{number}"}}))  # fmt: skip
    coded, entries = 0, Entries(root)
    subject = {"reference": f"Patient/{number}"}
    for section in root.iter(f"{_C}section"):
        heading, text = section.find(f"{_C}title"), section.find(f"{_C}text")
        name = words_of(heading) if heading is not None else _name_of(section.find(f"{_C}code"))
        lines = [] if text is None else _lines(text)
        if section.get("nullFlavor"):
            lines.append(f"no information ({section.get('nullFlavor')})")
        for line in lines:
            given.resources.append(("", {"resourceType": "Section", "date": written, "code": {"text": name},
                                         "valueString": line, "subject": subject}))  # fmt: skip
        for statement in entries.of_section(section):
            given.resources.append(("", {**statement, "subject": subject}))
            coded += 1
    read = f" and by {coded} coded statement{'s' * (coded != 1)}" if coded else ""
    given.notes.append(f"A C-CDA document ({title}): read by the words of its sections{read}.")
    if entries.unread:
        named = ", ".join(f"{count} {part}" for part, count in entries.unread.most_common())
        given.notes.append(f"Not read of its coded entries: {named}.")


def _lines(text: Any) -> list[str]:
    """The rows of tables, each with its headings; the items of lists; what else there is."""
    lines: list[str] = []
    for table in text.iter(f"{_C}table"):
        heads = [words_of(each) for each in table.iterfind(f"{_C}thead/{_C}tr/{_C}th")]
        for row in table.iter(f"{_C}tr"):
            cells = [words_of(each) for each in row.iterchildren(f"{_C}td", f"{_C}th")]
            if row.getparent().tag == f"{_C}thead" or not any(cells):
                continue
            named = zip(heads, cells, strict=True) if len(heads) == len(cells) else (("", c) for c in cells)
            lines.append("; ".join(f"{head}: {cell}" if head else cell for head, cell in named if cell))
    for item in text.iter(f"{_C}item"):
        tables = itertools.chain(item.iterancestors(f"{_C}table"), item.iter(f"{_C}table"))
        if next(tables, None) is None:
            lines.append(words_of(item))
    rest = copy.deepcopy(text)
    for tag in ("table", "list"):
        for each in list(rest.iter(f"{_C}{tag}")):
            before, parent = each.getprevious(), each.getparent()
            if parent is None:
                continue
            tail = f" {each.tail or ''}"
            if before is not None:
                before.tail = (before.tail or "") + tail
            else:
                parent.text = (parent.text or "") + tail
            parent.remove(each)
    if words := words_of(rest):
        lines.insert(0, words)
    return [line for line in lines if line]


def _name_of(code: Any) -> str:
    return "" if code is None else str(code.get("displayName") or code.get("code") or "")
