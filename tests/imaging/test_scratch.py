"""The folder of what is attached: gone with its server, however that ended."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from assistant.imaging.scratch import LOCK, PREFIX, Scratch, remove_leftovers

SERVER = """
import time
from assistant.imaging.scratch import Scratch
scratch = Scratch()
print(scratch.new().parent, flush=True)
time.sleep(600)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_server_left_is_removed_and_what_a_running_one_uses_is_not(temporary):
    running = Scratch()
    kept = running.new()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    left = process.stdout.readline().strip()
    assert os.path.isdir(left)
    remove_leftovers()
    assert os.path.isdir(left)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    remove_leftovers()
    assert not os.path.exists(left)
    assert kept.is_dir()
    running.close()
    assert list(temporary.iterdir()) == []


def test_what_others_left_is_not_looked_for_when_something_is_attached(temporary, monkeypatch):
    """It may be gigabytes, and everybody would wait for it: a server removes it when it starts."""
    looked = []
    monkeypatch.setattr("assistant.imaging.scratch.remove_leftovers", lambda: looked.append(True))
    scratch = Scratch()
    assert scratch.new().is_dir()
    scratch.close()
    assert not looked


def test_folders_of_others_are_left_alone(temporary, tmp_path_factory):
    (temporary / f"{PREFIX}nolock").mkdir()
    (temporary / "notes").mkdir()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / LOCK).write_text("")
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    remove_leftovers()
    assert (elsewhere / LOCK).exists()
    assert len(list(temporary.iterdir())) == 3


def test_a_folder_is_for_its_user_only(temporary):
    scratch = Scratch()
    folder = scratch.new()
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.parent.stat().st_mode & 0o077 == 0
    scratch.close()
