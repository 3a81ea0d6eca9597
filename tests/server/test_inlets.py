"""A session goes on whatever comes in: its events are sent, a client resumes, exports are made.

``INLETS`` lists every way in. A new client event, setting with a file, upload route or engine output that is
in no list fails a test here until somebody has said how it is fuzzed, or why it needs none.
"""

import asyncio
import contextlib
import io
import json
import os
import tarfile
import zipfile
from typing import get_args
from urllib.parse import quote

import httpx
import PIL.Image
import pytest
import websockets
from starlette.routing import Mount, Route, WebSocketRoute

from assistant.asr.base import Transcript, Word
from assistant.components.personal import PersonalFiles
from assistant.config import Settings
from assistant.engines.base import AnswerText, CutOff, Output, Thought, Usage
from assistant.errors import AssistantError, EngineFailed
from assistant.events import ClientEvent, server_events
from assistant.export.formats import FORMATS
from assistant.guidelines.library import Library
from assistant.server.owner import MOVED, PREFIX
from tests.orders.test_hl7 import message
from tests.server.conftest import PATIENCE_S, LoudnessStream, loud
from tests.server.test_owner import routes

BAD = ("\ud800", "x\udc80y", "a\ud83d", "\x00", "\ufffe", "\x1b[2J", "\u2028", "\u202e")
"""Half characters, controls, and characters that turn text round or end a line."""
NAMES = (b"caf\xe9", b"\xff\xfe", b"\xed\xa0\x80", b"a\x1bb")


def escaped(text):
    return json.dumps(text)


# --- the ways in: each gets the running server, a client and a bad text ---


async def engine_stream(server, client, bad):
    server.engine.script("pneumothorax", ["<unused94>" + bad + "<unused95>", "No ", bad, "."])
    await ask(client)
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def engine_halves(server, client, bad):
    server.engine.script("pneumothorax", ["It is \ud83d", "\ude00 fine.", bad])
    await ask(client)
    done = await client.until("response.output_text.done")
    assert done["text"].startswith("It is 😀 fine.")


async def engine_error(server, client, bad):
    server.engine.fail("pneumothorax", EngineFailed(f"It said {bad}.", code="engine_failed"), after=[bad])
    await ask(client)
    assert (await client.until("response.done"))["response"]["status"] == "failed"


async def engine_lab_values(server, client, bad):
    rows = f'```json\n[{{"name": "Potassium{escaped(bad)[1:-1]}", "result": "5.1", "unit": "mmol/L"}}]\n```'
    server.engine.script("lab results", [rows])
    await attach(server, client, "a.png", PNG)
    await ask(client, "Extract the lab results from this image")
    assert len((await client.until("assistant.answer.labs"))["rows"]) == 1


async def recogniser(server, client, bad):
    server.model.texts[3] = f"The lungs are {bad} clear."
    await client.append(loud(0.3))
    await client.until("conversation.item.input_audio_transcription.completed")
    report = await client.until("assistant.document.changed")
    assert "clear" in "".join(run["text"] for run in report["sections"][0]["runs"])


async def recogniser_words(server, client, bad):
    class Stream(LoudnessStream):
        def finish(self):
            return Transcript(
                f"clear {bad}", (Word("clear", 0, 100, float("nan")), Word(bad, 100, 200, 0.2, (bad,)))
            )

    server.model.open_stream = lambda: Stream(server.model)
    await client.append(loud(0.3))
    words = await client.until("assistant.transcript.words")
    assert words["words"][0]["confidence"] is None


async def recogniser_error(server, client, bad):
    server.model.error = AssistantError(f"It said {bad}.", code="asr_failed")
    await client.append(loud(0.3))
    await client.until("conversation.item.input_audio_transcription.failed")
    server.model.error = None


def record_file(name, text):
    async def inlet(server, client, bad):
        await attach(server, client, name, text(bad))

    inlet.__name__ = name
    return inlet


def fhir(bad):
    noted = {"contentType": "text/plain; charset=unicode_escape", "data": "XHVkODAw"}  # \ud800
    return json.dumps(
        {"resourceType": "Bundle", "entry": [
            {"resource": {"resourceType": "Condition", "code": {"text": f"Asthma {bad}"}, bad: bad}},
            {"resource": {"resourceType": "Observation", "code": {"text": bad}, "valueString": bad}},
            {"resource": {"resourceType": "DocumentReference", "content": [{"attachment": noted}]}},
        ]}
    ).encode()  # fmt: skip


def cda(bad):
    head = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component>'
    text = f"<section><title>Problems {bad}</title><text>Asthma {bad}</text></section>".encode(
        "utf-8", "surrogatepass"
    )
    return head + text + b"</component></structuredBody></component></ClinicalDocument>"


def hl7(bad):
    segments = ["MSH|^~\\&|LAB|H|||20240301||ORU^R01|1|P|2.5.1", "PID|1||1", "OBR|1",
                f"OBX|1|ST|X^Crea{bad}||{bad}\\X00D8\\|mg|||||F"]  # fmt: skip
    return "\r".join(segments).encode("utf-8", "surrogatepass")


def tar(bad):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in NAMES:
            entry = tarfile.TarInfo(os.fsdecode(name) + ".json")
            entry.size = len(data := fhir(bad))
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def zipped(bad):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("name_here.json", fhir(bad))
    return out.getvalue().replace(b"name_here", b"caf\xe9\xff\xed\xa0\x80\x9f")


async def upload_name(server, client, bad):
    for raw in (*NAMES, bad.encode("utf-8", "surrogatepass")):
        session = client.events[0]["session"]
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            headers = {"X-Session-Token": session["resume_token"]}
            base = f"{server.http}/v1/sessions/{session['id']}"
            url = f"{base}/attachments?name={quote(raw)}.png"
            assert (await http.post(url, headers=headers, content=PNG)).status_code in (201, 400)
            begun = (await http.post(f"{base}/uploads", headers=headers)).json()["id"]
            named = {**headers, "X-File-Name": quote(raw)}
            where = f"{base}/uploads/{begun}"
            put = await http.put(where, headers=named, content=fhir(bad))
            assert put.status_code in (204, 400)
            assert (await http.post(f"{where}/finish", headers=headers)).status_code < 500


async def archive_request(server, client, bad):
    session = client.events[0]["session"]
    async with httpx.AsyncClient(trust_env=False) as http:
        for what in ("find", "attach"):
            url = f"{server.http}/v1/sessions/{session['id']}/pacs/{what}"
            for body in (
                escaped({"number": bad, "study": bad}),
                "[" * 100_000,
                bad.encode("utf-8", "surrogatepass"),
            ):
                headers = {"X-Session-Token": session["resume_token"]}
                assert (await http.post(url, headers=headers, content=body)).status_code < 500


async def model_request(server, client, bad):
    session = client.events[0]["session"]
    headers = {"X-Session-Token": session["resume_token"]}
    async with httpx.AsyncClient(trust_env=False) as http:
        for what in ("use", "pull", "stop"):
            url = f"{server.http}/v1/sessions/{session['id']}/models/{what}"
            for body in (escaped({"id": bad, "name": bad}), "[" * 990, bad.encode("utf-8", "surrogatepass")):
                assert (await http.post(url, headers=headers, content=body)).status_code < 500


async def rest_question(server, client, bad):
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        url = f"{server.http}/v1/chat/completions"
        asked = {"model": "scripted", "messages": [{"role": "user", "content": bad}]}
        for body in (escaped(asked), escaped(asked | {"model": bad}), bad.encode("utf-8", "surrogatepass")):
            assert (await http.post(url, content=body)).status_code < 500


async def rest_secret(server, client, bad):
    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"{server.http}/v1/realtime/client_secrets"
        asked = {"session": {"type": "realtime", "instructions": bad}}
        for body in (escaped(asked), escaped({bad: bad}), bad.encode("utf-8", "surrogatepass")):
            assert (await http.post(url, content=body)).status_code < 500


async def rest_call(server, client, bad):
    async with httpx.AsyncClient(trust_env=False) as http:
        url, raw = f"{server.http}/v1/realtime/calls", bad.encode("utf-8", "surrogatepass")
        session = escaped({"instructions": bad})
        for body in (raw, b"v=0\r\n" + raw):
            kind = {"content-type": "application/sdp"}
            assert (await http.post(url, content=body, headers=kind)).status_code < 500
            form = {"sdp": (None, body), "session": (None, session)}
            assert (await http.post(url, files=form)).status_code < 500


async def rest_recording(server, client, bad):
    raw = bad.encode("utf-8", "surrogatepass")
    head = b'--b\r\nContent-Disposition: form-data; name="'
    fields = [
        b'model"\r\n\r\n' + raw,
        b'prompt"\r\n\r\n' + raw,
        b'file"; filename="' + raw + b'.wav"\r\n\r\nRIFF',
    ]
    form = b"".join(head + field + b"\r\n" for field in fields) + b"--b--\r\n"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        url = f"{server.http}/v1/audio/transcriptions"
        for body, kind in (
            (form, "multipart/form-data; boundary=b"),
            (escaped({"file": bad}), "application/json"),
        ):
            answered = await http.post(url, content=body, headers={"Content-Type": kind})
            assert 400 <= answered.status_code < 500


async def sign_in(server, client, bad):
    async with httpx.AsyncClient(trust_env=False) as http:
        url, json_type = f"{server.http}/v1/sign-in", {"Content-Type": "application/json"}
        for body in (escaped({"name": bad, "password": bad}), bad.encode("utf-8", "surrogatepass")):
            assert 400 <= (await http.post(url, content=body, headers=json_type)).status_code < 500


async def raw_frame(server, client, bad):
    """A text frame that is not UTF-8 ends the connection and no session."""
    other, _ = await server.session(resume=client.events[0]["session"]["resume_token"])
    with contextlib.suppress(websockets.ConnectionClosed):
        await other.socket.send(bad.encode("utf-8", "surrogatepass"), text=True)
        await other.socket.send(b"\xff\xfe", text=True)
        await other.until_closed()


async def report_described(server, client, bad):
    await client.send("assistant.report.describe", patient={"name": bad}, order={"exam": bad})
    async with httpx.AsyncClient(base_url=server.http, timeout=60) as http:
        for name in ("patient", "order", "text", "since", "state"):
            value = quote(bad.encode("utf-8", "surrogatepass"))
            assert (await http.get(f"/v1/reports?{name}={value}")).status_code in (200, 400)
        found = quote(bad.encode("utf-8", "surrogatepass"))
        assert (await http.post(f"/v1/reports/{found}/open")).status_code == 404
        assert (await http.delete(f"/v1/reports/{found}")).status_code == 404


def requests_to(*paths):
    """Bad texts in the fields of the bodies and in the address, at all routes below these paths."""

    async def inlet(server, client, bad):
        raw = bad.encode("utf-8", "surrogatepass")
        of_kind = {
            "words": [{"written": bad, "sounds_like": [bad]}],
            "templates": [{"name": bad, "sections": [{"title": bad, "text": bad}]}],
            "macros": [{"name": bad, "text": bad, "section": bad}],
        }
        others = [
            {"heard": bad},
            {"keep_corrections": True, "page": {bad: bad}},
            {"old": bad, "new": bad},
            {"patient": {"name": bad}, "order": {"exam": bad}},
            {"name": bad, "roles": [bad], "password": bad},
            {"roles": [bad], "groups": [bad]},
            {"user": bad, "name": bad, "scopes": [bad], "days": 1},
        ]
        async with httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=60) as http:
            for path, methods in routes(server.app):
                kinds = of_kind if "{kind}" in path else [""]
                for kind in kinds if path.startswith(paths) else ():
                    address = path.format(kind=kind, **dict.fromkeys(PARTS, quote(raw)))
                    for method in methods - {"HEAD"}:
                        bodies = (
                            [raw, *map(escaped, of_kind.get(kind, others))] if method in WRITES else [b""]
                        )
                        for body in bodies:
                            answer = await http.request(method, f"{address}?text={quote(raw)}", content=body)
                            assert answer.status_code < 500

    return inlet


WRITES = ("POST", "PUT", "PATCH")
PARTS = ("order_id", "thing_id", "user_id", "key_id")
OWN_THINGS = "own and shared words, templates, macros; passwords"

INLETS = {
    "engine: answers and thoughts": engine_stream,
    "engine: a character in two pieces": engine_halves,
    "engine: its error": engine_error,
    "engine: lab values in an answer": engine_lab_values,
    "recogniser: text": recogniser,
    "recogniser: words": recogniser_words,
    "recogniser: its error": recogniser_error,
    "record: FHIR": record_file("r.json", fhir),
    "record: FHIR, a resource a line": record_file("r.ndjson", lambda bad: fhir(bad) + b"\n" + fhir(bad)),
    "record: C-CDA": record_file("r.xml", cda),
    "record: HL7 v2": record_file("r.hl7", hl7),
    "archive: names in a tar": record_file("r.tar", tar),
    "archive: names in a zip": record_file("r.zip", zipped),
    "upload: file names": upload_name,
    "archive of the hospital: requests": archive_request,
    "models: requests": model_request,
    "http: questions": rest_question,
    "http: recordings": rest_recording,
    "http: secrets": rest_secret,
    "http: names and passwords": sign_in,
    "http: calls": rest_call,
    "socket: raw frames": raw_frame,
    "reports: patients and searches": report_described,
    "orders: requests": requests_to("/v1/orders"),
    OWN_THINGS: requests_to("/v1/own", "/v1/shared", "/v1/me/"),
    "administration: users and keys": requests_to("/v1/administration"),
}

FILES = {
    "templates": "test_no_file_of_templates_stops_anybody",
    "words": "test_no_file_of_templates_stops_anybody",
    "guidelines": "test_no_guideline_stops_anybody",
    "user": "test_a_setting_that_is_not_utf8",
    "orders_hl7_folder": "test_no_message_of_an_order_stops_anybody",
}
NO_TEXT = {
    "store", "store_files", "keep_corrections",  # written
    "intent_model", "gguf", "mmproj", "models_dir", "asr_bundle", "asr_language_model",  # weights
    "asr_hotwords",  # read with the model, at start
    "tls_cert", "tls_key", "orders_dicom_ca", "orders_dicom_cert", "orders_mllp_ca", "orders_mllp_cert",
    "audit_key", "audit_checkpoints",  # read when it was signed
}  # fmt: skip
ROUTES = {
    f"{PREFIX}/attachments": "upload: file names",
    f"{PREFIX}/uploads": "upload: file names",
    f"{PREFIX}/uploads/{{upload_id}}": "upload: file names",
    f"{PREFIX}/uploads/{{upload_id}}/finish": "upload: file names",
    f"{PREFIX}/stacks": None,  # chooses among what was offered
    f"{PREFIX}/pacs/find": "archive of the hospital: requests",
    f"{PREFIX}/pacs/attach": "archive of the hospital: requests",
    "/v1/chat/completions": "http: questions",
    "/v1/audio/transcriptions": "http: recordings",
    "/v1/realtime/calls": "http: calls",
    "/v1/realtime/calls/{call_id}/hangup": None,  # an id, which is looked up
    "/v1/realtime/client_secrets": "http: secrets",
    "/v1/reports/{report_id}/open": "reports: patients and searches",
    "/v1/reports/{report_id}/copy": "reports: patients and searches",
    "/v1/reports/{report_id}": "reports: patients and searches",
    "/v1/{path:path}": None,  # not found, whatever comes
    f"{PREFIX}/models/use": "models: requests",
    f"{PREFIX}/models/pull": "models: requests",
    f"{PREFIX}/models/stop": "models: requests",
    "/v1/sign-in": "http: names and passwords",
    "/v1/sign-out": None,  # takes nothing
    "/v1/orders": "orders: requests",
    "/v1/orders/{order_id}": "orders: requests",
    "/v1/orders/{order_id}/open": "orders: requests",
    "/v1/me/password": OWN_THINGS,
    "/v1/own/settings": OWN_THINGS,
    "/v1/own/try": OWN_THINGS,
    "/v1/own/corrections": OWN_THINGS,
    "/v1/own/{kind}": OWN_THINGS,
    "/v1/own/{kind}/{thing_id}": OWN_THINGS,
    "/v1/shared/{kind}": OWN_THINGS,
    "/v1/shared/{kind}/{thing_id}": OWN_THINGS,
    "/v1/administration/users": "administration: users and keys",
    "/v1/administration/users/{user_id}": "administration: users and keys",
    "/v1/administration/keys": "administration: users and keys",
    "/v1/administration/keys/{key_id}": "administration: users and keys",
}
OUTPUTS = {
    AnswerText: "engine: answers and thoughts",
    Thought: "engine: answers and thoughts",
    Usage: None,  # numbers
    CutOff: None,
}


async def test_every_way_in_is_listed(server):
    paths = {name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation)}
    assert paths <= FILES.keys() | NO_TEXT, "say how the new file is fuzzed"
    taking = {path for path, methods in routes(server.app) if methods - {"GET", "HEAD"}}
    assert {path for path in taking if not path.startswith(MOVED)} == ROUTES.keys()
    assert {type(r) for r in server.app.routes} <= {Route, WebSocketRoute, Mount}
    assert set(get_args(Output)) == OUTPUTS.keys()
    assert {name for name in [*ROUTES.values(), *OUTPUTS.values()] if name} <= INLETS.keys()
    assert all(name in globals() for name in FILES.values())


@pytest.mark.parametrize("name", INLETS)
async def test_a_session_survives_what_comes_in(start_server, name, tmp_path):
    server = await start_server(store=tmp_path / "store")
    client, created = await server.session()
    for bad in BAD:
        await INLETS[name](server, client, bad)
    server.model.texts[3] = "The lungs are clear."
    await still_serves(server, client, created)
    await server.session()  # and others can come


async def still_serves(server, client, created):
    """A client that resumes gets every event as JSON that is valid, hears, and exports in every format."""
    client.socket.transport.abort()
    again, created = await server.session(resume=created["session"]["resume_token"])
    assert created["resumed"]
    again_session = created["session"]
    server.model.__dict__.pop("open_stream", None)
    await again.append(loud(0.3))
    await again.until(
        "conversation.item.input_audio_transcription.completed", transcript="The lungs are clear."
    )
    await again.until("assistant.document.changed")
    for event in again.events:
        server_events.validate_json(json.dumps(event))
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"X-Session-Token": again_session["resume_token"]}
        where = f"{server.http}/v1/sessions/{again_session['id']}"
        for form in FORMATS:
            made_of = await http.get(f"{where}/export", params={"format": form}, headers=headers)
            assert made_of.status_code == 200, form
        assert (await http.get(f"{where}/checks", headers=headers)).status_code == 200


def client_events():
    """Every event of a client with every text in it bad, one at a time."""
    for kind in get_args(get_args(ClientEvent)[0]):
        yield kind.model_fields["type"].default, kind.model_json_schema()


def filled(schema, bad, root):
    """A value of a JSON schema in which every free text is ``bad``."""
    if "$ref" in schema:
        return filled(root["$defs"][schema["$ref"].rpartition("/")[2]], bad, root)
    if "anyOf" in schema or "oneOf" in schema:
        choices = [each for each in schema.get("anyOf", schema.get("oneOf")) if each.get("type") != "null"]
        return filled(choices[0], bad, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {key: filled(each, bad, root) for key, each in schema.get("properties", {}).items()}
        case "array":
            return [filled(schema["items"], bad, root)] * max(1, schema.get("minItems", 1))
        case "string":
            return bad
        case "integer" | "number":
            return 0
        case "boolean":
            return False
        case _:
            return None


@pytest.mark.parametrize(
    ("kind", "schema"), [*client_events()], ids=lambda each: each if isinstance(each, str) else ""
)
async def test_no_message_of_a_client_ends_its_session(server, kind, schema):
    client, created = await server.session()
    await client.append(loud(0.3))
    await client.until("assistant.document.changed")
    for bad in BAD:
        event = filled(schema, bad, schema)
        for text in (
            escaped(event),
            json.dumps(event, ensure_ascii=False).encode("utf-8", "replace").decode(),
        ):
            await client.socket.send(text)
    await client.send("assistant.attention.set", asleep=False)
    await client.send("assistant.mode.set", mode="dictation")
    await client.send(
        "session.update", session={"wake_phrase": "", "audio": {"input": {"format": {"rate": 24_000}}}}
    )
    await client.send("assistant.document.command", command="new_report")
    server.model.texts = {3: "The lungs are clear.", 6: ""}
    await client.until("session.updated")
    client.socket.transport.abort()
    again, created = await server.session(resume=created["session"]["resume_token"])
    assert created["resumed"]
    for event in again.events:
        server_events.validate_json(json.dumps(event))
    await again.append(loud(0.3))
    await again.until("conversation.item.input_audio_transcription.completed")


YAML = (
    'name: "{0}"\nsections: [{{title: A, text: b}}]',
    'name: T\nsections: [{{title: "{0}", text: b}}]',
    'name: T\nsections: [{{title: A, text: "b {0}"}}]',
    'macros: [{{name: "{0}", text: a}}]',
    'macros: [{{name: a, text: "{0}", section: "{0}"}}]',
    "name: 2001-99-99\nsections: []",
    "name: !!int 0xzz",
    "name: " + "9" * 5000,
    "? [a]\n: b",
    "name: !!binary '*'",
    "name: !!timestamp x",
    "a: &a [*a]",
)


async def test_no_file_of_templates_stops_anybody(start_server, tmp_path):
    folder = tmp_path / "templates"
    folder.mkdir()
    for number, text in enumerate(YAML):
        for bad in BAD:
            (folder / f"{number}-{ord(bad[-1]):x}.yaml").write_text(
                text.replace("{{", "{").replace("}}", "}").replace("{0}", escaped(bad)[1:-1])
            )
    for raw in NAMES:
        (folder / os.fsdecode(raw + b".yaml")).write_bytes(b"name: [\xff")
    (folder / "good.yaml").write_text("name: Good\nsections: [{title: Findings, text: Clear.}]")
    words = tmp_path / os.fsdecode(b"w\xe9.tsv")
    words.write_bytes("Xanax\nA\x00\tb\n\u2028\n".encode() + b"\xff\n")
    server = await start_server(store=tmp_path / "store")
    server.components.personal = PersonalFiles(folder, words)
    client, created = await server.session()
    library = await client.until("assistant.library")
    assert "Good" in library["templates"] and len(library["problems"]) >= 2 * len(NAMES)
    await still_serves(server, client, created)


async def test_no_message_of_an_order_stops_anybody(start_server, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, bad in enumerate([*(each.encode("utf-8", "surrogatepass") for each in BAD), *NAMES]):
        for form in (message(), b"MSH|", b""):
            (folder / f"{number}-{len(form)}.hl7").write_bytes(form.replace(b"Muster", bad) or bad)
    server = await start_server(store=tmp_path / "store", orders_hl7_folder=folder)
    async with asyncio.timeout(PATIENCE_S):
        while [*folder.glob("*.hl7")]:  # noqa: ASYNC110  # each is taken, or set aside with its answer
            await asyncio.sleep(0.02)
    client, created = await server.session()
    await still_serves(server, client, created)
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        assert (await http.get("/v1/orders")).status_code == 200


async def test_no_guideline_stops_anybody(start_server, tmp_path, caplog):
    folder = tmp_path / "guidelines"
    folder.mkdir()
    for raw in NAMES:
        (folder / os.fsdecode(raw + b".md")).write_bytes(b"# Sepsis\nGive fluids.")
        (folder / os.fsdecode(raw + b".pdf")).write_bytes(b"%PDF-1.7 nothing")
    (folder / "bytes.md").write_bytes(b"# Sepsis\n\xff\xfe\xed\xa0\x80 Give 30 ml/kg.")
    (folder / "good.md").write_text("# Vasopressin\nAdd vasopressin above 0.25 micrograms/kg/min.")
    library = Library(folder)
    library.refresh()
    server = await start_server(guidelines_library=library, store=tmp_path / "store")
    client, created = await server.session()
    shelf = created["session"]["guidelines"]
    assert shelf["files"] >= 2 and any("not UTF-8" in each for each in shelf["problems"])
    await ask(client, "When do I add vasopressin?")
    assert (await client.until("assistant.response.sources"))["sources"][0]["file"] == "good.md"
    await still_serves(server, client, created)


async def test_a_setting_that_is_not_utf8(start_server, tmp_path):
    server = await start_server(store=tmp_path / "store", user=os.fsdecode(b"Dr M\xfcller"))
    client, created = await server.session()
    await client.append(loud(0.3))
    await client.until("assistant.document.changed")
    assert not client.of("assistant.notice")
    await still_serves(server, client, created)


# --- helpers ---


def png():
    out = io.BytesIO()
    PIL.Image.new("RGB", (8, 4), "white").save(out, "PNG")
    return out.getvalue()


PNG = png()


async def ask(client, text="Is there a pneumothorax?"):
    content = [{"type": "input_text", "text": text}]
    await client.send(
        "conversation.item.create", item={"type": "message", "role": "user", "content": content}
    )
    await client.send("response.create")


async def attach(server, client, name, data):
    session = client.events[0]["session"]
    async with httpx.AsyncClient(trust_env=False, timeout=120) as http:
        headers = {"X-Session-Token": session["resume_token"]}
        response = await http.post(
            f"{server.http}/v1/sessions/{session['id']}/attachments",
            params={"name": name},
            headers=headers,
            content=data,
        )
        assert response.status_code in (201, 400), response.text
        response.json()
