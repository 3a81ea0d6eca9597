import io

import pytest

from assistant.cli import main


def test_format_reads_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.StringIO("stable period new line no change period\n\nfive milligrams\n")
    )
    assert main(["format"]) == 0
    assert capsys.readouterr().out == "Stable.\\nNo change.\n\n5 mg\n"


def test_what_may_not_be_what_was_said_is_told_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["format", "take two fifty milligram tablets period"]) == 0
    out, err = capsys.readouterr()
    assert out == "Take two fifty milligram tablets.\n"
    assert "“two fifty” can be read as" in err
