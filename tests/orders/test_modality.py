"""Modality worklists: Orthanc's from Debian, and one of pynetdicom for what Orthanc does not do."""

import contextlib
import gc
import json
import socket
import ssl
import subprocess
import threading
from datetime import date
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import ModalityWorklistInformationFind

from assistant.errors import AssistantError, BadInput
from assistant.orders.modality import peer_of, placed_of, scheduled
from assistant.server.tls import client_tls, server_tls
from tests.certificates import certificate_for_localhost
from tests.imaging.orthanc import ORTHANC

PLUGIN = "/usr/share/orthanc/plugins/libModalityWorklists.so"
TODAY = f"{date.today():%Y%m%d}"


def entry(number="P-1", accession="A-1", day=TODAY, study="1.2.3.4", name="Müster^Maria^Anna"):
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientName, made.PatientID, made.PatientSex = name, number, "F"
    made.PatientBirthDate, made.AccessionNumber, made.StudyInstanceUID = "19500201", accession, study
    made.RequestedProcedureDescription, made.RequestedProcedureID = "CT chest", "RP1"
    step = Dataset()
    step.Modality, step.ScheduledProcedureStepStartDate = "CT", day
    step.ScheduledProcedureStepStartTime, step.ScheduledProcedureStepID = "103000", "SPS1"
    step.ScheduledStationAETitle = "CT1"
    made.ScheduledProcedureStepSequence = [step]
    return made


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def orthanc(folder: Path, entries):
    database = folder / "worklists"
    database.mkdir()
    for i, each in enumerate(entries):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
        meta.MediaStorageSOPInstanceUID = f"1.2.{i + 1}"
        file = FileDataset(None, each, file_meta=meta, preamble=b"\0" * 128)
        file.save_as(database / f"{i}.wl", enforce_file_format=True)
    port = free_port()
    options = {
        "StorageDirectory": str(folder / "db"),
        "HttpServerEnabled": False,
        "DicomServerEnabled": True,
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "DicomModalities": {"us": ["ASSISTANT", "127.0.0.1", 1]},
        "Plugins": [PLUGIN],
        "Worklists": {"Enable": True, "Database": str(database)},
    }
    (folder / "orthanc.json").write_text(json.dumps(options))
    with subprocess.Popen([ORTHANC, folder / "orthanc.json"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            assert any("Orthanc has started" in line for line in process.stderr), "Orthanc did not start"
            yield peer_of(f"ORTHANC@127.0.0.1:{port}")
        finally:
            process.terminate()


@pytest.mark.skipif(not Path(PLUGIN).exists(), reason="needs Orthanc: apt-get install orthanc")
def test_a_real_worklist_is_read_and_kept_to_its_days(tmp_path):
    other = entry("P-2", "A-2", study="1.2.3.5", name="Beispiel^Max")
    with orthanc(tmp_path, [entry(), other, entry("P-3", "A-3", "20010101", "1.2.3.6")]) as peer:
        found, left_out = scheduled(peer, "ASSISTANT", days_back=1, days_ahead=1)
        none, _ = scheduled(peer, "ASSISTANT", days_back=1, days_ahead=1, modality="MR")
    by_number = {each.order.accession: each for each in found}
    assert (sorted(by_number), left_out, none) == (["A-1", "A-2"], 0, [])
    one = by_number["A-1"]
    assert one.patient.model_dump() == {
        "id": "P-1", "name": "Müster, Maria Anna", "born": "1950-02-01", "sex": "female",
    }  # fmt: skip
    assert (one.order.exam, one.order.study, one.modality) == ("CT chest", "1.2.3.4", "CT")
    assert one.order.at == f"{date.today()}T10:30"


@contextlib.contextmanager
def answering(handler, tls=None):
    entity = AE(ae_title="WORKLIST")
    entity.add_supported_context(ModalityWorklistInformationFind)
    port = free_port()
    server = entity.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_FIND, handler)], ssl_context=tls
    )
    try:
        yield peer_of(f"WORKLIST@127.0.0.1:{port}")
    finally:
        server.shutdown()


@pytest.mark.parametrize("code", [0xA700, 0xC001, 0xFE00])
def test_an_answer_that_is_broken_off_says_nothing(code):
    def handler(event):
        yield 0xFF00, entry()
        yield code, None

    with answering(handler) as peer, pytest.raises(AssistantError) as raised:
        scheduled(peer, "ASSISTANT", days_back=1, days_ahead=1)
    assert raised.value.code == "orders_refused"


def test_an_entry_without_a_patient_is_left_out_and_counted():
    def handler(event):
        yield 0xFF00, entry(number="")
        yield 0xFF00, entry()
        yield 0x0000, None

    with answering(handler) as peer:
        found, left_out = scheduled(peer, "ASSISTANT", days_back=1, days_ahead=1)
    assert ([each.patient.id for each in found], left_out) == (["P-1"], 1)


def test_a_worklist_is_asked_over_tls_and_both_show_certificates_of_known_authorities(tmp_path):
    def handler(event):
        yield 0xFF00, entry()
        yield 0x0000, None

    ours = authority(tmp_path / "ours")
    with answering(handler, server_tls(ours, ours)) as peer:
        found, _ = scheduled(peer, "ASSISTANT", days_back=1, days_ahead=1, tls=client_tls(ours, ours))
    assert len(found) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pynetdicom leaves a socket
def test_a_worklist_of_another_authority_gets_no_question(tmp_path):
    ours, others = (authority(tmp_path / name) for name in ("ours", "others"))
    failed = []

    def shake_hands(listening, tls):
        connection, _ = listening.accept()
        with connection:
            try:
                tls.wrap_socket(connection, server_side=True).close()
            except ssl.SSLError as error:
                failed.append(error.reason)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=shake_hands, args=(listening, server_tls(others, None)))
        thread.start()
        peer = peer_of(f"WORKLIST@127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(AssistantError) as raised:
            scheduled(peer, "ASSISTANT", days_back=1, days_ahead=1, tls=client_tls(ours, None))
        thread.join()
    assert raised.value.code == "orders_unreachable"
    assert failed == ["TLSV1_ALERT_UNKNOWN_CA"]
    del raised
    gc.collect()


def authority(folder):
    """A self-signed certificate with its key, which is its own authority."""
    folder.mkdir()
    file = folder / "both.pem"
    file.write_bytes(b"".join(each.read_bytes() for each in certificate_for_localhost(folder)))
    return file


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_unusable_certificates_are_refused_in_words(tmp_path, content):
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_bytes(content)
    good = authority(tmp_path / "good")
    for made in (
        lambda: client_tls(file, None),
        lambda: client_tls(good, file),
        lambda: server_tls(file, None),
    ):
        with pytest.raises(BadInput) as raised:
            made()
        assert raised.value.code == "certificate_unusable"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pynetdicom leaves a socket
def test_a_worklist_that_is_away_is_said_to_be():
    with pytest.raises(AssistantError) as raised:
        scheduled(peer_of(f"NOBODY@127.0.0.1:{free_port()}"), "ASSISTANT", days_back=1, days_ahead=1)
    assert raised.value.code == "orders_unreachable"


def test_an_entry_without_steps_and_study_is_known_by_its_numbers():
    made = entry()
    del made.ScheduledProcedureStepSequence, made.StudyInstanceUID
    placed = placed_of(made)
    assert placed is not None and placed.key == "A-1/RP1"
