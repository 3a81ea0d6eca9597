"""What the model would be given, as ``assistant show`` writes it."""

import json

import numpy as np
import PIL.Image
import pytest

from assistant.cli import main
from assistant.imaging.prepare import prepare


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """A process for each reading takes seconds; those of the server's tests are real."""
    monkeypatch.setattr("assistant.commands.show.read_images", prepare)


@pytest.fixture
def show(tmp_path, capsys):
    """``show(paths…)`` → pixels of the images in order, the pieces, standard error."""

    def run(*paths, status=0, **options):
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
