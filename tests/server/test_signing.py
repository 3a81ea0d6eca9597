"""A report is signed, locked for every inlet, amended, and what was signed can be exported for ever."""

import io
import json
from dataclasses import replace

import docx
import httpx
import pytest
import sqlalchemy as sa
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.documentreference import DocumentReference
from hl7apy.parser import parse_message
from pypdf import PdfReader

from assistant.events import Order, Patient
from assistant.export.report import content_sha256, read_report
from assistant.principal import Principal
from assistant.storage.store import Store
from tests.server.test_worklist import CHANGED, COMPLETED, described, listed, said, written
from tests.server.test_wrong_user import ByName, as_user
from tests.storage.rows import raw

SIGNED = "assistant.report.signed"


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
async def kept(start_server, tmp_path):
    return await start_server(store=tmp_path / "kept", user="ann")


async def dictated(server, pcm, words="The xylophagous lungs are clear."):
    client, created = await server.session()
    await client.send("assistant.mode.set", mode="dictation")
    changed = await said(server, client, pcm, words)
    await described(client)
    return client, created["session"], changed


async def sign(client, changed, **fields):
    await client.send(
        "assistant.report.sign", revision=changed["revision"], **{"name": "Dr Ann Example", **fields}
    )
    return await client.until(SIGNED)


async def amend(client, kind, reason):
    message = {"type": "assistant.report.amend", "kind": kind, "reason": reason}
    await client.socket.send(json.dumps(message))


async def exported(http, server, session, form, **query):
    return await http.get(
        f"{server.http}/v1/sessions/{session['id']}/export",
        params={"format": form, **query},
        headers={"X-Session-Token": session["resume_token"]},
    )


async def test_a_signature_has_name_time_and_the_hash_of_what_was_signed(kept, pcm, http):
    client, session, changed = await dictated(kept, pcm)
    signed = await sign(client, changed)
    report = read_report((await exported(http, kept, session, "json")).content)
    assert (report.status, signed["number"], signed["kind"]) == ("final", 1, "report")
    assert signed["sha256"] == content_sha256(
        session["id"],
        "",
        [("", "The xylophagous lungs are clear.")],
        patient=Patient(id="P-1", name="Maria Muster", born="1950-02-01", sex="female"),
        order=Order(accession="A-77", exam="CT chest", at="2026-03-01T10:30"),
        signature=(1, "report", "Dr Ann Example", signed["at"]),
    )
    assert report.signatures[0].sha256 == signed["sha256"]
    (row,) = await listed(http, kept, state="final")
    assert row["id"] == session["id"]


CHANGES = [
    ("assistant.document.edit", {"revision": 1, "section_id": "text", "start": 0, "end": 3, "text": "No"}),
    *(
        ("assistant.document.command", {"command": command, **fields})
        for command, fields in (
            ("undo", {}),
            ("redo", {}),
            ("insert_text", {"text": "More."}),
            ("insert_text", {"text": "[1.0 s not heard]", "origin": "gap"}),
            ("insert_macro", {"name": "Normal chest"}),
            ("choose", {"section_id": "text", "offset": 0, "text": "x"}),
            ("confirm", {"section_id": "text", "offset": 0, "text": "x"}),
        )
    ),
    ("assistant.item.edit", {"item_id": "utt_1", "text": "Other words."}),
    ("assistant.intent.correct", {"item_id": "utt_1", "intent": "question"}),
    ("assistant.report.describe", {"patient": {"name": "Else"}, "order": {}}),
    ("assistant.report.sign", {"revision": 1, "name": "Somebody Else"}),
]


@pytest.mark.parametrize(("kind", "fields"), CHANGES, ids=lambda each: json.dumps(each)[:60])
async def test_no_request_changes_a_signed_report(kept, pcm, kind, fields):
    client, session, changed = await dictated(kept, pcm)
    await sign(client, changed)
    await client.send(kind, event_id="try", **fields)
    error = (await client.until("error"))["error"]
    assert (error["code"], error["event_id"]) == ("report_signed", "try")
    runner = kept.hub.find(session["id"])
    assert runner.conversation.document == "The xylophagous lungs are clear."
    assert runner.conversation.dictation.document.revision == changed["revision"]


SPOKEN = [
    "No pneumothorax.",
    "Scratch that.",
    "Undo that.",
    "Delete the last sentence.",
    "Replace lungs with kidneys.",
    "Impression colon normal.",
]


@pytest.mark.parametrize("words", SPOKEN)
async def test_nothing_that_is_said_changes_a_signed_report_and_it_is_told(kept, pcm, words):
    client, session, changed = await dictated(kept, pcm)
    await sign(client, changed)
    kept.model.texts[3] = words
    await client.append(pcm(0.3))
    assert (await client.until(COMPLETED))["transcript"] == words, "what was heard is still told"
    while True:
        event = await client.next()
        if event["type"] == "assistant.command.done" and event["failed"]:
            assert "signed" in event["message"]
            break
        if event["type"] == "assistant.notice" and event["code"] == "report_signed":
            break
    runner = kept.hub.find(session["id"])
    assert runner.conversation.document == "The xylophagous lungs are clear."
    assert client.of(CHANGED)[-1]["revision"] == changed["revision"]


async def test_sound_that_is_lost_leaves_no_mark_in_a_signed_report(kept, pcm):
    client, session, changed = await dictated(kept, pcm)
    await sign(client, changed)
    await client.send("assistant.audio.at", sample=0)
    await client.send("assistant.audio.at", sample=240_000)
    await client.socket.send(pcm(0.3))
    await client.until("assistant.audio.gap")
    await client.until("assistant.notice", code="report_signed")
    assert kept.hub.find(session["id"]).conversation.dictation.document.revision == changed["revision"]


async def test_a_signed_report_stays_locked_after_a_restart(start_server, tmp_path, pcm):
    first = await start_server(store=tmp_path)
    client, session, changed = await dictated(first, pcm)
    await sign(client, changed)
    await first.stop()
    second = await start_server(store=tmp_path)
    again, _ = await second.session(resume=session["resume_token"])
    await again.send("assistant.document.command", command="insert_text", text="More.")
    assert await again.code() == "report_signed"


async def test_the_checks_come_first_and_what_has_changed_is_not_signed(kept, pcm):
    client, _created = await kept.session()
    await client.send("assistant.report.sign", revision=0, name="Dr Ann Example")
    assert await client.code() == "report_empty"
    await client.send("assistant.mode.set", mode="dictation")
    changed = await said(kept, client, pcm, "The lungs are clear.")
    await client.send("assistant.document.command", command="insert_text", text=" [side]")
    changed = await client.until(CHANGED)
    await client.send("assistant.report.sign", revision=changed["revision"] - 1, name="Dr Ann Example")
    assert await client.code() == "report_changed"
    await client.send("assistant.report.sign", revision=changed["revision"], name="Dr Ann Example")
    assert await client.code() == "report_unchecked"
    assert (await sign(client, changed, checked=True))["checks"] == ["marker_unresolved"]


@pytest.mark.parametrize("name", ["", "   "])
async def test_nobody_signs_without_a_name(kept, pcm, name):
    client, _, changed = await dictated(kept, pcm)
    await client.send("assistant.report.sign", revision=changed["revision"], name=name)
    assert await client.code() == "name_missing"


class Editors(ByName):
    """Users who may dictate, and not sign."""

    async def identify(self, scope):
        found = await super().identify(scope)
        return found if not isinstance(found, Principal) else replace(found, roles=frozenset({"editor"}))


async def test_on_a_server_with_users_the_login_signs_and_no_other_name(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path / "kept", identifier=ByName())
    client, created = await server.session(additional_headers=as_user("ann"))
    session = created["session"]
    assert (session["signer"], session["may_sign"]) == ("ann", True)
    await client.send("assistant.mode.set", mode="dictation")
    changed = await said(server, client, pcm, "The lungs are clear.")
    await client.send("assistant.report.sign", revision=changed["revision"], name="Dr Bob")
    assert await client.code() == "signer_is_user"
    signed = await sign(client, changed, name="")
    assert (signed["name"], signed["signer"]) == ("ann", "user_ann")

    async def made(form):
        return (await exported(http, server, session, form)).content

    http.headers.update(as_user("ann"))
    report = read_report(await made("json"))
    assert report.signatures[0].signer == "user_ann"
    assert signed["sha256"] == content_sha256(
        session["id"],
        "",
        [("", "The lungs are clear.")],
        patient=Patient(),
        order=Order(),
        signature=(1, "report", "ann", signed["at"]),
        signer="user_ann",
    )
    foot = docx.Document(io.BytesIO(await made("docx"))).sections[0].footer.paragraphs[0].text
    assert "signed by ann 2" in foot
    fhir = DiagnosticReport.model_validate_json(await made("fhir"))
    assert (fhir.performer[0].identifier.value, fhir.performer[0].display) == ("user_ann", "ann")
    assert "|user_ann&ann\r" in (await made("hl7")).decode()


async def test_who_lacks_the_right_does_not_sign(start_server, tmp_path, pcm):
    server = await start_server(store=tmp_path / "kept", identifier=Editors())
    client, created = await server.session(additional_headers=as_user("eve"))
    assert not created["session"]["may_sign"]
    await client.send("assistant.mode.set", mode="dictation")
    changed = await said(server, client, pcm, "The lungs are clear.")
    await client.send("assistant.report.sign", revision=changed["revision"])
    assert await client.code() == "right_missing"


async def test_a_typed_name_is_said_to_be_unverified(kept, pcm, http):
    client, session, changed = await dictated(kept, pcm)
    assert session["signer"] is None
    assert (await sign(client, changed))["signer"] == ""
    data = (await exported(http, kept, session, "docx")).content
    foot = docx.Document(io.BytesIO(data)).sections[0].footer.paragraphs[0].text
    assert "signed by Dr Ann Example (name not verified)" in foot


async def test_an_amendment_keeps_what_was_signed(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path)
    client, session, changed = await dictated(server, pcm)
    first = await sign(client, changed)
    await amend(client, "amendment", "Side corrected")
    await client.until("assistant.report.reopened")
    (row,) = await listed(http, server)
    assert row["state"] == "amending"
    between = read_report((await exported(http, server, session, "json")).content)
    assert between.status == "preliminary" and len(between.signatures) == 1
    changed = await said(server, client, pcm, "No effusion.")
    second = await sign(client, changed)
    assert (second["number"], second["kind"]) == (2, "amendment")
    assert second["sha256"] != first["sha256"]
    for number, text, status in (
        (1, "The xylophagous lungs are clear.", "final"),
        (2, "The xylophagous lungs are clear. No effusion.", "amended"),
    ):
        report = read_report((await exported(http, server, session, "json", signed=number)).content)
        assert (report.sections[0].text, report.status) == (text, status)
    assert (await exported(http, server, session, "txt", signed=3)).json()["error"]["code"] == (
        "signature_unknown"
    )
    await server.stop()
    with Store(tmp_path, create=False) as store:
        store.verify()
        whats = [row.what for row in store.audit()]
    assert [each for each in whats if "sign" in each or "amend" in each] == [
        "report_signed_1",
        "report_opened_for_amendment",
        "report_signed_2",
    ]


async def test_an_addendum_may_add_and_may_not_change(kept, pcm):
    client, _session, changed = await dictated(kept, pcm)
    await sign(client, changed)
    await amend(client, "addendum", "Late result")
    changed = await client.until(CHANGED)
    assert [part["title"] for part in changed["sections"]] == ["", "Addendum"]
    await client.send("assistant.report.sign", revision=changed["revision"], name="A", checked=True)
    assert await client.code() == "addendum_changes_report"  # it adds nothing
    changed = await said(kept, client, pcm, "Culture negative.")
    await client.send(
        "assistant.document.edit",
        revision=changed["revision"], section_id="text", start=0, end=3, text="All",
    )  # fmt: skip
    changed = await client.until(CHANGED)
    await client.send("assistant.report.sign", revision=changed["revision"], name="A", checked=True)
    assert await client.code() == "addendum_changes_report"
    await client.send("assistant.document.command", command="undo")
    changed = await client.until(CHANGED)
    assert (await sign(client, changed, checked=True))["kind"] == "addendum"


async def test_only_a_signed_report_is_amended(kept, pcm):
    client, _, _ = await dictated(kept, pcm)
    await amend(client, "amendment", "")
    assert await client.code() == "report_not_signed"


async def test_sign_the_report_by_voice_only_asks(kept, pcm):
    client, session, _ = await dictated(kept, pcm)
    kept.model.texts[3] = "Sign the report."
    await client.append(pcm(0.3))
    done = await client.until("assistant.command.done", command="sign")
    assert not done["failed"] and "confirm" in done["message"]
    assert client.of(SIGNED) == [] and not kept.hub.find(session["id"]).conversation.is_signed


async def test_exports_say_whose_report_it_is_what_for_and_who_signed(kept, pcm, http):
    client, session, changed = await dictated(kept, pcm)

    async def made(form):
        response = await exported(http, kept, session, form)
        assert response.status_code == 200
        return response.content

    for form in ("txt", "md", "html"):
        text = (await made(form)).decode()
        for part in ("Maria Muster", "P-1", "1950-02-01", "CT chest", "A-77", "2026-03-01 10:30"):
            assert f": {part}" in text
    word = docx.Document(io.BytesIO(await made("docx"))).sections[0]
    assert "not signed" in word.footer.paragraphs[0].text
    signed = await sign(client, changed)
    word = docx.Document(io.BytesIO(await made("docx"))).sections[0]
    head, foot = word.header.paragraphs[0].text, word.footer.paragraphs[0].text
    pdf = PdfReader(io.BytesIO(await made("pdf"))).pages[0].extract_text()
    for place in (head, pdf):
        for part in ("Maria Muster", "P-1", "1950-02-01", "CT chest", "A-77", "2026-03-01 10:30"):
            assert part in place
    for place in (foot, " ".join(pdf.split())):
        assert "Final" in place and "Dr Ann Example" in place and signed["sha256"][:16] in place
    fhir = DiagnosticReport.model_validate_json(await made("fhir"))
    assert (fhir.status, fhir.subject.identifier.value, fhir.subject.display) == (
        "final",
        "P-1",
        "Maria Muster",
    )
    assert fhir.performer[0].display == "Dr Ann Example"
    assert fhir.basedOn[0].identifier.value == "A-77"
    assert fhir.issued.isoformat(timespec="milliseconds") == signed["at"]
    assert fhir.identifier[0].value.startswith(session["id"])
    reference = DocumentReference.model_validate_json(await made("fhir-document"))
    assert (reference.docStatus, reference.author[0].display) == ("final", "Dr Ann Example")
    assert reference.subject.identifier.value == "P-1"
    message = (await made("hl7")).decode()
    segments = {line.split("|")[0]: line.split("|") for line in message.split("\r") if line}
    assert segments["PID"][3:9] == ["P-1", "", "Maria Muster", "", "19500201", "F"]
    assert segments["ORC"][2] == segments["OBR"][2] == "A-77"
    assert (segments["OBR"][7], segments["OBR"][25], segments["OBR"][32]) == (
        "202603011030",
        "F",
        "&Dr Ann Example",
    )
    assert segments["OBX"][11] == "F"
    parse_message(message, find_groups=False)
    await amend(client, "amendment", "")
    await client.until("assistant.report.reopened")
    changed = await said(kept, client, pcm, "No mass.")
    await sign(client, changed)
    assert DiagnosticReport.model_validate_json(await made("fhir")).status == "amended"
    assert (
        "|||||C" in (await made("hl7")).decode()
        and "Amended" in docx.Document(io.BytesIO(await made("docx"))).sections[0].footer.paragraphs[0].text
    )


async def test_a_text_that_is_not_what_was_signed_is_not_exported(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path, grace_s=0)
    client, session, changed = await dictated(server, pcm)
    await sign(client, changed)
    await server.stop()
    with raw(tmp_path, rules=False) as connection:
        change = "UPDATE events SET json = replace(json, 'xylophagous', 'healthy') WHERE type = :type"
        connection.execute(sa.text(change), {"type": CHANGED})
    second = await start_server(store=tmp_path)
    answer = await exported(http, second, session, "txt")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "signature_broken")


async def test_what_is_being_said_is_not_cut_by_a_signature(kept, pcm):
    client, _session, changed = await dictated(kept, pcm)
    kept.model.texts[3] = "No effusion."
    await client.append(pcm(0.3, silence_s=0))
    await client.until("input_audio_buffer.speech_started")
    await client.send("assistant.report.sign", revision=changed["revision"], name="Dr Ann Example")
    assert await client.code() == "report_changed"
    assert "No effusion" in written(client.of(CHANGED)[-1])
