"""The report over HTTP and in the store, on a real server: exported, checked, played; after a restart too."""

import io
import wave

import docx
import httpx
import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport

from assistant.asr.base import LEAD_MS, Transcript, Word
from assistant.errors import AssistantError
from assistant.export.formats import FORMATS
from assistant.export.report import read_report
from assistant.storage.store import Store
from tests.asr.fakes import FakeModel

SAID = "The xylophagous lungs are clear."
CHANGED = "assistant.document.changed"


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def address(server, session, what):
    return f"{server.http}/v1/sessions/{session['id']}/{what}"


def shown(session):
    return {"X-Session-Token": session["resume_token"]}


async def dictated(server, pcm, said=SAID):
    """A session with one dictated sentence: (client, its session, the report)."""
    server.model.texts[3] = said
    client, created = await server.session()
    await client.append(pcm(0.3))
    changed = await client.until(CHANGED)
    return client, created["session"], changed


async def test_every_format_can_be_exported(server, pcm, http):
    _, session, _ = await dictated(server, pcm)
    for name, form in FORMATS.items():
        response = await http.get(
            address(server, session, "export"), params={"format": name}, headers=shown(session)
        )
        assert response.status_code == 200, name
        assert response.headers["content-type"] == form.media_type
        assert response.headers["content-disposition"].endswith(f'{form.suffix}"')
        assert response.headers["cache-control"] == "no-store"
        match name:
            case "docx":
                assert docx.Document(io.BytesIO(response.content)).paragraphs[-1].text == SAID
            case "pdf":
                assert response.content.startswith(b"%PDF-")
            case "fhir":
                assert (
                    DiagnosticReport.model_validate_json(response.content).presentedForm[0].data.decode()
                    == f"{SAID}\n"
                )
            case "json":
                assert read_report(response.content).utterances[0].heard == SAID
            case _:
                assert "xylophagous" in response.text or name == "fhir-document"


async def test_an_edit_by_hand_is_in_the_export(server, pcm, http):
    client, session, changed = await dictated(server, pcm)
    section = changed["sections"][0]
    await client.send(
        "assistant.document.edit",
        revision=changed["revision"],
        section_id=section["id"],
        start=0,
        end=3,
        text="Both",
    )
    await client.until(CHANGED)
    response = await http.get(
        address(server, session, "export"), params={"format": "txt"}, headers=shown(session)
    )
    assert response.text == SAID.replace("The", "Both") + "\n"


async def test_nobody_gets_a_report_without_its_token(server, pcm, http):
    _, session, _ = await dictated(server, pcm)
    for what in ("export?format=txt", "checks", "words", "audio?start_ms=0&end_ms=10"):
        for headers in ({}, {"X-Session-Token": "wrong"}):
            response = await http.get(address(server, session, what), headers=headers)
            assert (response.status_code, response.json()["error"]["code"]) == (404, "session_unknown")
    other = {"id": "sess_none", "resume_token": session["resume_token"]}
    response = await http.get(address(server, other, "export?format=txt"), headers=shown(other))
    assert response.status_code == 404


async def test_an_unknown_format_is_refused_by_name(server, pcm, http):
    _, session, _ = await dictated(server, pcm)
    for query in ("", "?format=doc"):
        response = await http.get(address(server, session, f"export{query}"), headers=shown(session))
        assert (response.status_code, response.json()["error"]["code"]) == (400, "format_unknown")


async def test_checks_name_what_is_wrong_and_where(server, pcm, http):
    _, session, changed = await dictated(server, pcm, "Clear {next field} lungs.")
    response = await http.get(address(server, session, "checks"), headers=shown(session))
    (finding,) = response.json()["findings"]
    text = "".join(run["text"] for run in changed["sections"][0]["runs"])
    assert finding["code"] == "marker_unresolved"
    assert text[finding["start"] : finding["end"]] == "{next field}"


async def test_a_new_report_from_a_template_is_checked_for_its_fields_and_sections(server, http):
    client, created = await server.session()
    session = created["session"]
    await client.send("assistant.document.command", command="new_report", name="chest x-ray")
    await client.until(CHANGED)
    found = (await http.get(address(server, session, "checks"), headers=shown(session))).json()["findings"]
    assert [(each["code"], each["section_id"]) for each in found] == [
        ("field_unfilled", "exam"),
        ("field_unfilled", "indication"),
        ("field_unfilled", "comparison"),
        ("section_empty", "findings"),
        ("section_empty", "impression"),
    ]


class SureModel(FakeModel):
    """Wraps the test's recogniser: three words after the silence in front, the second doubtful."""

    name = "sure"

    def __init__(self, model):
        self._model, self.texts, self.gate = model, model.texts, model.gate

    def open_stream(self):
        stream = self._model.open_stream()
        finish = stream.finish

        def with_words():
            words = [
                Word(w, LEAD_MS + 100 * i, LEAD_MS + 100 * i + 100, 0.3 if i == 1 else 0.9)
                for i, w in enumerate(finish().text.split())
            ]
            return Transcript(finish().text, tuple(words))

        stream.finish = with_words
        return stream


async def test_doubtful_words_come_with_the_report_and_can_be_played(start_server, pcm, http):
    server = await start_server(keep_audio_min=1)
    server.model = server.components.recogniser.model = SureModel(server.model)
    _, session, changed = await dictated(server, pcm)
    (doubtful,) = changed["doubtful"]
    text = "".join(run["text"] for run in changed["sections"][0]["runs"])
    assert text[doubtful["start"] : doubtful["end"]] == "xylophagous"
    assert doubtful["confidence"] == 0.3
    answer = (await http.get(address(server, session, "words"), headers=shown(session))).json()
    assert answer["revision"] == changed["revision"]
    assert [text[word["start"] : word["end"]] for word in answer["words"]] == SAID.split()
    times = {"start_ms": doubtful["start_ms"], "end_ms": doubtful["end_ms"]}
    response = await http.get(address(server, session, "audio"), params=times, headers=shown(session))
    with wave.open(io.BytesIO(response.content)) as played:
        assert (played.getframerate(), played.getnframes()) == (16_000, 1_600)


async def test_without_the_setting_no_audio_is_kept(server, pcm, http):
    _, session, changed = await dictated(server, pcm)
    assert session["keep_audio_min"] == 0
    assert changed["doubtful"] == []
    response = await http.get(
        address(server, session, "audio"), params={"start_ms": 0, "end_ms": 10}, headers=shown(session)
    )
    assert (response.status_code, response.json()["error"]["code"]) == (404, "audio_not_kept")


async def test_a_wrong_range_of_audio_is_refused(start_server, pcm, http):
    server = await start_server(keep_audio_min=0.1)
    _, session, _ = await dictated(server, pcm)
    for query in (
        "start_ms=0",
        "start_ms=5&end_ms=5",
        "start_ms=-1&end_ms=3",
        "start_ms=0&end_ms=9999999",
        "start_ms=x&end_ms=1",
    ):
        response = await http.get(address(server, session, f"audio?{query}"), headers=shown(session))
        assert (response.status_code, response.json()["error"]["code"]) == (400, "range_invalid")


async def test_what_was_said_is_on_disk_before_it_is_shown(start_server, pcm, tmp_path):
    server = await start_server(store=tmp_path)
    _, session, changed = await dictated(server, pcm)
    assert session["stored"] is True
    reader = Store(tmp_path, create=False)
    assert changed["seq"] in [event.seq for event in reader.events(session["id"])]
    reader.close()


async def test_a_restarted_server_still_exports_what_was_stored(start_server, pcm, http, tmp_path):
    server = await start_server(store=tmp_path, user="Dr A")
    _, session, _ = await dictated(server, pcm)
    before = await http.get(
        address(server, session, "export"), params={"format": "json"}, headers=shown(session)
    )
    await server.stop()
    server = await start_server(store=tmp_path, user="Dr A")
    after = await http.get(
        address(server, session, "export"), params={"format": "json"}, headers=shown(session)
    )
    assert read_report(after.content).model_copy(
        update={"exported_at": read_report(before.content).exported_at}
    ) == read_report(before.content)
    denied = await http.get(
        address(server, session, "export"), params={"format": "json"}, headers={"X-Session-Token": "x"}
    )
    assert denied.status_code == 404
    reader = Store(tmp_path, create=False)
    reader.verify()
    done = [(row.who, row.what) for row in reader.audit()]
    assert done.count(("Dr A", "exported_json")) == 2
    assert "xylophagous" not in repr(reader.audit())
    reader.close()


async def test_while_the_disk_fails_words_are_shown_and_told_to_be_unsaved_and_stored_later(
    start_server, pcm, tmp_path, monkeypatch
):
    monkeypatch.setattr("assistant.storage.writer.RETRY_S", 0.05)
    server = await start_server(store=tmp_path)
    store = server.hub.writer.store
    append, fails = store.append, [True]

    def failing(*arguments):
        if fails:
            raise AssistantError("Storing failed (disk full).", code="store_failed")
        append(*arguments)

    store.append = failing
    client, session, _ = await dictated(server, pcm)
    if not client.of("assistant.notice"):  # it may come before the report
        await client.until("assistant.notice")
    (notice,) = client.of("assistant.notice")
    assert notice["code"] == "store_failed"
    assert "not stored" in notice["message"]
    fails.clear()
    await client.until("assistant.notice", code="store_works")
    await client.append(pcm(0.3))
    last = await client.until(CHANGED)
    assert last["seq"] in [event.seq for event in store.events(session["id"])]
    assert [event.type for event in store.events(session["id"])].count(CHANGED) == 2


async def test_a_session_that_ends_writes_its_last_words(start_server, pcm, tmp_path):
    server = await start_server(store=tmp_path)
    _, session, changed = await dictated(server, pcm)
    await server.stop()
    reader = Store(tmp_path, create=False)
    assert reader.events(session["id"])[-1].seq >= changed["seq"]
    reader.close()
