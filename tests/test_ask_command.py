"""``assistant ask`` with every kind of attachment, against a server that keeps what it is asked."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from assistant.cli import main
from tests.imaging import made
from tests.records.test_fhir import bundle

CHOICE = '```json\n[{"type": "Observation", "codes": ["Hemoglobin A1c"]}]\n```'


@pytest.fixture
def ask(capsys):
    """``ask("…", paths…)`` → status, the content of the last request, standard output and error."""
    asked = []

    class Model(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append(body["messages"][-1]["content"])
            chooses = "Which of them have to be read" in str(asked[-1])
            text = CHOICE if chooses else "It was 7.2 % [Observation/1]."
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": "stop"}
            event = {
                "id": "c",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [choice],
            }
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode())

        def log_message(self, *_):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def run(question, *paths):
        url = f"http://127.0.0.1:{server.server_port}/v1"
        images = [word for path in paths for word in ("--image", str(path))]
        status = main(
            ["ask", question, "--engine", "openai", "--engine-url", url, "--engine-model", "m", *images]
        )
        captured = capsys.readouterr()
        return status, asked[-1] if asked else [], captured.out, captured.err

    yield run
    server.shutdown()
    thread.join()
    server.server_close()


def images_of(content):
    return sum(part["type"] == "image_url" for part in content)


def words_of(content):
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def test_a_record_is_read_and_what_the_answer_rests_on_is_named(ask, tmp_path):
    (tmp_path / "record.json").write_bytes(bundle())
    status, content, said, beside = ask("What was the last A1c?", tmp_path / "record.json")
    assert (status, said) == (0, "It was 7.2 % [Observation/1].\n")
    assert "[Observation/1] 2024-03-01 Hemoglobin A1c: 7.2 %" in words_of(content)
    assert "Body weight" not in words_of(content)
    assert "[Observation/1] Observation/obs-2: 2024-03-01 Hemoglobin A1c: 7.2 %; final" in beside


def test_a_lab_report_is_asked_for_as_a_table(ask, tmp_path):
    page = PIL.Image.new("RGB", (60, 40), "white")
    for name in ("labs.jpg", "labs.pdf"):
        page.save(tmp_path / name)
        status, content, _, _ = ask("Make a table of this lab report", tmp_path / name)
        assert (status, images_of(content)) == (0, 1)
        assert "```json list" in words_of(content)


def test_volumes_and_slides_come_as_slices_and_patches(ask, tmp_path):
    import nibabel

    pixels = np.full((896, 1792, 3), 244, np.uint8)
    pixels[:, 896:] = (180, 80, 160)
    folder = made.series(tmp_path / "ct", 6, shape=(8, 8))
    (folder / "notes.txt").write_text("not a picture")
    volume = nibabel.Nifti1Image(np.arange(8 * 8 * 6, dtype=np.float32).reshape(8, 8, 6), np.eye(4))
    nibabel.save(volume, tmp_path / "brain.nii.gz")
    paths = {
        folder: 6,
        shutil.make_archive(tmp_path / "zipped", "zip", folder): 6,
        tmp_path / "brain.nii.gz": 6,
        made.slide(tmp_path / "biopsy.svs", pixels): 1,
    }
    for path, count in paths.items():
        status, content, _, beside = ask("Is it normal?", path)
        assert (status, images_of(content)) == (0, count), path
        named = Path(path).name in ("ct", "zipped.zip")
        assert ("notes.txt" in beside) == named, "it is named, and the rest kept"


def test_xrays_are_compared_in_the_order_of_time_and_a_place_is_asked_for_on_one(ask, tmp_path):
    paths = []
    for name, date in [("now.dcm", "20260110"), ("then.dcm", "20240110"), ("between.dcm", "20250110")]:
        pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
        paths.append(
            made.dicom(
                tmp_path / name,
                pixels,
                sop_class=made.DX,
                modality="DX",
                StudyDate=date,
                StudyInstanceUID=f"1.{date}",
                SeriesInstanceUID=f"1.{date}.1",
            )
        )
    _, content, _, beside = ask("What has changed over time?", *paths)
    assert images_of(content) == 3
    assert "Study 1 of 3, the oldest:" in words_of(content)
    assert "compared with the first study" in words_of(content)
    assert "oldest first by the dates in the files: images 2, then 3, then 1" in beside
    _, content, _, _ = ask("Where is the carina?", *paths)
    assert images_of(content) == 1
    assert "box_2d" in words_of(content)


def test_a_file_that_cannot_be_used_is_named(ask, tmp_path):
    (tmp_path / "letter.dcm").write_bytes(b"%PDF-1.7\n")
    status, _, said, beside = ask("Is it normal?", tmp_path / "letter.dcm")
    assert status != 0
    assert not said
    assert "letter.dcm" in beside
    assert "file_kind_mismatch" in beside
