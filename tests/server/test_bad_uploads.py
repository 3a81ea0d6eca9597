"""Bad files over HTTP: each is named with its reason, the rest is kept, and memory stays bounded."""

import re
from pathlib import Path

import httpx
import pytest

from assistant.imaging.options import Options
from tests.imaging import bad_files
from tests.server.test_uploads import Sender

READER_PEAK_MB = 300
"""Its libraries alone take 150."""


@pytest.fixture
async def http(server):
    async with httpx.AsyncClient(base_url=server.http, timeout=120) as client:
        yield client


def peak_mb(server):
    (pool,) = server.components.reader._idle
    (process,) = pool._processes.values()
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


@pytest.mark.parametrize("case", bad_files.CASES, ids=lambda case: case.__name__)
async def test_what_is_bad_is_named_and_the_rest_kept(server, http, tmp_path, case, caplog):
    client, created = await server.session()
    expected = bad_files.made_in(tmp_path / "given", case)
    answer = await Sender(http, created["session"]).folder(tmp_path / "given")
    found = answer.json()
    assert answer.status_code == 201
    assert bad_files.GOOD in [each["name"] for each in found["attachments"]]
    for attached in found["attachments"]:
        assert (await client.until("assistant.attachment.added"))["attachment"] == attached
    problems = {each["name"].removeprefix("given/"): each for each in found["problems"]}
    assert {name: each["code"] for name, each in problems.items() if name in expected} == expected
    assert len(problems) < 15
    assert all(each["name"] in each["message"] for each in found["problems"])
    assert "Marker" not in answer.text + caplog.text
    assert peak_mb(server) < READER_PEAK_MB


async def test_files_beyond_the_limit_are_refused_one_by_one(server, http, tmp_path):
    server.components.reader.options = Options(most_bytes=3_000_000)
    folder = tmp_path / "given"
    bad_files.made_in(folder, lambda folder: None)
    for k in range(3):
        bad_files.sparse_ct(folder / f"series {k}.dcm", 4)  # 2.1 MB each; one fits
    _, created = await server.session()
    sender = Sender(http, created["session"])
    upload = await sender.begin()
    codes = []
    for path in sorted(folder.iterdir()):
        put = await sender.put(upload, path.name, path.read_bytes())
        codes.append(put.json()["error"]["code"] if put.status_code == 413 else put.status_code)
    assert codes == [204, 204, "upload_too_large", "upload_too_large"]
    found = (await sender.finish(upload)).json()
    assert [each["kind"] for each in found["attachments"]] == ["photo", "ct"]
    assert [each["name"] for each in found["problems"]] == ["series 1.dcm", "series 2.dcm"]


async def test_a_long_series_within_the_limit_is_read_slice_by_slice(server, http, tmp_path):
    path = bad_files.sparse_ct(tmp_path / "long.dcm", 200)  # 105 MB, 210 MB in single precision
    _, created = await server.session()
    sender = Sender(http, created["session"])
    upload = await sender.begin()
    await sender.put(upload, path.name, path.read_bytes())
    (attached,) = (await sender.finish(upload)).json()["attachments"]
    assert attached["count"] == 200
    assert peak_mb(server) < READER_PEAK_MB
