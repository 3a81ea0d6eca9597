"""The fields to extract: reading a schema, asking for its fields, checking an answer against them. Pure.

A schema is a JSON Schema of one flat object: ``properties`` with ``type`` (string, number, integer, boolean),
``enum`` and ``description``.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from assistant.errors import BadInput
from assistant.extraction.evidence import find, number_of, report_notation, states
from assistant.readings.fenced import fenced_json
from assistant.readings.notation import Notation, value_of

Type = Literal["string", "number", "integer", "boolean"]
Value = str | int | float | bool
MOST_FIELDS = 60

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    name: str
    type: Type
    description: str = ""
    choices: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Extracted:
    """A value with the words it rests on: ``text[start:end] == source``."""

    value: Value
    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field has no value although the model gave one. Holds nothing of the report."""

    field: str
    code: Literal["value_invalid", "source_missing", "source_not_in_text", "value_not_in_source"]


def parse_schema(raw: str) -> tuple[FieldSpec, ...]:
    """Raises ``BadInput``: ``schema_invalid``, naming the field."""
    try:
        schema = json.loads(raw)
    except ValueError:
        raise BadInput("The schema is not JSON.", code="schema_invalid") from None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not 0 < len(properties) <= MOST_FIELDS:
        raise BadInput(
            f"The schema needs 'properties': 1 to {MOST_FIELDS} fields with their types.",
            code="schema_invalid",
        )
    return tuple(_field(name, spec) for name, spec in properties.items())


def _field(name: str, spec: Any) -> FieldSpec:
    kind: Any = spec.get("type") if isinstance(spec, dict) else None
    if not _NAME.fullmatch(name) or kind not in get_args(Type):
        raise BadInput(
            f"Field {name!r}: a name of letters, digits and _, and a type of {', '.join(get_args(Type))}.",
            code="schema_invalid",
        )
    field = FieldSpec(name, kind, str(spec.get("description", "")), tuple(spec.get("enum", ())))
    if any(_typed(field.type, choice) is None for choice in field.choices):
        raise BadInput(f"Field {name!r}: its enum is not of its type.", code="schema_invalid")
    return field


def instruction(fields: tuple[FieldSpec, ...], report: str) -> str:
    """The prompt, including the report."""
    lines = [_line(field) for field in fields]
    return (
        "Extract these fields from the report below:\n"
        + "\n".join(lines)
        + '\n\nAnswer with one ```json object. For each field give {"value": …, "source": "…"}, where '
        "source is the shortest passage that states the value, copied exactly from the report. Give null "
        "for a field that the report does not state. Do not guess, and do not compute. All that follows is "
        "the report.\n\n"
        f"{report}"
    )


def _line(field: FieldSpec) -> str:
    choices = f", one of {json.dumps(field.choices, ensure_ascii=False)}" if field.choices else ""
    description = f": {field.description}" if field.description else ""
    return f"- {field.name} ({field.type}{choices}){description}"


def read_answer(
    fields: tuple[FieldSpec, ...], report: str, answer: str
) -> tuple[dict[str, Extracted], list[Problem]] | None:
    """The values that hold, and what is wrong with the others; None where the answer is no JSON object. A
    field that the answer leaves out or gives as null has neither."""
    found = fenced_json(answer)
    if not isinstance(found, dict):
        return None
    values: dict[str, Extracted] = {}
    problems: list[Problem] = []
    for field in fields:
        match _checked(field, report, found.get(field.name)):
            case Extracted() as extracted:
                values[field.name] = extracted
            case Problem() as problem:
                problems.append(problem)
    return values, problems


def _checked(field: FieldSpec, report: str, given: Any) -> Extracted | Problem | None:
    if given is None or (isinstance(given, dict) and given.get("value") is None):
        return None
    if not isinstance(given, dict):
        return Problem(field.name, "source_missing")
    notation = report_notation(report)
    value = _typed(field.type, given["value"], notation)
    if value is None or (field.choices and value not in field.choices):
        return Problem(field.name, "value_invalid")
    source = given.get("source")
    if not isinstance(source, str) or not source.strip():
        return Problem(field.name, "source_missing")
    place = find(source, report)
    if place is None:
        return Problem(field.name, "source_not_in_text")
    words = report[place[0] : place[1]]
    if not isinstance(value, bool) and isinstance(value, int | float) and not states(words, value, notation):
        return Problem(field.name, "value_not_in_source")
    return Extracted(value, words, *place)


def _typed(kind: Type, value: Any, notation: Notation = "point") -> Value | None:
    """``value`` as its type; a number in a string is a number, in digits or spelled. None where it is not."""
    match kind, value:
        case "string", str() if value.strip():
            return value.strip()
        case "boolean", bool():
            return value
        case (("number" | "integer"), bool()):
            return None
        case (("number" | "integer"), int() | float()) if math.isfinite(value):
            return value if kind == "number" or value == int(value) else None
        case (("number" | "integer"), str()):
            number = value_of(value, notation)
            number = number_of(value) if number is None else number
            if number is None:
                return None
            return _typed(kind, int(number) if number == int(number) else number)
        case _:
            return None
