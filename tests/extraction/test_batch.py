"""The command against a server that speaks OpenAI's form, and the batch with a scripted engine."""

import asyncio
import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from assistant.engines.base import CutOff, nobody
from assistant.engines.scripted import ScriptedEngine
from assistant.errors import BadInput, EngineFailed
from assistant.extraction.batch import GIVE_UP_AFTER, Batch, Results
from assistant.extraction.files import others_in, reports_in, text_in
from assistant.extraction.schema import parse_schema
from assistant.extraction.table import write_csv

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = '{"properties": {"size_mm": {"type": "number"}}}'
FIELDS = parse_schema(SCHEMA)


class ModelServer(BaseHTTPRequestHandler):
    """Finds the size in the report, slowly, and a wrong source in report 7."""

    asked: ClassVar = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"][-1]["text"]
        size = re.search(r"Nodule of (\d+) mm", text).group(1)
        self.asked.append(size)
        time.sleep(0.02)
        source = "no such words" if size == "7" else f"of {size} mm"
        said = json.dumps({"size_mm": {"value": int(size), "source": source}})
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        choice = {"index": 0, "delta": {"content": f"```json\n{said}\n```"}, "finish_reason": "stop"}
        data = f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\ndata: [DONE]\n\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    ModelServer.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), ModelServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def start(tmp_path, url):
    command = [sys.executable, "-m", "assistant", "extract", "schema.json", "reports", "--out", "found"]
    command += ["--engine", "openai", "--engine-url", url, "--engine-model", "m", "--at-once", "4"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def lines(path):
    return path.read_text().count("\n") if path.exists() else 0


def test_a_killed_run_goes_on_where_it_was_and_writes_each_report_once(tmp_path, url):
    (tmp_path / "schema.json").write_text(SCHEMA)
    (tmp_path / "reports").mkdir()
    count = 300
    for i in range(count):
        (tmp_path / "reports" / f"{i:03}.txt").write_text(f"Nodule of {i} mm.")
    (tmp_path / "reports" / "bad.txt").write_bytes(b"\xff\xfe\xff")

    killed = start(tmp_path, url)
    found = tmp_path / "found.jsonl"
    while lines(found) < 10 and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = lines(found)
    assert 10 <= before < count
    with found.open("a") as file:
        file.write('{"file": "cut o')  # as a kill in the middle of a line leaves it

    done = start(tmp_path, url)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 1, err
    assert f"{count - before} done, {before} done earlier, 1 failed" in out.decode()
    assert "301/301" in err.decode()
    assert len(ModelServer.asked) <= count + 4, "only what was under way is asked again"
    records = [json.loads(line) for line in found.read_text().splitlines()]
    assert sorted(record["file"] for record in records) == [f"{i:03}.txt" for i in range(count)]
    assert (tmp_path / "found.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "Excel knows UTF-8 by it"
    with (tmp_path / "found.csv").open(encoding="utf-8-sig") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    assert len(rows) == count + 1, "every report has a row"
    assert rows["042.txt"] == {
        "file": "042.txt", "status": "done", "size_mm": "42", "size_mm_source": "of 42 mm"
    }  # fmt: skip
    assert rows["007.txt"]["size_mm"] == "", "its source does not stand in the report"
    assert rows["007.txt"]["size_mm_source"] == "[rejected: source_not_in_text]"
    assert rows["bad.txt"]["status"] == "failed: The file is not UTF-8 text. [file_not_readable]"
    told = (tmp_path / "found.errors.jsonl").read_text().splitlines()
    errors = {(e["file"], e["code"]) for e in map(json.loads, told)}
    assert ("bad.txt", "file_not_readable") in errors


@pytest.fixture
def reports(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    for i in range(20):
        (folder / f"{i:02}.txt").write_text(f"Nodule of {i} mm.")
    return folder


def batch(engine, reports, results):
    return Batch(engine, FIELDS, results, folder=reports, first_wait_s=0)


async def test_an_engine_that_is_not_there_ends_the_run(tmp_path, reports):
    engine, results = ScriptedEngine(), Results(tmp_path / "found", FIELDS)
    engine.fail("", EngineFailed("Nobody.", code="engine_unreachable"))
    with pytest.raises(EngineFailed):
        await batch(engine, reports, results).run(reports_in(reports), 1)
    results.close()
    assert lines(results.errors_path) == GIVE_UP_AFTER


async def test_so_many_at_once_and_an_answer_without_json_fails_its_report_alone(tmp_path, reports):
    engine, results = ScriptedEngine(), Results(tmp_path / "found", FIELDS)
    gate = asyncio.Semaphore(0)
    engine.script("", ['{"size_mm": null}'], gate=gate)
    engine.script("of 3 mm", ["I cannot."], gate=gate)
    running = asyncio.create_task(batch(engine, reports, results).run(reports_in(reports), 6))
    async with asyncio.timeout(10):
        while engine.running < 6:  # noqa: ASYNC110
            await asyncio.sleep(0)
    for _ in range(100):
        gate.release()
    outcome = await running
    results.close()
    assert (outcome.done, outcome.failed) == (19, 1)
    assert "answer_not_json" in results.errors_path.read_text()


async def test_an_answer_that_reached_its_limit_says_what_to_raise(tmp_path, reports):
    class Short(ScriptedEngine):
        async def answer(self, question, report=nobody):
            async for output in super().answer(question, report):
                yield output
            yield CutOff()

    engine, results = Short(), Results(tmp_path / "found", FIELDS)
    engine.script("", ['{"size_mm": {"value"'])
    engine.script("of 3 mm", ['{"size_mm": null}'])  # whole before it reached it
    outcome = await batch(engine, reports, results).run(reports_in(reports), 6)
    results.close()
    assert (outcome.done, outcome.failed) == (1, 19)
    assert results.errors_path.read_text().count("answer_cut_off") == 19


async def test_results_of_another_schema_are_not_mixed_in(tmp_path, reports):
    engine, results = ScriptedEngine(), Results(tmp_path / "found", FIELDS)
    engine.script("", ["{}"])
    await batch(engine, reports, results).run(reports_in(reports), 2)
    results.close()
    assert not results.errors_path.exists()
    with pytest.raises(BadInput) as caught:
        Results(tmp_path / "found", parse_schema('{"properties": {"other": {"type": "string"}}}'))
    assert caught.value.code == "results_of_other_schema"
    with pytest.raises(BadInput) as caught:
        reports_in(tmp_path / "nowhere")
    assert caught.value.code == "reports_missing"


def table(tmp_path, results, folder):
    names, others = (
        [path.relative_to(folder).as_posix() for path in paths]
        for paths in (reports_in(folder), others_in(folder))
    )
    write_csv(tmp_path / "t.csv", FIELDS, results, names, others)
    with (tmp_path / "t.csv").open(encoding="utf-8-sig") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


async def test_a_report_that_left_or_changed_leaves_the_table_and_one_not_stated_is_empty(tmp_path, reports):
    engine = ScriptedEngine()
    engine.script("", ['{"size_mm": null}'])
    engine.script("of 3 mm", ['{"size_mm": {"value": 3, "source": "3 mm"}}'])
    results = Results(tmp_path / "found", FIELDS)
    await batch(engine, reports, results).run(reports_in(reports), 4)
    results.close()
    rows = table(tmp_path, results, reports)
    assert (rows["03.txt"]["size_mm"], rows["03.txt"]["size_mm_source"]) == ("3", "3 mm")
    assert (rows["04.txt"]["size_mm"], rows["04.txt"]["size_mm_source"]) == ("", "")
    (reports / "03.txt").unlink()
    (reports / "04.txt").write_bytes(b"")
    (reports / "scan.jpg").write_bytes(b"x")
    again = Results(tmp_path / "found", FIELDS)
    await batch(engine, reports, again).run(reports_in(reports), 4)
    again.close()
    rows = table(tmp_path, again, reports)
    assert "03.txt" not in rows
    assert rows["04.txt"]["status"] == "failed: The file is empty. [report_empty]"
    assert rows["scan.jpg"]["status"] == "not read: of another kind"
    assert len(rows) == 20


def _docx(*paragraphs):
    import io

    import docx

    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    cells = document.add_table(1, 2).rows[0].cells
    cells[0].text, cells[1].text = "ER", "positive"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _pdf(text):
    from fpdf import FPDF

    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=12)
    if text:
        document.cell(text=text)
    return bytes(document.output())


@pytest.mark.parametrize(
    ("suffix", "data", "words"),
    [
        (
            ".docx",
            _docx("Nodule\tof 5 mm.", "No mass."),
            ["Nodule", "of", "5", "mm.", "No", "mass.", "ER", "positive"],
        ),
        (".pdf", _pdf("Nodule of 5 mm."), ["Nodule", "of", "5", "mm."]),
        (".rtf", b"{\\rtf1\\ansi Nodule\\tab of 5 mm.\\par End}", ["Nodule", "of", "5", "mm.", "End"]),
        (".html", b"<p>Nodule of</p><p>5 mm.</p>", ["Nodule", "of", "5", "mm."]),
        (".txt", "\ufeffGr\u00f6\u00dfe 5".encode(), ["Gr\u00f6\u00dfe", "5"]),
    ],
)
def test_reports_of_many_kinds_are_read(suffix, data, words):
    assert text_in(data, suffix).split() == words


@pytest.mark.parametrize(
    ("suffix", "data", "code"),
    [(".pdf", _pdf(""), "report_no_text"), (".pdf", b"%PDF", "file_not_readable"), 
     (".docx", b"PK", "file_not_readable"),
     (".txt", b"\xff\xfe\xff", "file_not_readable"), (".md", b" ", "report_empty")],
)  # fmt: skip
def test_what_cannot_be_read_says_why(suffix, data, code):
    with pytest.raises(BadInput) as caught:
        text_in(data, suffix)
    assert caught.value.code == code


def test_without_a_model_nothing_is_read_and_the_command_says_what_to_do(tmp_path):
    (tmp_path / "schema.json").write_text(SCHEMA)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "1.txt").write_text("Nodule of 5 mm.")
    command = [sys.executable, "-m", "assistant", "extract", "schema.json", "reports", "--out", "found"]
    command += ["--engine", "stand-in"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "assistant models pull medgemma" in result.stderr
    assert result.stderr.rstrip().endswith("[engine_missing]")
    assert not list(tmp_path.glob("found*"))
