"""Files of a record → the FHIR resources in them, each once, of one patient; and what to know of them. Pure.

A file is a resource, a bundle of any type (an answer of a server, a history, a batch), Parameters, a list, or
lines of resources. Bulk exports and the pages of a search are several files of one record.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from assistant.characters import whole_parts
from assistant.errors import BadInput
from assistant.orders.order import person_name
from assistant.orders.pictures import PicturedPatient
from assistant.records.fhir import Resource, attached, attachments_of, read_resources, unread

Json = dict[str, Any]
DSTU2_TYPES = {"MedicationOrder", "DiagnosticOrder", "ProcedureRequest", "DeviceUseRequest"}
_SUBJECTS = ("subject", "patient", "for", "individual")


@dataclass(slots=True)
class Given:
    """One file: its resources, each with the address that it has there, or an empty one."""

    name: str
    resources: list[tuple[str, Json]] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    failed: int = 0
    """Entries of a batch that have a failure in place of a resource."""
    own: set[str] = field(default_factory=set)
    following: set[str] = field(default_factory=set)
    """Addresses of these pages, and of those that a server says come next."""
    notes: list[str] = field(default_factory=list)
    people: list[PicturedPatient] = field(default_factory=list)
    """Whom a file that is no FHIR names."""


@dataclass(frozen=True, slots=True)
class Record:
    resources: tuple[Resource, ...]
    notes: tuple[str, ...]
    """Notices about missing parts and points to check."""


def given_in(data: bytes, name: str) -> Given:
    """Raises ``BadInput``, naming the file: ``record_not_json``, ``record_not_fhir``."""
    try:
        try:
            documents = [json.loads(data)]
        except ValueError:
            documents = [json.loads(line) for line in data.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise BadInput(f"{name} is not JSON: export the record again.", code="record_not_json") from None
    given = Given(name)
    for document in documents:
        for each in document if isinstance(document, list) else [document]:
            if not isinstance(each, dict) or not isinstance(each.get("resourceType"), str):
                raise BadInput(
                    f"{name} is JSON, but not FHIR: it has no resourceType.", code="record_not_fhir"
                )
            take(given, "", each)
    return given


def take(given: Given, url: str, resource: Json) -> None:
    """Add a resource, or what is in it if it holds others. Raises ``BadInput``: ``record_not_fhir``."""
    match resource["resourceType"]:
        case "Bundle":
            _take_bundle(given, resource)
        case "Parameters":
            for part in _parameters(resource.get("parameter")):
                take(given, "", part)
        case _:
            given.resources.append((url, resource))


def _take_bundle(given: Given, bundle: Json) -> None:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise BadInput(f"{given.name}: the bundle's entry is not a list.", code="record_not_fhir")
    for link in bundle.get("link") or []:
        if isinstance(link, dict) and isinstance(link.get("url"), str):
            if link.get("relation") == "next":
                given.following.add(link["url"])
            elif link.get("relation") == "self":
                given.own.add(link["url"])
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        url, request, response = str(entry.get("fullUrl", "")), entry.get("request"), entry.get("response")
        if isinstance(request, dict) and request.get("method") == "DELETE":
            given.deleted.add(_key(url or str(request.get("url", ""))))
        if isinstance(response, dict) and str(response.get("status", ""))[:1] in ("4", "5"):
            given.failed += 1
        elif _is_resource(entry.get("resource")):
            take(given, url, entry["resource"])


def _parameters(parts: Any) -> Iterator[Json]:
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict):
            if _is_resource(part.get("resource")):
                yield part["resource"]
            yield from _parameters(part.get("part"))


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def record_of(files: Sequence[Given]) -> Record:
    """One record of one patient. Raises ``BadInput``: ``record_patients_mixed``, ``record_empty``."""
    name = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more files"
    everything = [pair for each in files for pair in each.resources]
    latest, older = _latest(everything, {key for each in files for key in each.deleted})
    if (count := len(patients_in(latest))) > 1:
        raise BadInput(
            f"{name} holds the records of {count} patients. Give the record of one.",
            code="record_patients_mixed",
        )
    resources = whole_parts(read_resources(latest))
    if not resources:
        raise nothing_in(name)
    notes = [f"{len(resources)} resource{'s' * (len(resources) != 1)}"]
    own = {_page(each) for file in files for each in file.own}
    if missing := {_page(url) for file in files for url in file.following} - own:
        pages = "a page is" if len(missing) == 1 else f"{len(missing)} pages are"
        notes.append(f"Incomplete: the server has more, {pages} missing. Give all pages in one folder.")
    if failed := sum(file.failed for file in files):
        notes.append(f"{failed} of the requests of a batch failed: their answers are missing.")
    if older:
        notes.append(f"Left out: {older} older or deleted versions of what is in it.")
    notes += _version_notes(each for _, each in latest)
    notes += _attachment_notes(each for _, each in latest)
    notes += unread(each for _, each in latest)
    notes += [note for file in files for note in file.notes]
    return Record(resources, tuple(notes))


def nothing_in(name: str) -> BadInput:
    return BadInput(f"{name} holds no clinical resources.", code="record_empty")


def _page(url: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """The key that tells a page of a search from others: not the order of its parameters, nor http from
    https."""
    parts = urlsplit(url)
    return parts.netloc, parts.path.rstrip("/"), tuple(sorted(parse_qsl(parts.query, True)))


def _latest(given: Sequence[tuple[str, Json]], deleted: set[str]) -> tuple[list[tuple[str, Json]], int]:
    """The newest version of each resource, in the order of first sight, and how many others there were.
    Histories begin with the newest."""
    kept: dict[str, tuple[str, Json]] = {}
    left_out = 0
    for index, (url, each) in enumerate(given):
        key = f"{each['resourceType']}/{each['id']}" if each.get("id") else _key(url)
        if key and key in deleted:
            left_out += 1
        elif not key:
            kept[f"#{index}"] = (url, each)
        elif key not in kept:
            kept[key] = (url, each)
        elif kept[key][1] == each:  # given twice
            continue
        else:
            left_out += 1
            if _age(each) > _age(kept[key][1]):
                kept[key] = (url, each)
    return list(kept.values()), left_out


def _age(resource: Json) -> tuple[str, int]:
    """A sort key: newer versions compare as greater."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return "", 0
    version = str(meta.get("versionId", ""))
    return str(meta.get("lastUpdated", "")), int(version) if version.isdecimal() else 0


def _key(address: str) -> str:
    """``Patient/12`` of any address of it."""
    parts = address.partition("/_history")[0].split("?")[0].split("/")
    return "/".join(parts[-2:])


def patients_in(given: Iterable[tuple[str, Json]]) -> set[str]:
    """The patients of these resources, each by one of the ways in which it is named. Records that are linked
    as one person's are one."""
    given = list(given)
    same: dict[str, str] = {}
    for url, each in given:
        if each["resourceType"] == "Patient":
            own = _plain(str(each.get("id") or url))
            aliases = [_plain(url)] if url else []
            aliases += [_identifier(i) for i in each.get("identifier") or [] if isinstance(i, dict)]
            for link in each.get("link") or []:
                if isinstance(link, dict) and isinstance(to := link.get("other"), dict):
                    aliases.append(_plain(str(to.get("reference", ""))))
            _join(same, own, [alias for alias in aliases if alias])
    found = {_root(same, _plain(str(e.get("id") or u))) for u, e in given if e["resourceType"] == "Patient"}
    named = {_root(same, name) for _, each in given if (name := _subject(each))}
    by_number = {name for name in named if name.startswith("number ")}
    # A number says nothing against a reference: both may be of one patient.
    return found | (named - by_number) or by_number


def patients_named(given: Given) -> list[PicturedPatient]:
    """The patients whom a file names, as far as it says number, name or birth date."""
    found = list(given.people)
    for _, each in given.resources if not found else ():
        if each["resourceType"] != "Patient":
            continue
        numbers = [str(i["value"]).strip() for i in _objects(each.get("identifier")) if i.get("value")]
        names = _objects(each.get("name"))
        usual = next((name for name in names if name.get("use") in ("official", "usual", None)), None)
        name = _person(usual or next(iter(names), {}))
        found.append(person_named(numbers, str(each.get("birthDate") or ""), name))
    return [each for each in found if each.numbers or each.name or each.born]


def person_named(numbers: Iterable[str], born: str, name: str) -> PicturedPatient:
    """``born`` counts if it is a date, of a year or a month at least."""
    first, *others = [each.strip() for each in numbers if each.strip()] or [""]
    date = re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", born)
    return PicturedPatient(first, born if date else "", name, tuple(others))


def _objects(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _person(name: Json) -> str:
    given = name.get("given")
    firsts = " ".join(map(str, given)) if isinstance(given, list) else str(given or "")
    return person_name(str(name.get("family") or ""), firsts) or str(name.get("text") or "").strip()


def same_person(files: Iterable[Given], other: Given) -> bool:
    """Whether nothing that is said of the patients in these files speaks against their being one person."""
    known = [each for file in files for _, each in file.resources if each["resourceType"] == "Patient"]
    return not any(
        _differ(one, two)
        for one in known
        for _, two in other.resources
        if two["resourceType"] == "Patient" and one.get("id") == two.get("id")
    )


def _differ(one: Json, other: Json) -> bool:
    if any(one.get(key) and other.get(key) and one[key] != other[key] for key in ("birthDate", "gender")):
        return True
    numbers = [
        {_identifier(i) for i in each.get("identifier") or [] if isinstance(i, dict)} - {""}
        for each in (one, other)
    ]
    return bool(numbers[0] and numbers[1] and not numbers[0] & numbers[1])


def _subject(resource: Json) -> str:
    for key in _SUBJECTS:
        reference = resource.get(key)
        if not isinstance(reference, dict):
            continue
        address = str(reference.get("reference") or "")
        kind = str(reference.get("type") or "")
        if address.startswith(("urn:", "Patient/")) or "/Patient/" in address:
            return _plain(address)
        if kind in ("", "Patient") and isinstance(number := reference.get("identifier"), dict):
            return _identifier(number)
    return ""


def _plain(address: str) -> str:
    """The id in any address of a patient."""
    return _key(address).rpartition("/")[2].rpartition(":")[2]


def _identifier(identifier: Json) -> str:
    value = str(identifier.get("value") or "")
    return f"number {identifier.get('system', '')} {value}" if value else ""


def _join(same: dict[str, str], own: str, aliases: Iterable[str]) -> None:
    for alias in aliases:
        one, other = _root(same, own), _root(same, alias)
        if one != other:
            same[other] = one


def _root(same: dict[str, str], name: str) -> str:
    while name in same:
        name = same[name]
    return name


def _version_notes(resources: Iterable[Json]) -> Iterator[str]:
    """The version of the resources: the one that they state; else, where it is not R4, what their fields
    tell."""
    stated: set[str] = set()
    counts: Counter[str] = Counter()
    for each in resources:
        stated.update(_stated_versions(each))
        if each["resourceType"] in DSTU2_TYPES or "wasNotGiven" in each or "wasNotTaken" in each:
            counts["DSTU2"] += 1
        elif "notDone" in each or "notGiven" in each or "taken" in each:
            counts["STU3"] += 1
        elif isinstance(drug := each.get("medication"), dict) and {"concept", "reference"} & set(drug):
            counts["R5"] += 1
    if stated:
        other = any(not version.startswith("4.") for version in stated)
        yield f"It states FHIR {' and '.join(sorted(stated))}" + (_LIKE_R4 if other else ".")
    for version, count in counts.items():
        yield f"{count} resources are of FHIR {version}, by their fields{_LIKE_R4}"


_LIKE_R4 = ": read by what it shares with R4."
_STATED = re.compile(r"hl7\.org/fhir/(?:(\d\.\d)/)?StructureDefinition/[A-Za-z]+(?:\|(\d+\.\d+(?:\.\d+)?))?$")
"""A profile of the standard itself, in a folder of its version or with its version behind it."""


def _stated_versions(resource: Json) -> Iterator[str]:
    if isinstance(version := resource.get("fhirVersion"), str):  # a CapabilityStatement's
        yield version
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    for profile in profiles if isinstance(profiles, list) else []:
        if found := _STATED.search(str(profile)):
            yield from filter(None, found.groups())


def _attachment_notes(resources: Iterable[Json]) -> Iterator[str]:
    elsewhere = 0
    kinds: Counter[str] = Counter()
    for each in resources:
        for attachment in attachments_of(each):
            if attachment.get("data") is None:
                elsewhere += 1
            elif attached(attachment) is None:
                kinds[str(attachment.get("contentType") or "no kind")] += 1
    if elsewhere:
        yield f"Not in it: {elsewhere} attached notes that lie on a server."
    if kinds:
        named = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        yield f"Attached notes that are not read: {named}."
