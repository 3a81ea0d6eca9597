"""Orders of a DICOM modality worklist, by C-FIND (pynetdicom).

An entry leaves that list when its examination has been made or was cancelled; the list does not say which.
"""

import logging
import re
import ssl
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import ValidationError
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import ModalityWorklistInformationFind  # type: ignore[attr-defined]

from assistant.errors import AssistantError
from assistant.events import Order, Patient
from assistant.orders.order import PlacedOrder, person_name

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # below that it logs what it gets

WAIT_S = 20.0
MOST_ORDERS = 5000
PENDING, SUCCESS = (0xFF00, 0xFF01), 0x0000
SEX = {"F": "female", "M": "male", "O": "other"}
_ADDRESS = re.compile(r"(?P<title>[^@\s\\]{1,16})@(?P<host>[^@\s]+):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Peer:
    """``AETITLE@host:port``."""

    title: str
    host: str
    port: int


def peer_of(address: str) -> Peer | None:
    found = _ADDRESS.fullmatch(address)
    return Peer(found["title"], found["host"], int(found["port"])) if found else None


def scheduled(
    peer: Peer,
    own_title: str,
    *,
    days_back: int,
    days_ahead: int,
    modality: str = "",
    tls: ssl.SSLContext | None = None,
) -> tuple[list[PlacedOrder], int]:
    """The entries of these days, and how many were left out, since they name no patient or cannot be read.
    Waits for the network. ``tls`` checks the worklist's certificate, also that it is for its host.

    Raises ``AssistantError``: ``orders_unreachable``, ``orders_refused``, ``orders_too_many``: then nothing
    is known of any.
    """
    entity = AE(ae_title=own_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = WAIT_S
    entity.add_requested_context(ModalityWorklistInformationFind)
    secured = (tls, peer.host) if tls else None
    association = entity.associate(peer.host, peer.port, ae_title=peer.title, tls_args=secured)
    if not association.is_established:
        raise AssistantError("The modality worklist does not answer, or refuses.", code="orders_unreachable")
    found: list[PlacedOrder] = []
    left_out = 0
    try:
        today = date.today()
        span = (today - timedelta(days=days_back), today + timedelta(days=days_ahead))
        query = _query("-".join(f"{each:%Y%m%d}" for each in span), modality)
        ended = False
        for status, identifier in association.send_c_find(query, ModalityWorklistInformationFind):
            code = status.Status if "Status" in status else None
            if code in PENDING and identifier is not None:
                placed = placed_of(identifier)
                left_out += placed is None
                found += [placed] if placed else []
                if len(found) > MOST_ORDERS:
                    message = f"The worklist has more than {MOST_ORDERS} orders: narrow it."
                    raise AssistantError(message, code="orders_too_many")
            elif code == SUCCESS:
                ended = True
            else:
                break
        if not ended:  # an answer that was broken off says nothing about those that it lacks
            raise AssistantError("The modality worklist failed to answer.", code="orders_refused")
    finally:
        association.release() if association.is_established else association.abort()
    return list({each.key: each for each in found}.values()), left_out


def _query(days: str, modality: str) -> Dataset:
    query = Dataset()
    for name in (
        *("AccessionNumber", "PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
        *("StudyInstanceUID", "RequestedProcedureDescription", "RequestedProcedureID"),
        *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
    ):
        setattr(query, name, "")
    step = Dataset()
    step.ScheduledProcedureStepStartDate, step.Modality = days, modality
    for name in (
        *("ScheduledProcedureStepStartTime", "ScheduledProcedureStepDescription"),
        *("ScheduledProcedureStepID", "ScheduledProcedureStepStatus"),
    ):
        setattr(step, name, "")
    query.ScheduledProcedureStepSequence = [step]
    return query


def placed_of(entry: Dataset) -> PlacedOrder | None:
    """None where it names no patient, or nothing that tells it from others."""
    steps = entry.get("ScheduledProcedureStepSequence") or [Dataset()]
    step = steps[0]
    study, accession = _text(entry, "StudyInstanceUID"), _text(entry, "AccessionNumber")
    key = study or "/".join(
        filter(
            None, (accession, _text(entry, "RequestedProcedureID"), _text(step, "ScheduledProcedureStepID"))
        )
    )
    number, name = _text(entry, "PatientID"), entry.get("PatientName")
    if not (key and number):
        return None
    given = " ".join(filter(None, (name.given_name, name.middle_name))) if name else ""
    try:
        return PlacedOrder(
            source="dicom",
            key=key,
            patient=Patient.model_validate(
                {
                    "id": number,
                    "name": person_name(name.family_name, given) if name else "",
                    "born": _day(_text(entry, "PatientBirthDate")),
                    "sex": SEX.get(_text(entry, "PatientSex"), ""),
                }
            ),
            order=Order(
                accession=accession,
                exam=_text(entry, "RequestedProcedureDescription")
                or _text(step, "ScheduledProcedureStepDescription"),
                at=_moment(step),
                placer=_text(entry, "PlacerOrderNumberImagingServiceRequest"),
                filler=_text(entry, "FillerOrderNumberImagingServiceRequest"),
                study=study,
            ),
            modality=_text(step, "Modality"),
        )
    except ValidationError:
        return None


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name)
    return "" if value is None else str(value).strip()


def _day(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if re.fullmatch(r"\d{8}", digits) else ""


def _moment(step: Dataset) -> str:
    day, time = (
        _day(_text(step, "ScheduledProcedureStepStartDate")),
        _text(step, "ScheduledProcedureStepStartTime"),
    )
    return f"{day}T{time[:2]}:{time[2:4]}" if day and re.match(r"\d{4}", time) else day
