"""Bad files through ``assistant show``: the same list as over HTTP, and a series beyond the limit."""

import json

import pytest

from assistant.cli import main
from assistant.commands.files import read_images
from tests.imaging import bad_files


@pytest.mark.parametrize("case", bad_files.CASES, ids=lambda case: case.__name__)
def test_what_is_bad_is_named_and_the_rest_shown(tmp_path, capsys, case):
    expected = bad_files.made_in(tmp_path / "given", case)
    assert main(["show", str(tmp_path / "given"), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err.splitlines()
    for name, code in expected.items():
        (line,) = [line for line in said if f"given/{name}" in line]
        assert f"[{code}]" in line
    assert len(said) < 15
    sources = [piece["source"] for piece in json.loads((tmp_path / "out" / "prompt.json").read_text())]
    assert f"given/{bad_files.GOOD}" in sources
    assert (tmp_path / "out" / "000.png").exists()


def test_it_reads_in_a_process_of_its_own(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("assistant.commands.show.read_images", read_images)
    monkeypatch.setattr("assistant.imaging.prepare.prepare", None)  # in this one
    bad_files.made_in(tmp_path / "given", bad_files.locked_pdf)
    assert main(["show", str(tmp_path / "given"), "--out", str(tmp_path / "out")]) == 1
    assert "[pdf_encrypted]" in capsys.readouterr().err
    assert (tmp_path / "out" / "000.png").exists()


def test_of_a_series_of_gigabytes_beyond_the_limit_nothing_is_read(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ASSISTANT_UPLOAD_GB", "2")
    folder = tmp_path / "given"
    bad_files.made_in(folder, lambda folder: None)
    bad_files.sparse_ct(folder / "series.dcm", 6000)
    assert (folder / "series.dcm").stat().st_size > 3e9
    assert main(["show", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "given/series.dcm and all after it: together more than 2 GB" in capsys.readouterr().err
