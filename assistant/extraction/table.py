"""The results of a batch as CSV. Pure but for the file."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.extraction.schema import FieldSpec
from assistant.readings.labs import cell


def write_csv(path: Path, fields: tuple[FieldSpec, ...], records: Iterable[dict[str, Any]]) -> None:
    """A row per report; beside each value the words it rests on."""
    header = ["file", *(name for field in fields for name in (field.name, f"{field.name}_source"))]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for record in records:
            row = [record["file"]]
            for field in fields:
                found = record["values"].get(field.name)
                row += [found["value"], found["source"]] if found else ["", ""]
            writer.writerow(cell(each) if isinstance(each, str) else each for each in row)
