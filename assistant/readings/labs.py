"""A lab report as a table: read from an answer, checked row by row, written as CSV and FHIR. Pure."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.readings.fenced import fenced_json
from assistant.readings.lab_codes import LOINC, UCUM, loinc_of, ucum_of
from assistant.readings.notation import NUMBER, Notation, is_ambiguous, notation_of, value_of

Flag = Literal["", "low", "normal", "high", "abnormal", "critical low", "critical high", "critical"]
MOST_ROWS = 200
MOST_REJECTED_CHARS = 300
LONGEST_CELL_CHARS = 500

_COMPARATOR = r"(?P<comparator><=|>=|<|>|≤|≥)?"
_RESULT = re.compile(rf"{_COMPARATOR}\s*(?P<value>{NUMBER})(?P<rest>.*)")
_RANGE = re.compile(rf"(?P<low>{NUMBER})\s*(?:-|–|—|to|bis|…|\.\.)\s*(?P<high>{NUMBER})(?P<rest>.*)", re.I)
_BOUND = re.compile(
    rf"(?P<sign><=|>=|<|>|≤|≥|up to|bis|less than|more than)\s*(?P<value>{NUMBER})(?P<rest>.*)", re.I
)
_BRACKETS = {"(": ")", "[": "]"}
_RATE = re.compile(r"\S*/[a-zµμ]\S*", re.I)
_FLAGS: dict[str, Flag] = {
    "l": "low", "low": "low", "↓": "low", "h": "high", "high": "high", "↑": "high", "+": "high",
    "n": "normal", "normal": "normal", "wnl": "normal", "a": "abnormal", "abnormal": "abnormal",
    "*": "abnormal", "**": "abnormal", "!": "abnormal", "!!": "abnormal",
    "aa": "critical", "c": "critical", "crit": "critical",
    "critical": "critical", "panic": "critical", "ll": "critical low",
    "↓↓": "critical low", "low low": "critical low", "lc": "critical low",
    "cl": "critical low", "critical low": "critical low", "critically low": "critical low",
    "panic low": "critical low", "hh": "critical high", "↑↑": "critical high",
    "high high": "critical high", "hc": "critical high", "ch": "critical high",
    "critical high": "critical high", "critically high": "critical high", "panic high": "critical high",
}  # fmt: skip
_NO_FLAG = {"", "-", "–", "—", "none", "null", "n/a", "na"}
_COMPARATORS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}
AMBIGUOUS = "may be in thousands or a decimal: the report does not tell which"


class LabRow(BaseModel):
    """One result, as the report prints it. A cell that may be empty never costs the row."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    name: str = Field(min_length=1, max_length=LONGEST_CELL_CHARS)
    result: str = Field(min_length=1, max_length=LONGEST_CELL_CHARS)
    unit: str = ""
    reference: str = ""
    flag: Flag = ""
    specimen: str = ""
    method: str = ""
    collected: str = Field("", description="When the sample was taken, as printed.")
    printed: str = Field("", description="The flag as the report prints it.")
    note: str = Field("", description="Doubts about this row, in words.")

    @field_validator("unit", "reference", "specimen", "method", "collected", "printed", "note", mode="before")
    @classmethod
    def _optional(cls, value: Any) -> str:
        return _shown(value)

    @field_validator("flag", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Flag:
        return known_flag(_shown(value))


class LabReport(BaseModel):
    """``rejected`` counts the rows that did not fit the table; ``rejected_rows`` are the first of them, as
    text."""

    rows: list[LabRow]
    rejected: int = 0
    rejected_rows: list[str] = []
    notation: Notation = "unknown"


class _Number(NamedTuple):
    """A result that is a number: ``flag`` and ``unit`` stand behind it in its cell."""

    comparator: str
    text: str
    flag: str
    unit: str


def parse_labs(answer: str) -> LabReport | None:
    """The table in an answer; None where there is none. A row's flag is worked out from its own numbers where
    they can be read, whatever the model says; a flag of the report that says otherwise is noted."""
    found = fenced_json(answer)
    if isinstance(found, dict):
        found = [each for value in found.values() if isinstance(value, list) for each in value]
    if not isinstance(found, list):
        return None
    rows: list[LabRow] = []
    rejected: list[str] = []
    for each in found[:MOST_ROWS]:
        try:
            row = LabRow.model_validate(each)
            printed = _shown(each.get("flag"))
            rows.append(row.model_copy(update={"printed": "" if printed.lower() in _NO_FLAG else printed}))
        except ValidationError:
            rejected.append(_shown(each)[:MOST_REJECTED_CHARS])
    notation = notation_of(text for row in rows for text in _numbers(row))
    rows = [_settled(row, notation) for row in rows]
    if not rows:
        return None
    return LabReport(rows=rows, rejected=len(found) - len(rows), rejected_rows=rejected, notation=notation)


def known_flag(printed: str) -> Flag:
    """The meaning of a report's flag; empty if there is none or it is unknown."""
    words = " ".join(printed.lower().strip("()[]").replace("_", " ").split())
    return _FLAGS.get(words, "")


def _shown(value: Any) -> str:
    """Anything of JSON as text."""
    match value:
        case None:
            return ""
        case str():
            text = value
        case list():
            text = "; ".join(map(_shown, value))
        case dict():
            text = "; ".join(f"{key}: {_shown(each)}" for key, each in value.items())
        case _:
            text = json.dumps(value)
    text = text.strip()
    return text if len(text) <= LONGEST_CELL_CHARS else f"{text[: LONGEST_CELL_CHARS - 1]}…"


def _settled(row: LabRow, notation: Notation) -> LabRow:
    """The row with its flag worked out, and with what is doubtful in it said."""
    parsed = _result(row.result, row.unit)
    printed = row.printed or (parsed.flag if parsed else "")
    said = known_flag(printed)
    worked_out = flag_of(row.result, row.reference, notation, row.unit)
    notes = []
    if any(is_ambiguous(text) and value_of(text, notation) is None for text in _numbers(row)):
        notes.append(f"{' / '.join(filter(None, (row.result, row.reference)))} {AMBIGUOUS}.")
    if printed and worked_out and not _agree(said, worked_out):
        notes.append(f"The report prints “{printed}”; {row.result} against {row.reference} is {worked_out}.")
    flag = worked_out or said
    if worked_out and said.startswith("critical") and _agree(said, worked_out):
        flag = said if said != "critical" else known_flag(f"critical {worked_out}")
    return row.model_copy(update={"flag": flag, "printed": printed, "note": " ".join(notes)})


def _agree(said: Flag, worked_out: Flag) -> bool:
    """Whether a printed flag leaves room for what the numbers say."""
    match said:
        case "" | "abnormal" | "critical":  # of an unknown word it is sure that it was printed for a reason
            return worked_out != "normal"
        case "critical low" | "critical high":
            return said.removeprefix("critical ") == worked_out
        case _:
            return said == worked_out


def flag_of(result: str, reference: str, notation: Notation | None = None, unit: str = "") -> Flag:
    """``low``, ``normal`` or ``high`` where result and reference are numbers that settle it; else empty.
    Without a ``notation`` these two alone tell it."""
    if notation is None:
        notation = notation_of(_numbers(LabRow(name="-", result=result, reference=reference, unit=unit)))
    parsed = _result(result, unit)
    value = parsed and value_of(parsed.text, notation)
    if parsed is None or value is None:
        return ""
    low, high = _bounds(reference, notation, unit or parsed.unit)
    if low is None and high is None:
        return ""
    comparator = parsed.comparator
    if low is not None and (value < low or (value == low and comparator == "<")):
        return "low" if comparator in ("", "<", "<=") else ""
    if high is not None and (value > high or (value == high and comparator == ">")):
        return "high" if comparator in ("", ">", ">=") else ""
    return "" if comparator else "normal"


def _result(text: str, unit: str) -> _Number | None:
    """``5.8``, ``< 0.6``, ``5.8 H``, ``H 5.8``, ``5.8 mmol/L *``: a number with no more than its flag and its
    unit beside it."""
    text = text.strip()
    before, _, rest = text.partition(" ")
    flag = ""
    if before.lower() in _FLAGS and rest and not re.fullmatch(r"[-+]+", before):
        flag, text = before, rest.strip()
    parsed = _RESULT.fullmatch(text)
    if parsed is None:
        return None
    rest, printed_unit = parsed["rest"], ""
    spaced = rest[:1].isspace() or rest[:1] in "*!↑↓([%" or not rest
    rest = rest.strip()
    if not spaced and not _same_unit(rest, unit) and rest.upper() not in ("H", "L", "HH", "LL"):
        return None
    words = rest.split()
    if words and not flag and _flag_word(words[-1]):
        flag = words.pop()
    if words:
        printed_unit = " ".join(words)
        if unit and not _same_unit(printed_unit, unit):
            return None
        if not unit and not _is_unit(printed_unit):
            return None
    return _Number(_COMPARATORS.get(parsed["comparator"] or "", ""), parsed["value"], flag, printed_unit)


def _flag_word(word: str) -> bool:
    return word.lower().strip("()[]") in _FLAGS and not re.fullmatch(r"[-+]+", word)


def _same_unit(one: str, other: str) -> bool:
    return bool(one) and _squeezed(one) == _squeezed(other)


def _is_unit(text: str) -> bool:
    """Words are none: "140 hemolyzed", "5 to 6"."""
    return bool(ucum_of(text) or _RATE.fullmatch(text))


def _squeezed(unit: str) -> str:
    return re.sub(r"\s", "", unit).lower().replace("μ", "µ").strip("()[]")


def _limits(reference: str, unit: str) -> tuple[str | None, str | None]:
    """Low and high of a reference as printed. A unit in it has to be that of the result."""
    text = reference.strip()
    while text and _BRACKETS.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    if text[:1] in _BRACKETS:  # "[135-145] mmol/L"
        inside, _, rest = text[1:].partition(_BRACKETS[text[0]])
        text = f"{inside} {rest}"
    found = _RANGE.fullmatch(text) or _BOUND.fullmatch(text)
    if found is None:
        return None, None
    rest = found["rest"].strip()
    if rest and not (_same_unit(rest, unit) or (not unit and _is_unit(rest.strip("()[]")))):
        return None, None
    if "low" in found.re.groupindex:
        return found["low"], found["high"]
    at_most = found["sign"].lower() in ("<", "≤", "<=", "up to", "bis", "less than")
    return (None, found["value"]) if at_most else (found["value"], None)


def _numbers(row: LabRow) -> Iterator[str]:
    """The numbers of a row, as printed."""
    parsed = _result(row.result, row.unit)
    if parsed:
        yield parsed.text
    for limit in _limits(row.reference, row.unit or (parsed.unit if parsed else "")):
        if limit:
            yield limit


def _bounds(reference: str, notation: Notation, unit: str) -> tuple[float | None, float | None]:
    printed = _limits(reference, unit)
    low, high = (value_of(limit, notation) if limit else None for limit in printed)
    if any(limit and value is None for limit, value in zip(printed, (low, high), strict=True)):
        return None, None  # one that cannot be read may be the one that matters
    if low is not None and high is not None and low > high:
        return None, None
    return low, high


COLUMNS = (
    "name",
    "result",
    "unit",
    "reference",
    "flag",
    "specimen",
    "method",
    "collected",
    "printed",
    "note",
)
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CHANGED = re.compile(
    rf"[0-3]?\d\s*[-/]\s*[0-3]?\d(?:[-/]\d{{2,4}})?|{_MONTH}[-/ ]?\d{{1,4}}|\d{{1,2}}[-/ ]?{_MONTH}"
    r"|0\d+|\d{16,}|\d+(?:\.\d+)?e\d+|\d{1,2}:\d{2}(?::\d{2})?",
    re.I,
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(report: LabReport) -> str:
    """With a header line; what could not be read as a row follows in the column of notes. A cell that a
    spreadsheet would run as a formula is quoted with an apostrophe, but for plain numbers."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in report.rows:
        writer.writerow(cell(str(getattr(row, column))) for column in COLUMNS)
    for left_out in _left_out(report):
        writer.writerow(left_out if column == "note" else "" for column in COLUMNS)
    return buffer.getvalue()


def _left_out(report: LabReport) -> Iterator[str]:
    """A sentence for each rejected row that is known, and one for the others."""
    for text in report.rejected_rows:
        yield f"Not read as a row: {text or 'an empty row'}"
    if more := report.rejected - len(report.rejected_rows):
        yield f"{more} more could not be read as rows: see the report itself."


def cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs as a formula, or turns into a date ("3-5") or into a number
    of fewer digits ("007")."""
    number = re.fullmatch(NUMBER, text)
    changed = text.startswith(_FORMULA) and not number
    return f"'{text}" if changed or _CHANGED.fullmatch(text.strip()) else text


_INTERPRETATION = {
    "low": ("L", "Low"),
    "normal": ("N", "Normal"),
    "high": ("H", "High"),
    "abnormal": ("A", "Abnormal"),
    "critical low": ("LL", "Critical low"),
    "critical high": ("HH", "Critical high"),
    "critical": ("AA", "Critical abnormal"),
}
GENERATED = "Read from a report by a language model; not verified."


def to_fhir(report: LabReport) -> dict[str, Any]:
    """A FHIR R4 Bundle of preliminary Observations. Names and units are text as printed, with the LOINC and
    UCUM codes that ``lab_codes`` is sure of. No patient is named: who imports it says whose they are. An
    OperationOutcome at the end says what could not be read as a row."""
    resources = [_observation(row, report.notation) for row in report.rows]
    issues = [
        {"severity": "warning", "code": "processing", "diagnostics": each} for each in _left_out(report)
    ]
    if issues:
        resources.append({"resourceType": "OperationOutcome", "issue": issues})
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in resources],
    }


def _observation(row: LabRow, notation: Notation) -> dict[str, Any]:
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
    parsed = _result(row.result, row.unit)
    unit = row.unit or (parsed.unit if parsed else "")
    value = parsed and value_of(parsed.text, notation)
    if parsed is not None and value is not None:
        quantity = _quantity(value, unit)
        if parsed.comparator:
            quantity["comparator"] = parsed.comparator
        observation["valueQuantity"] = quantity
    else:
        observation["valueString"] = f"{row.result} {row.unit}".strip()
    if row.reference:
        low, high = _bounds(row.reference, notation, unit)
        limits = {"low": low, "high": high}
        quantities = {name: _quantity(each, unit) for name, each in limits.items() if each is not None}
        observation["referenceRange"] = [{**quantities, "text": row.reference}]
    if row.flag:
        code, display = _INTERPRETATION[row.flag]
        system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
        observation["interpretation"] = [{"coding": [{"system": system, "code": code, "display": display}]}]
    elif row.printed:
        observation["interpretation"] = [{"text": row.printed}]
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
    printed = {"specimen": row.specimen, "collected": row.collected, "flag as printed": row.printed}
    said = [f"{name}: {value}" for name, value in printed.items() if value]
    return [*said, row.note] if row.note else said
