"""``assistant export``: from the store or a saved report to a file, and what wrong use gets."""

import io
from datetime import UTC, datetime

import docx
import pytest

from assistant.cli import main
from assistant.events import DocumentChanged, PositionPart, RunPart, SectionPart
from assistant.export.history import SessionInfo
from assistant.export.report import write_json
from assistant.storage.database import FILE
from assistant.storage.store import Store
from tests.export.builders import report
from tests.storage.rows import logged


def revision(number, text):
    return DocumentChanged(
        seq=number,
        revision=number,
        sections=[SectionPart(id="findings", title="Findings", runs=[RunPart(text=text, origin="voice")])],
        cursor=PositionPart(section_id="findings", offset=0),
    )


@pytest.fixture
def folder(tmp_path):
    with Store(tmp_path / "store") as store:
        store.open_session(
            SessionInfo("sess_1", datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "lasr"), "t", "Dr A"
        )
        store.append("sess_1", logged([revision(1, "First."), revision(2, "Second.")]), "Dr A")
    return tmp_path / "store"


@pytest.fixture
def export(capfdbinary, monkeypatch):
    """``export(…)`` → (status, standard output, standard error)."""
    monkeypatch.delenv("ASSISTANT_STORE", raising=False)

    def run(*arguments):
        status = main(["export", *map(str, arguments)])
        out, err = capfdbinary.readouterr()
        return status, out, err.decode()

    return run


def test_the_sessions_of_a_store_are_listed(export, folder):
    assert export("--store", folder) == (0, b"sess_1  2026-11-24 09:30  lasr\n", "")


def test_a_stored_session_is_exported_and_the_audit_says_so(export, folder):
    assert export("sess_1", "--store", folder) == (0, b"Findings:\nSecond.\n", "")
    with Store(folder, create=False) as store:
        last = store.audit()[-1]
    assert last.what == "exported_txt"
    assert "command line" in last.who


def test_the_store_may_be_named_in_the_environment(export, folder, monkeypatch):
    monkeypatch.setenv("ASSISTANT_STORE", str(folder))
    assert export("sess_1")[1] == b"Findings:\nSecond.\n"


def test_an_earlier_revision_can_be_exported(export, folder):
    assert export("sess_1", "--store", folder, "--revision", 1)[1] == b"Findings:\nFirst.\n"
    status, _, error = export("sess_1", "--store", folder, "--revision", 9)
    assert (status, "[revision_unknown]" in error) == (2, True)


def test_a_saved_report_becomes_any_format(export, tmp_path):
    (tmp_path / "saved.json").write_bytes(write_json(report()))
    assert export(tmp_path / "saved.json", "--format", "docx", "-o", tmp_path / "out.docx")[0] == 0
    assert docx.Document(io.BytesIO((tmp_path / "out.docx").read_bytes())).paragraphs[0].text == "Chest X-ray"
    assert export(tmp_path / "saved.json", "--format", "hl7")[1].startswith(b"MSH|^~\\&|")


def test_the_audit_is_verified(export, folder):
    status, out, _ = export("--verify", "--store", folder)
    assert (status, len(out.strip())) == (0, 64)


def test_wrong_use_gets_a_reason(export, folder, tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_text("this is no database" * 100)
    for arguments, code in (
        ([], "store_missing"),
        (["sess_1"], "store_missing"),
        (["sess_1", "--store", tmp_path / "none"], "store_missing"),
        (["sess_9", "--store", folder], "session_unknown"),
        (["sess_1", "--store", folder, "--format", "doc"], "format_unknown"),
        ([tmp_path / "bad.json"], "report_unreadable"),
        (["sess_1", "--store", tmp_path / "other"], "store_broken"),
        (["sess_1", "--store", folder, "-o", tmp_path / "none" / "x.txt"], "output_unwritable"),
    ):
        status, out, error = export(*arguments)
        assert (status, out) == (2, b""), arguments
        assert f"[{code}]" in error


def test_the_audit_is_checked_also_against_an_earlier_end(export, folder):
    status, out, _ = export("--store", folder, "--verify")
    last = out.decode().strip()
    assert (status, len(last)) == (0, 64)
    assert export("--store", folder, "--verify", "--had", last)[:2] == (0, out)
    status, _, error = export("--store", folder, "--verify", "--had", "0" * 64)
    assert (status, "[audit_cut]" in error) == (2, True)


def test_a_session_is_deleted_and_the_audit_says_so(export, folder):
    assert export("sess_1", "--store", folder, "--delete") == (0, b"", "sess_1 was deleted.\n")
    assert "[session_unknown]" in export("sess_1", "--store", folder)[2]
    assert "[session_unknown]" in export("--store", folder, "--delete")[2]
    with Store(folder, create=False) as store:
        store.verify()
        last = store.audit()[-1]
    assert last.what == "session_deleted"
    assert "command line" in last.who
