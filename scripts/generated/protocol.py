"""docs/protocol.md and web/protocol.d.ts, from assistant/events/."""

import inspect
import json
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from assistant import events as ev

Model = type[BaseModel]
MADE_BY = "scripts/generated from assistant/events/; do not edit"


HTTP = """## Beside it, over HTTP

With the session's `id`, and its `resume_token` in the header `X-Session-Token`. (The socket sets a cookie
with which a browser may GET, so that images load; nothing else.) What is wrong comes back as
`{"error": {"code", "message"}}` with a status of 400, 401, 403, 404, 413, 429, 500 or 503. After twenty wrong
tokens an address gets 429 for some seconds.

| request | gives |
|---|---|
| `POST /v1/sessions/ID/attachments?name=NAME`, a file as its body | `201` and the first attachment in it |
| `POST /v1/sessions/ID/uploads` | `201` and `{"id"}`, for many files that belong together |
| `PUT /v1/sessions/ID/uploads/UP`, one file; `X-File-Name`: its path, percent-encoded | `204` |
| `POST /v1/sessions/ID/uploads/UP/finish` | `{"attachments", "problems": [{name, code, message}]}` |
| `GET` an attachment's `url`, or `URL?i=N` | a small picture of it, or of its picture N from 0 |
| `GET URL/slice?i=N&window=W` | that picture, large |
| `GET URL/model/N` | picture N as the model gets it |
| `GET /v1/sessions/ID/prompt` | `{"pieces"}`: what the model reads of all that is attached, in its order |
| `POST /v1/sessions/ID/pacs/find`, `{"number"}` | `{"series"}` of an accession number or study UID; \
`whose` (`same`, `other`, `unknown`): whether its patient is the report's; \
`warning`: words where that is not sure |
| `POST /v1/sessions/ID/pacs/attach`, `{"study", "series"}` | as finishing an upload; \
`400 other_patient`: the pictures name another patient than the report |
| `GET /v1/sessions/ID/export?format=F` | the report as a file, also after its session has ended |
| `GET /v1/sessions/ID/export?format=F&signed=N` | the same, as it was signed for the Nth time |
| `GET /v1/sessions/ID/checks` | `{"findings": [{code, message, section_id, start, end}]}` |
| `GET /v1/sessions/ID/words` | `{"revision", "words": [WordPlace]}`: where every spoken word stands |
| `GET /v1/sessions/ID/audio?start_ms=A&end_ms=B` | that audio as WAV, with `--keep-audio-min` |
| `GET /v1/sessions/ID/answers/RESPONSE/prompt` | `{"parts"}`: all that the model got for an answer |
| `GET /v1/sessions/ID/answers/RESPONSE/images/N` | image N of it |
| `GET /v1/sessions/ID/answers/RESPONSE/labs?format=F` | the lab table of an answer, F `csv` or `fhir` |
| `GET /v1/sessions/ID/models` | `{"hears", "answers", "offers", "bundles", "download", …}` |
| `POST /v1/sessions/ID/models/use`, `{"id"}` | the same; this offer answers from now on, in all sessions |
| `POST /v1/sessions/ID/models/pull`, `{"name", "accept_terms"}` | the same; downloads are resumed |
| `POST /v1/sessions/ID/models/stop` | the same; the download stops |
| `GET /v1/reports?state=&patient=&order=&author=&text=&since=&until=&limit=` | `{"reports": [{id, …}]}`: \
those that are kept and fit, the last changed first; days are `YYYY-MM-DD` |
| `POST /v1/reports/REPORT/open` | `{"id", "token"}`: connect with this token to go on with the report |
| `POST /v1/reports/REPORT/copy` | `201`, the same: a new report with its text, for the same patient |
| `GET /v1/reports/REPORT/compare`, or `?with=OTHER` | `{"with", "sections": [{title, pieces}]}`: what \
changed since the patient's prior report; a piece has `kind` (`same`, `removed`, `added`) and `text` |
| `DELETE /v1/reports/REPORT` | `204`; its rows, its words in the search index and its files are gone |
| `GET /v1/own` | `{"lasts", "words", "templates", "macros", "settings", "corrections"}`: what the user \
keeps on the page; an entry with `of` is shared |
| `POST /v1/own/KIND`, `PUT /v1/own/KIND/THING`, `DELETE /v1/own/KIND/THING` | KIND is `words` \
(`{"written", "sounds_like"}`), `templates` (`{"name", "sections": [{title, text}]}`) or `macros` \
(`{"name", "text", "section"}`): `201` or `200` with its `id`; `204` |
| `POST /v1/own/try`, `{"heard"}` | `{"text", "doubts"}`: how it would be written |
| `PUT /v1/own/settings`, `{"keep_corrections", "page"}` | `204` |
| `DELETE /v1/own/corrections`, or `/THING` below it | `204`; the list of what was corrected, or one of it |
| `GET /v1/shared`, and `/v1/shared/KIND`, `/v1/shared/KIND/THING` as above; `?group=NAME` | what all \
have, or a group; for administrators |
| `GET /administration`, `GET /v1/administration` | the administrator's page, and what it shows: `people`, \
`health`, `models`, `usage`, `figures`, `retention`, `limits` |
| `GET /v1/administration/storage` | bytes that the reports of each user hold |
| `POST /v1/administration/users`, `PATCH` and `DELETE /v1/administration/users/USER` | `{"name", "roles", \
"password"}`; `{"roles", "groups", "password"}`, each if given |
| `POST /v1/administration/keys`, `DELETE /v1/administration/keys/KEY` | `{"user", "name", "scopes", \
"days"}`: `201` with the key's `value`, once |
| `GET /v1/guidelines/PASSAGE`, and below it `/page.png` | the guideline at that passage, and its page |
| `POST /v1/audio/transcriptions` | a recording to text: [HTTP for OpenAI's clients](api.md) |
| `POST /v1/chat/completions` | a question to the answer engine |
| `POST /v1/realtime/client_secrets` | a short-lived key for a browser |
| `POST /v1/realtime/calls`, `POST /v1/realtime/calls/CALL/hangup` | a session over WebRTC; end it |
| `GET /v1/models`, `GET /v1/models/NAME` | the recogniser and the engines |
| `GET /openapi.json` | these routes, described for tools |
| `GET /sign-in`, `/sign-in.js`, `/sign-in.css`, `/favicon.svg` | where users sign in, with accounts |
| `GET /v1/sign-in` | `{"oidc"}`: whether users can sign in at an identity provider |
| `GET /v1/oidc/begin`, `/v1/oidc/callback` | the way to the identity provider, and back |
| `POST /v1/sign-in`, `{"name", "password"}` | `204`, and the cookie of a sign-in |
| `POST /v1/sign-out` | `204`; the sign-in ends, and the connections it opened |
| `GET /v1/me` | `{"id", "name", "roles", "signs_out", "has_password"}`: who asks |
| `POST /v1/me/password`, `{"old", "new"}` | `204`; the other sign-ins of the user end |
| `GET /v1/orders?state=S&text=WORDS` | `{"orders", "count", "sources"}`: in this state (`open`, `taken`, \
`held`, `cancelled`, `done`, `all`), with all of these words |
| `POST /v1/orders`, `{"patient", "order"}` | `201`: an order by hand |
| `POST /v1/orders/ORDER/open` | `201`, `{"id", "token"}`: begins its report, or goes on with it |
| `DELETE /v1/orders/ORDER` | `204`: deletes one that was written by hand |
| `GET /healthz`, `GET /readyz`, `GET /metrics` | it runs; it has room; counters. No session is named |

The export's F is one of the formats that `assistant export --help` lists.

A signature's `sha256` is that of this JSON in UTF-8, without spaces and with its keys in order: `report` (the
session's id), `template`, `sections` (a list of `[title, text]`), `patient` and `order` as in
`assistant.report.described` (of the order `placer`, `filler`, `request` and `study` only where they have a
value), and `signature` with `number`, `kind`, `name`, `at` and, where a user signed, `signer` (the user's
id). A report whose text is not what was signed is not exported (`signature_broken`).
"""


def members(union: Any) -> list[Model]:
    """The classes of an ``Annotated[A | B, …]`` union."""
    return list(get_args(get_args(union)[0]))


CLIENT, SERVER = members(ev.ClientEvent), members(ev.ServerEvent)


def written(annotation: Any) -> str:
    """A type as TypeScript has it; both outputs use this."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return written(args[0])
    if origin is Literal:
        return " | ".join(json.dumps(arg) for arg in args)
    if origin in (Union, UnionType):
        return " | ".join(written(arg) for arg in args)
    if origin is list:
        inner = written(args[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<{written(args[0])}, {written(args[1])}>"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation.__name__
    names: dict[Any, str] = {str: "string", int: "number", float: "number", bool: "boolean"}
    names |= {NoneType: "null", Any: "unknown"}
    return names[annotation]


def parts_of(annotation: Any) -> list[Model]:
    """The models named inside a type."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for arg in get_args(annotation) for part in parts_of(arg)]


def reachable(roots: list[Model]) -> list[Model]:
    """The models that ``roots`` are made of, without the roots."""
    found: list[Model] = []
    queue = list(roots)
    while queue:
        for field in queue.pop(0).model_fields.values():
            for part in parts_of(field.annotation):
                if part not in found and part not in roots:
                    found.append(part)
                    queue.append(part)
    return found


def described(model: Model) -> str:
    """The class's own docstring, on one line."""
    return " ".join((model.__dict__.get("__doc__") or "").split())


def event_type(model: Model) -> str:
    return str(model.model_fields["type"].default)


def optional(model: Model, name: str, sent_by_client: bool) -> bool:
    field = model.model_fields[name]
    if name == "type" and model in (*CLIENT, *SERVER, ev.InputText, ev.InputImage):
        return False
    return not field.is_required() and (sent_by_client or field.default is None)


# --- docs/protocol.md ----------------------------------------------------------------------------


def table(model: Model, skip: tuple[str, ...]) -> list[str]:
    rows = []
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        notes = [field.description] if field.description else []
        if field.is_required():
            notes.insert(0, "Required.")
        elif field.default not in (None, PydanticUndefined, "", []):
            notes.append(f"Default: `{json.dumps(field.default)}`.")
        limits = [m.max_length for m in field.metadata if hasattr(m, "max_length")]
        if limits:
            notes.append(f"At most {limits[0]}.")
        kind = written(field.annotation).replace("|", "\\|")
        rows.append(f"| `{name}` | `{kind}` | {' '.join(notes)} |")
    return ["| field | type | |", "|---|---|---|", *rows, ""] if rows else []


def event_sections(models: list[Model], skip: tuple[str, ...]) -> list[str]:
    lines = []
    for model in models:
        passing = " *Passing: not replayed.*" if model in ev.TRANSIENT else ""
        lines += [f"### `{event_type(model)}`", ""]
        if text := f"{described(model)}{passing}".strip():
            lines += [text, ""]
        lines += table(model, skip) or ["No fields of its own.", ""]
    return lines


def example() -> list[str]:
    """A dictated sentence and a spoken question; built from the classes, so it cannot go stale."""
    engine = ev.EngineDescription(name="stand-in", stand_in=True, sees_images=False)
    running = ev.ResponseBody(id="resp_1", status="in_progress")
    finished = ev.ResponseBody(id="resp_1", status="completed")
    flow: list[tuple[str, BaseModel]] = [
        (
            "←",
            ev.SessionCreated(
                session=ev.SessionState(
                    id="sess_1",
                    resume_token="…",
                    grace_s=120,
                    audio=ev.SessionAudio(),
                    recogniser=ev.Recogniser(name="moonshine-clinical"),
                    engine=engine,
                ),
            ),
        ),
        (
            "→",
            ev.SessionUpdate(
                session=ev.SessionConfig(
                    audio=ev.SessionAudio(input=ev.AudioInput(format=ev.AudioFormat(rate=16_000)))
                ),
            ),
        ),
        ("→", ev.InputAudioAppend(audio="AAD+/wIA…")),
        ("←", ev.SpeechStartedEvent(seq=1, audio_start_ms=420, item_id="item_1")),
        ("←", ev.TranscriptPartial(item_id="item_1", stable="Is there", tentative=" a new")),
        ("←", ev.SpeechStoppedEvent(seq=2, audio_end_ms=2910, item_id="item_1")),
        (
            "←",
            ev.TranscriptCompleted(
                seq=3,
                item_id="item_1",
                transcript="Is there a pneumothorax on this image?",
                usage=ev.DurationUsage(seconds=2.49),
                start_ms=420,
                end_ms=2910,
            ),
        ),
        (
            "←",
            ev.IntentEvent(
                seq=4,
                item_id="item_1",
                intent="question",
                confidence=0.93,
                reason="interrogative",
                text="Is there a pneumothorax on this image?",
            ),
        ),
        (
            "←",
            ev.ResponseCreated(
                seq=5,
                response=running,
                question="Is there a pneumothorax on this image?",
                question_item_id="item_1",
                engine=engine,
            ),
        ),
        ("←", ev.OutputTextDelta(seq=6, response_id="resp_1", item_id="item_2", delta="No ")),
        ("←", ev.OutputTextDone(seq=7, response_id="resp_1", item_id="item_2", text="No image is attached.")),
        ("←", ev.ResponseDone(seq=8, response=finished)),
    ]
    lines = ["```"]
    for arrow, event in flow:
        body = {"type": event_type(type(event)), **event.model_dump(exclude_unset=True)}
        lines.append(f"{arrow} {json.dumps(body, ensure_ascii=False)}")
    return [*lines, "```", ""]


def markdown() -> str:
    lines = [
        f"<!-- Made by {MADE_BY}. -->",
        "# The wire protocol",
        "",
        "One WebSocket, `/v1/realtime`. Every text frame is one JSON event, told apart by `type`; a binary",
        "frame from the client is PCM16 audio, mono, without a header, at 24,000 samples a second unless",
        "`session.update` says another rate. Event names are those of the OpenAI Realtime API where it has",
        "them; `assistant.*` events add what it lacks, for clients that ask for them by the subprotocol",
        "`assistant` or by `?assistant=1`. Unknown fields are refused; clients must ignore events that they",
        "do not know.",
        "",
        "- Where a token is set, show it as `Authorization: Bearer TOKEN`. Requests without it get 401.",
        "- `session.created` comes first; then send. Audio may come faster than it was spoken: the server",
        "  reads what it has room for. An utterance ends with silence, or `input_audio_buffer.commit`.",
        "- `?keep=nothing` in the address of a new session: nothing of it is stored.",
        "- A message may have 4 MB; a larger one gets an `error`, one over 16 MB closes the connection.",
        "- Close codes: 1001, the server stops, come back soon; 1013, full, busy or stopping; 4001, the",
        "  session is over or was opened elsewhere; 4008, the client did not read: 4 MB waited for it. Come",
        "  back with `resume`; 1009, a message was far too large.",
        "- The report: `assistant.document.changed` has all of it, `assistant.document.patched` what changed",
        "  since the event before. A client that starts or resumes gets a whole one before any patch.",
        "- Every server event has an `event_id` and a `seq`. After a lost connection, connect again with",
        "  `?after=SEQ`, the last `seq` seen, and the WebSocket subprotocols `assistant` and",
        "  `assistant.resume.TOKEN`, the `session.resume_token` of `session.created`: the events since are",
        "  sent again. Passing events (`seq` 0) are not. A token in an address is refused.",
        "- An `error` event does not end the session; its `event_id` names the client event it is about.",
        "",
        HTTP,
        "## An example",
        "",
        "→ is sent by the client, ← by the server; a spoken question. Optional events are left out.",
        "",
        *example(),
        "## Client to server",
        "",
        "Every client event may have an `event_id` (a string of at most 512 characters).",
        "",
        *event_sections(CLIENT, ("type", "event_id")),
        "## Server to client",
        "",
        "Every server event has `event_id` and `seq`.",
        "",
        *event_sections(SERVER, ("type", "event_id", "seq")),
        "## Shapes",
        "",
    ]
    for part in reachable([*CLIENT, *SERVER]):
        lines += [f"### {part.__name__}", ""]
        if text := described(part):
            lines += [text, ""]
        lines += table(part, ())
    return "\n".join(lines).rstrip() + "\n"


# --- web/protocol.d.ts ---------------------------------------------------------------------------


def interface(model: Model, sent_by_client: bool) -> list[str]:
    lines = [f"/** {text} */"] if (text := described(model)) else []
    lines.append(f"export interface {model.__name__} {{")
    for name, field in model.model_fields.items():
        if field.description:
            lines.append(f"  /** {field.description} */")
        mark = "?" if optional(model, name, sent_by_client) else ""
        lines.append(f"  {name}{mark}: {written(field.annotation)};")
    return [*lines, "}", ""]


def union(name: str, models: list[Model]) -> list[str]:
    return [f"export type {name} =", *(f"  | {model.__name__}" for model in models)]


def typescript() -> str:
    lines = [f"// Made by {MADE_BY}.", ""]
    from_client = reachable(CLIENT)
    for model in CLIENT:
        lines += interface(model, True)
    for model in SERVER:
        lines += interface(model, False)
    for part in reachable([*CLIENT, *SERVER]):
        lines += interface(part, part in from_client)
    for name, models in (("ClientEvent", CLIENT), ("ServerEvent", SERVER)):
        block = union(name, models)
        block[-1] += ";"
        lines += [*block, ""]
    return "\n".join(lines).rstrip() + "\n"
