import io

import pytest

from assistant.cli import main


def test_format_reads_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.StringIO("stable period new line no change period\n\nfive milligrams\n")
    )
    assert main(["format"]) == 0
    assert capsys.readouterr().out == "Stable.\\nNo change.\n\n5 mg\n"
