"""A lab report as a table: read from an answer, checked row by row, written as CSV and FHIR. Pure."""

import csv
import io
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.readings.fenced import fenced_json
from assistant.readings.lab_codes import LOINC, UCUM, loinc_of, ucum_of

Flag = Literal["", "low", "normal", "high", "abnormal"]
MOST_ROWS = 200

_NUMBER = r"[-+]?(?:0,\d+|\d+(?:[.]\d+|,(?!\d{3}(?!\d))\d+)?)"
"""Not ``1,250``: a thousand and more in one country, a little more than one in another."""
_RESULT = re.compile(rf"^(?P<comparator>[<>]=?|≤|≥)?\s*(?P<value>{_NUMBER})$")
_RANGE = re.compile(rf"^\(?\s*(?P<low>{_NUMBER})\s*(?:-|–|—|to)\s*(?P<high>{_NUMBER})\s*\)?$")
_BOUND = re.compile(rf"^(?P<sign>[<>]|≤|≥|<=|>=|up to|less than|more than)\s*(?P<value>{_NUMBER})$", re.I)
_FLAGS: dict[str, Flag] = {
    "": "", "l": "low", "low": "low", "↓": "low", "ll": "low", "h": "high", "high": "high", "↑": "high",
    "hh": "high", "n": "normal", "normal": "normal", "a": "abnormal", "abnormal": "abnormal", "*": "abnormal",
}  # fmt: skip
_COMPARATORS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}


class LabRow(BaseModel):
    """One result, as the report prints it."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    name: str = Field(min_length=1, max_length=200)
    result: str = Field(min_length=1, max_length=200)
    unit: str = Field("", max_length=50)
    reference: str = Field("", max_length=100)
    flag: Flag = ""
    specimen: str = Field("", max_length=100)
    method: str = Field("", max_length=100)
    collected: str = Field("", max_length=50, description="When the sample was taken, as printed.")

    @field_validator("unit", "reference", "specimen", "method", "collected", mode="before")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        return "" if value is None else value

    @field_validator("flag", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        return _FLAGS.get(str(value or "").strip().lower(), value)


class LabReport(BaseModel):
    """``rejected`` counts the rows that did not fit the table: look at the report itself for those."""

    rows: list[LabRow]
    rejected: int = 0


def parse_labs(answer: str) -> LabReport | None:
    """The table in an answer; None where there is none. A row's flag is worked out from its own numbers where
    they can be read, whatever the model says."""
    found = fenced_json(answer)
    if isinstance(found, dict):
        found = next((value for value in found.values() if isinstance(value, list)), None)
    if not isinstance(found, list):
        return None
    rows: list[LabRow] = []
    for each in found[:MOST_ROWS]:
        try:
            row = LabRow.model_validate(each)
        except ValidationError:
            continue
        worked_out = flag_of(row.result, row.reference)
        rows.append(row.model_copy(update={"flag": worked_out}) if worked_out else row)
    return LabReport(rows=rows, rejected=len(found) - len(rows)) if rows else None


def flag_of(result: str, reference: str) -> Flag:
    """``low``, ``normal`` or ``high`` where result and reference are numbers that settle it; else empty."""
    parsed = _RESULT.match(result.strip())
    if parsed is None:
        return ""
    low, high = _bounds(reference)
    if low is None and high is None:
        return ""
    value, comparator = _number(parsed["value"]), _COMPARATORS.get(parsed["comparator"] or "", "")
    if low is not None and (value < low or (value == low and comparator == "<")):
        return "low" if comparator in ("", "<", "<=") else ""
    if high is not None and (value > high or (value == high and comparator == ">")):
        return "high" if comparator in ("", ">", ">=") else ""
    return "" if comparator else "normal"


def _bounds(reference: str) -> tuple[float | None, float | None]:
    text = reference.strip()
    if between := _RANGE.match(text):
        low, high = _number(between["low"]), _number(between["high"])
        return (low, high) if low <= high else (None, None)
    if bound := _BOUND.match(text):
        value = _number(bound["value"])
        at_most = bound["sign"].lower() in ("<", "≤", "<=", "up to", "less than")
        return (None, value) if at_most else (value, None)
    return None, None


def _number(text: str) -> float:
    return float(text.replace(",", "."))


COLUMNS = ("name", "result", "unit", "reference", "flag", "specimen", "method", "collected")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(report: LabReport) -> str:
    """With a header line. A cell that a spreadsheet would run as a formula is quoted with an apostrophe, but
    for plain numbers."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in report.rows:
        writer.writerow(cell(str(getattr(row, column))) for column in COLUMNS)
    return buffer.getvalue()


def cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) and not _RESULT.match(text) else text


_INTERPRETATION = {
    "low": ("L", "Low"),
    "normal": ("N", "Normal"),
    "high": ("H", "High"),
    "abnormal": ("A", "Abnormal"),
}
GENERATED = "Read from a report by a language model; not verified."


def to_fhir(report: LabReport) -> dict[str, Any]:
    """A FHIR R4 Bundle of preliminary Observations. Names and units are text as printed, with the LOINC and
    UCUM codes that ``lab_codes`` is sure of. No patient is named: who imports it says whose they are."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": _observation(row)} for row in report.rows],
    }


def _observation(row: LabRow) -> dict[str, Any]:
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                    }
                ]
            }
        ],
        "code": _code(row),
        "note": [{"text": "; ".join([GENERATED, *_printed(row)])}],
    }
    if parsed := _RESULT.match(row.result):
        quantity = _quantity(_number(parsed["value"]), row.unit)
        if comparator := parsed["comparator"]:
            quantity["comparator"] = _COMPARATORS[comparator]
        observation["valueQuantity"] = quantity
    else:
        observation["valueString"] = f"{row.result} {row.unit}".strip()
    if row.reference:
        low, high = _bounds(row.reference)
        limits = {"low": low, "high": high}
        quantities = {name: _quantity(value, row.unit) for name, value in limits.items() if value is not None}
        observation["referenceRange"] = [{**quantities, "text": row.reference}]
    if row.flag:
        code, display = _INTERPRETATION[row.flag]
        system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
        observation["interpretation"] = [{"coding": [{"system": system, "code": code, "display": display}]}]
    if row.method:
        observation["method"] = {"text": row.method}
    return observation


def _code(row: LabRow) -> dict[str, Any]:
    code = loinc_of(row.name, row.unit, row.specimen)
    return {"text": row.name, **({"coding": [{"system": LOINC, "code": code}]} if code else {})}


def _quantity(value: float, unit: str) -> dict[str, Any]:
    quantity: dict[str, Any] = {"value": value}
    if unit:
        quantity["unit"] = unit
    if code := ucum_of(unit):
        quantity |= {"system": UCUM, "code": code}
    return quantity


def _printed(row: LabRow) -> list[str]:
    printed = {"specimen": row.specimen, "collected": row.collected}
    return [f"{name}: {value}" for name, value in printed.items() if value]
