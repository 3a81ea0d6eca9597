"""Series of an archive over DICOMweb: found by accession number or study, fetched into files."""

import logging
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.uri import URI

from assistant.characters import whole_parts
from assistant.errors import AssistantError, BadInput, Missing
from assistant.imaging.study import SourceFile
from assistant.orders.pictures import PicturedPatient, pictured_patient

for _name in ("dicomweb_client", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below that they log addresses, numbers in them

TIMEOUT_S = 30.0
MOST_SERIES = 100
WANTED = [
    "Modality",
    "SeriesDescription",
    "SeriesDate",
    "StudyDate",
    "NumberOfSeriesRelatedInstances",
    "AccessionNumber",
    "PatientID",
    "PatientBirthDate",
]
LONGEST_NUMBER_CHARS = 64
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """``description``, ``date`` and ``patient`` are for the clinician who looked for it; they go nowhere
    else."""

    study: str
    series: str
    modality: str
    description: str
    date: str
    count: int
    patient: PicturedPatient


class Archive:
    """One DICOMweb service. Its methods wait for the network: call them in a thread."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else None
        self._client = DICOMwebClient(url, headers=headers, timeout=TIMEOUT_S)
        self._client.set_http_retry_params(retry=False)  # a person waits, and can press again

    def find(self, number: str) -> list[FoundSeries]:
        """The series of an accession number or of a study's UID. Raises ``BadInput``: ``number_invalid``;
        ``Missing``: ``archive_unreachable``; ``AssistantError``: ``archive_failed``.
        """
        number = number.strip()
        if not number or len(number) > LONGEST_NUMBER_CHARS or set(number) & set("*?\\"):
            raise BadInput("Give an accession number or the UID of a study.", code="number_invalid")
        is_study = number.count(".") > 2 and _UID.fullmatch(number)
        name, tag = ("StudyInstanceUID", "0020000D") if is_study else ("AccessionNumber", "00080050")
        with _Translated():
            found = self._client.search_for_series(
                search_filters={name: number},
                fields=WANTED,
                limit=MOST_SERIES,
            )
        # An archive may ignore what it cannot search by, and answer with the series of everybody.
        fitting = [each for each in found if _value(each, tag).casefold() in ("", number.casefold())]
        return whole_parts([_found(each) for each in fitting])

    def fetch(
        self,
        study: str,
        series: str | None,
        folder: Path,
        most_files: int,
        most_bytes: int,
        *,
        check: Callable[[PicturedPatient], None] = lambda _: None,
    ) -> list[SourceFile]:
        """The files of a series, or of all series of a study, in ``folder``. ``check`` is called with the
        patient whom each file names, before the file is kept, and raises ``BadInput`` to refuse it. Raises
        as ``find`` does, and ``BadInput``: ``series_unknown``, ``upload_too_large``, ``too_many_files``."""
        if not all(_UID.fullmatch(uid) and len(uid) <= 64 for uid in (study, series or study)):
            raise BadInput("Name a series by the UID of its study and its own UID.", code="series_unknown")
        files: list[SourceFile] = []
        size = 0
        with _Translated(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's quote values
            each_file = self._client.iter_series(study, series) if series else self._client.iter_study(study)
            for data in each_file:
                if len(files) == most_files:
                    message = f"The series has more than {most_files:,} files."
                    raise BadInput(message, code="too_many_files")
                check(pictured_patient(data.get("PatientID"), data.get("PatientBirthDate")))
                name = f"IM{len(files):05}.dcm"
                data.save_as(folder / name, enforce_file_format=True)
                size += (folder / name).stat().st_size
                if size > most_bytes:
                    raise BadInput(
                        f"The series is larger than {most_bytes / 2**30:g} GB.", code="upload_too_large"
                    )
                files.append(SourceFile(name, folder / name))
        if not files:
            raise BadInput("The archive has no such series.", code="series_unknown")
        return files

    def address_of(self, study: str, series: str, files: Sequence[SourceFile]) -> str:
        """The address of a fetched series, or of its instance if it has only one."""
        address = f"{self._url}/studies/{study}/series/{series}"
        if len(files) == 1:
            header = pydicom.dcmread(files[0].path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
            address += f"/instances/{header.SOPInstanceUID}"
        return address


def archive_of(address: str) -> tuple[Archive, str, str | None]:
    """``https://…/studies/UID[/series/UID]`` → the archive, the study and the series. Raises ``BadInput``."""
    try:
        uri = URI.from_string(address)
    except ValueError:
        uri = None
    if uri is None or uri.study_instance_uid is None:
        raise BadInput(f"{address} is not the address of a study or series.", code="series_unknown")
    return Archive(uri.base_url), uri.study_instance_uid, uri.series_instance_uid


class _Translated:
    """Translates the client library's exceptions into this package's errors, without the address."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case requests.HTTPError() if error.response is not None and error.response.status_code == 404:
                raise BadInput("The archive has no such series.", code="series_unknown") from None
            case requests.HTTPError():
                status = error.response.status_code if error.response is not None else "no status"
                raise AssistantError(
                    f"The archive refused the request ({status}).", code="archive_failed"
                ) from None
            case requests.RequestException():
                raise Missing(
                    "The archive does not answer. Check that it runs, and --dicomweb-url.",
                    code="archive_unreachable",
                ) from None


def _found(tags: dict[str, Any]) -> FoundSeries:
    return FoundSeries(
        study=_value(tags, "0020000D"),
        series=_value(tags, "0020000E"),
        modality=_value(tags, "00080060"),
        description=_value(tags, "0008103E"),
        date=_value(tags, "00080021") or _value(tags, "00080020"),
        count=int(_value(tags, "00201209") or 0),
        patient=pictured_patient(_value(tags, "00100020"), _value(tags, "00100030")),
    )


def _value(tags: dict[str, Any], tag: str) -> str:
    """The first value; '' if there is none, or a null."""
    values = tags.get(tag, {}).get("Value") or [""]
    return "" if values[0] is None else str(values[0])
