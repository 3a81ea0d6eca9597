"""The results of a batch as CSV: a row for every file of the folder. Pure but for the file."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.extraction.batch import Results
from assistant.extraction.schema import FieldSpec
from assistant.readings.labs import cell


def write_csv(
    path: Path, fields: tuple[FieldSpec, ...], results: Results, reports: Sequence[str], others: Sequence[str]
) -> None:
    """A row per report, and per file of another kind; beside each value the words it rests on. A value that
    the model gave and that did not hold is marked, so that it differs from what the report does not state.
    With the mark by which Excel knows UTF-8."""
    records = results.records()
    header = ["file", "status", *(name for field in fields for name in (field.name, f"{field.name}_source"))]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for name in sorted((*reports, *others)):
            record = records.get(name)
            if record is not None:
                row = [name, "done", *_values(fields, record)]
            elif name in results.failed:
                row = [name, f"failed: {results.failed[name]}"]
            else:
                row = [name, "not read: of another kind" if name in others else "not reached"]
            row += [""] * (len(header) - len(row))
            writer.writerow(cell(each) if isinstance(each, str) else each for each in row)


def _values(fields: tuple[FieldSpec, ...], record: dict[str, Any]) -> list[Any]:
    row: list[Any] = []
    rejected = record["rejected"]
    for field in fields:
        if found := record["values"].get(field.name):
            row += [found["value"], found["source"]]
        elif field.name in rejected:
            code = rejected[field.name] if isinstance(rejected, dict) else ""  # older results have no code
            row += ["", f"[rejected: {code}]".replace(": ]", "]")]
        else:
            row += ["", ""]
    return row
