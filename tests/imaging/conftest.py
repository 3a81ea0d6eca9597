"""The model's input, as ``assistant show`` writes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from assistant.cli import main
from assistant.imaging.prepare import prepare


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for each reading takes seconds; those of the server's tests are real."""
    monkeypatch.setattr("assistant.commands.show.read_images", prepare)


@pytest.fixture
def show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """``show(paths…)`` → pixels of the images in order, the pieces, standard error."""

    def run(*paths: Path | str, status: int = 0, **options: object) -> Any:
        out = tmp_path / "out"
        words = [
            word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))
        ]
        assert main(["show", *map(str, paths), "--out", str(out), *words]) == status
        captured = capsys.readouterr()
        if status == 2:
            return captured.err
        pieces = json.loads((out / "prompt.json").read_text())
        files = [piece["file"] for piece in pieces if piece["type"] == "image"]
        assert (
            files
            == [f"{index:03}.png" for index in range(len(files))]
            == sorted(p.name for p in out.glob("*.png"))
        )
        images = []
        for name in files:
            with PIL.Image.open(out / name) as picture:
                assert picture.mode == "RGB"
                images.append(np.asarray(picture))
        return images, pieces, captured.err

    return run
