"""docs/compat.md: every event and field that OpenAI's own package sends, tried on this server's parser."""

import json
import re
import textwrap
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Required, Union, get_args, get_origin, get_type_hints

import openai
from openai.types.audio.transcription_create_params import TranscriptionCreateParamsBase
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.realtime import RealtimeClientEvent
from openai.types.realtime.call_create_params import CallCreateParams
from openai.types.realtime.client_secret_create_params import ClientSecretCreateParams
from pydantic import BaseModel, ValidationError
from typing_extensions import is_typeddict

from assistant.errors import BadInput
from assistant.events import SessionConfig, parse_client_event
from assistant.server.rest.chat import ChatRequest
from assistant.server.rest.secrets import SecretRequest, refused
from assistant.server.rest.transcriptions import TranscriptionRequest

Place = tuple[str, ...]
MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
BASES: dict[str, dict[str, Any]] = {
    "session.update": {"session": {}},
    "response.create": {"response": {}},
    "conversation.item.create": {"item": MESSAGE},
    "conversation.item.retrieve": {"item_id": "x"},
    "conversation.item.delete": {"item_id": "x"},
    "conversation.item.truncate": {"item_id": "x", "content_index": 0, "audio_end_ms": 0},
    "input_audio_buffer.append": {"audio": ""},
}
AT_WORK = {
    "session.audio.input.transcription.language": "other than English: `language_not_supported`",
    "session.audio.input.transcription.languages": "without English: `language_not_supported`",
    "session.audio.input.transcription.model": "any name; the recogniser that runs is echoed",
    "session.audio.input.transcription.keywords": "a hint; too long ones: `hotwords_invalid`",
    "session.audio.input.transcription.prompt": "a hint",
    "session.audio.input.transcription.delay": "a hint; what is in effect is echoed",
    "session.audio.output": "accepted, without effect: there is no sound in answers",
    "session.tracing": "without effect: nothing is told to a tracing service",
    "session.model": "any name; what runs is echoed",
    "previous_item_id": "other than the last item: `item_order_not_supported`",
    "item.content.detail": "every image is prepared as on the page",
    "conversation.item.truncate": "always `item_has_no_audio`",
    "output_audio_buffer.clear": "nothing to do: there is no sound in answers",
}
"""Decided when an event is carried out, or needs no test."""


SERVED = {
    "POST /v1/audio/transcriptions": "",
    "POST /v1/chat/completions": "",
    "GET /v1/models": "the recogniser and the answer engines",
    "GET /v1/models/{model}": "",
    "POST /v1/realtime/calls": "WebRTC; the events go over the data channel",
    "POST /v1/realtime/calls/{call_id}/hangup": "",
    "POST /v1/realtime/client_secrets": "opens one session, over a socket or a call",
}
"""Routes of the package that are served; a test asks the server for all of them."""


class CallForm(BaseModel):
    """The form that ``assistant.server.calls`` reads, which has no model there."""

    sdp: str
    session: SessionConfig = SessionConfig()


SESSION = "its fields are those of `session.update`"
BODIES: tuple[tuple[str, Any, type[BaseModel], dict[str, Any], dict[str, str]], ...] = (
    (
        "POST /v1/audio/transcriptions",
        TranscriptionCreateParamsBase,
        TranscriptionRequest,
        {},
        {
            "language": "other than English: `language_not_supported`",
            "languages": "without English: `language_not_supported`",
            "model": "another name: `model_not_found`; the recogniser that runs is in `verbose_json`",
            "prompt": "a hint; too long: `hint_too_long`",
            "keywords": "a hint",
            "include": "with `json` only: `logprobs_not_supported`",
            "timestamp_granularities": "with `verbose_json` only: `timestamps_not_supported`",
            "stream": "not with `srt` and `vtt`: `stream_not_supported`",
        },
    ),
    (
        "POST /v1/chat/completions",
        CompletionCreateParamsBase,
        ChatRequest,
        {"model": "x", "messages": [{"role": "user", "content": "x"}]},
        {"model": "another name than those of `/v1/models`: `model_not_found`", "seed": "changes nothing"},
    ),
    (
        "POST /v1/realtime/client_secrets",
        ClientSecretCreateParams,
        SecretRequest,
        {},
        {"session": SESSION},
    ),
    (
        "POST /v1/realtime/calls",
        CallCreateParams,
        CallForm,
        {"sdp": "x"},
        {"session": SESSION, "sdp": "also alone, as `application/sdp`"},
    ),
)


def markdown() -> str:
    lines = [
        "<!-- Made by scripts/generated from the types of the openai package; do not edit. -->",
        "# What OpenAI's clients may send",
        "",
        "Every client event, route and field of the `openai` package, version",
        f"{openai.__version__}, tried on this server. What is refused gets an error with that code; nothing",
        "is ignored. What `/v1/realtime` answers is in",
        "[the protocol](protocol.md), and the routes are in [HTTP for OpenAI's clients](api.md).",
    ]
    for model in get_args(get_args(RealtimeClientEvent)[0]):
        name = get_args(model.model_fields["type"].annotation)[0]
        note = f" {AT_WORK[name].capitalize()}." if name in AT_WORK else ""
        lines += ["", f"## `{name}`", ""]
        rows = list(_rows(name, model))
        if rows:
            lines += ["| field | |", "|---|---|", *(f"| `{field}` | {says} |" for field, says in rows)]
        lines += [f"Taken.{note}"] if not rows or note else []
    for path, theirs, ours, base, notes in BODIES:
        lines += ["", f"## `{path}`", "", "| field | |", "|---|---|"]
        lines += [f"| `{field}` | {says} |" for field, says in _fields(theirs, ours, base, notes)]
    lines += ["", "## Routes", "", "| route of the package | |", "|---|---|"]
    others = []
    for route in package_routes():
        if route in SERVED:
            lines.append(f"| `{route}` | {'; '.join(filter(None, ('taken', SERVED[route])))} |")
        else:
            others.append(route)
    families = dict.fromkeys("/v1/" + re.split(r"[/?]", route)[2] for route in others)
    lines += [
        "",
        *textwrap.wrap(
            f"The {len(others)} others of the package get 404 in JSON (405 where only the method differs; "
            "410 for `/v1/uploads`, an old address here): "
            f"{', '.join(f'`{family}`' for family in families)}, and what is below them.",
            120,
        ),
    ]
    return "\n".join(lines) + "\n"


def package_routes() -> list[str]:
    """``METHOD /v1/path`` of every request that the package's own methods make."""
    call = re.compile(
        r'self\._(get|post|delete|patch|put|get_api_list)\(\s*(?:path_template\(\s*)?f?"(/[^"]*)"'
    )
    found = {
        f"{'GET' if method == 'get_api_list' else method.upper()} /v1{path}"
        for file in (Path(openai.__file__).parent / "resources").rglob("*.py")
        for method, path in call.findall(file.read_text())
    }
    return sorted(found, key=lambda route: route.split(" ")[::-1])


def _fields(
    theirs: Any, ours: type[BaseModel], base: dict[str, Any], notes: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """The fields of a body, each tried with every literal, or with some values of its type."""
    for field, of in sorted({**get_type_hints(theirs), "stream": bool}.items()):
        if field == "stream" and "stream" not in ours.model_fields:
            continue
        if field == "file":
            yield field, "taken"
            continue
        seen: dict[str, dict[str, list[str]]] = {}
        for place, value in _of_body(of, (field,)):
            code = ""
            try:
                ours.model_validate(base | {field: value})
            except ValidationError as error:
                code = refused(error).code
            simple = value[0] if isinstance(value, list) and value else value
            shown = json.dumps(simple) if isinstance(simple, str | int | float | bool) else ""
            seen.setdefault(" ".join(place), {}).setdefault(code, []).append(shown)
        for name, codes in seen.items():
            says = _said(codes)
            yield name, f"{says}; {notes[field]}" if field in notes and "" in codes else says


def _of_body(of: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Places with values to try there."""
    of = _bare(of)
    if get_origin(of) is Literal:
        yield from ((place, value) for value in get_args(of))
    elif get_origin(of) in (Union, types.UnionType):
        for member in get_args(of):
            if member is not type(None):
                yield from _of_body(member, place)
    elif is_typeddict(of):
        hints = get_type_hints(of)
        kinds = [
            get_args(_bare(hints[key]))[0]
            for key in ("type", "role")
            if key in hints and _is_literal(hints[key])
        ]
        named = (*place, f"({', '.join(kinds)})") if kinds else place
        extras = get_type_hints(of, include_extras=True)
        asked = {key for key in extras if get_origin(extras[key]) is Required} | {"type", "role", "content"}
        yield named, {key: _simplest(hints[key]) for key in hints if key in asked}
    elif (origin := get_origin(of)) is not None and origin is not dict:  # a list, or what stands for one
        yield from ((at, [value]) for at, value in _of_body(get_args(of)[0], place))
    else:
        tries = {str: ["x"], int: [1, 1000], float: [0, 0.5, 1], bool: [False, True]}
        yield from ((place, value) for value in tries.get(of, [{"x": 1}]))


def _is_literal(of: Any) -> bool:
    return get_origin(_bare(of)) is Literal


def _simplest(of: Any) -> Any:
    return next((value for _, value in _of_body(of, ())), {})


def verdict(event: dict[str, Any]) -> tuple[str, str]:
    """The code with which the server refuses an event, and the field; both empty if it takes it."""
    try:
        parse_client_event(json.dumps(event))
    except BadInput as error:
        return error.code, error.param or ""
    return "", ""


def _rows(name: str, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    base = {"type": name, **BASES.get(name, {})}
    seen: dict[str, dict[str, list[str]]] = {}
    for place, value in _values(model, ()):
        if place[-1] in ("type", "event_id") and len(place) == 1:
            continue
        field = ".".join(place).replace(".(", " (").replace(" ()", "")
        code, _ = verdict(_with(base, place, value))
        simple = value[0] if isinstance(value, list) else value
        shown = json.dumps(simple) if isinstance(simple, str | int | float | bool) else ""
        seen.setdefault(field, {}).setdefault(code, []).append(shown)
    for field, codes in seen.items():
        says = _said(codes)
        yield field, f"{says}; {AT_WORK[field]}" if field in AT_WORK and "" in codes else says


def _said(codes: dict[str, list[str]]) -> str:
    """The treatment of a field, from the values that were tried by the code that they got."""
    said = []
    for code, values in codes.items():
        kept = list(dict.fromkeys(value for value in values if value and value != '"x"'))
        named = f" {', '.join(f'`{value}`' for value in kept)}" if len(codes) > 1 and kept else ""
        said.append(f"refused{named}: `{code}`" if code else f"taken{named}")
    return "; ".join(said)


def _values(of: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Places below ``place`` with values to try there: every literal, one of every other type."""
    of = _bare(of)
    if get_origin(of) is Literal:
        yield from ((place, value) for value in get_args(of))
    elif get_origin(of) in (Union, types.UnionType):
        for member in get_args(of):
            if member is not type(None):
                yield from _values(member, place)
    elif isinstance(of, type) and issubclass(of, BaseModel):
        if place and place not in DEEP:
            yield (*place, f"({_kind(of)})"), _sample(of)
            return
        for name, field in of.model_fields.items():
            yield from _values(field.annotation, (*place, name))
    elif get_origin(of) is list:
        yield from ((at, [value]) for at, value in _values(get_args(of)[0], place))
    else:
        yield place, _sample(of)


DEEP: frozenset[Place] = frozenset(
    {
        ("session",),
        ("response",),
        ("session", "audio"),
        ("session", "audio", "input"),
        ("session", "audio", "input", "format"),
        ("session", "audio", "input", "transcription"),
        ("session", "audio", "input", "turn_detection"),
    }
)
"""Places whose fields are tried one by one; others are tried as a whole."""


def _kind(of: type[BaseModel]) -> str:
    """The values that tell one member of a union from the others."""
    return ", ".join(
        str(get_args(_bare(of.model_fields[name].annotation))[0])
        for name in ("type", "role")
        if name in of.model_fields and get_origin(_bare(of.model_fields[name].annotation)) is Literal
    )


def _bare(of: Any) -> Any:
    while get_origin(of) is Annotated:
        of = get_args(of)[0]
    members = get_args(of) if get_origin(of) in (Union, types.UnionType) else ()
    rest = [member for member in members if member is not type(None)]
    return _bare(rest[0]) if len(rest) == 1 else of


def _sample(of: Any) -> Any:
    of = _bare(of)
    if get_origin(of) is Literal:
        return get_args(of)[0]
    if get_origin(of) in (Union, types.UnionType):
        return _sample(next(member for member in get_args(of) if member is not type(None)))
    if isinstance(of, type) and issubclass(of, BaseModel):
        return {
            name: _sample(field.annotation)
            for name, field in of.model_fields.items()
            if field.is_required() or name in ("type", "role", "text")
        }
    if get_origin(of) in (list, typing.Iterable):
        return [_sample(get_args(of)[0])]
    if get_origin(of) is dict or of is object:
        return {"x": "x"}
    return {str: "x", int: 1000, float: 0.5, bool: True}.get(of, {})


def _with(event: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """``event`` with ``value`` at ``place``; a turn detection gets the type that has the field."""
    place = tuple(name for name in place if not name.startswith("("))
    changed = json.loads(json.dumps(event))
    at = changed
    for name in place[:-1]:
        at = at.setdefault(name, {})
    at[place[-1]] = value
    if place[-2:-1] == ("turn_detection",) and place[-1] != "type":
        at["type"] = "semantic_vad" if place[-1] == "eagerness" else "server_vad"
    return dict(changed)
