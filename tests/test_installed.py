"""The wheel, built from this repository and installed into an empty environment, far from the checkout."""

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from assistant import __version__
from assistant.cli import COMMANDS
from assistant.installation import downloads
from tests.conftest import ROOT


def run(*command: str | Path, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, source: Path, folder: Path) -> Path:
    before = set(folder.iterdir())
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder, cwd=source)
    (built,) = set(folder.iterdir()) - before
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("dist"))


class Installed:
    """Runs the installed program in a folder of its own, with a home of its own."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        venv.create(folder / "env", with_pip=False)
        self.python = folder / "env/bin/python"
        (packages,) = (folder / "env").glob("lib/python*/site-packages")
        # What the program needs is there already; the program itself comes from the wheel alone.
        here = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        (packages / "needed.pth").write_text("\n".join(here))
        self.cwd = folder / "elsewhere"
        self.cwd.mkdir()
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "PYTHON", "XDG_"))}
        self.env = {**keep, "HOME": str(self.cwd), "PATH": f"{self.python.parent}:{os.environ['PATH']}"}
        options = ["--no-deps", "--no-index", "--no-compile", "--ignore-installed", "--quiet"]
        self.run(sys.executable, "-m", "pip", "--python", self.python, "install", *options, wheel)
        self.models = self.cwd / ".local/share/clinical-voice-assistant/models"

    def run(self, *command: str | Path, **options) -> str:
        return run(*command, cwd=self.cwd, env=self.env, **options)

    def assistant(self, *arguments: str, **options) -> str:
        return self.run(self.python.with_name("assistant"), *arguments, **options)

    def evaluate(self, code: str) -> str:
        return self.run(self.python, "-c", code).strip()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Installed:
    return Installed(wheel, tmp_path_factory.mktemp("machine"))


@pytest.fixture(scope="module")
def with_models(installed) -> Installed:
    """The default models lie where a pull would have put them."""
    installed.models.parent.mkdir(parents=True)
    installed.models.symlink_to(downloads())
    return installed


LEFT_OUT = ("models/downloads", "models/lasr-mini/weights")


def shipped() -> dict[str, Path]:
    """Path in the wheel → file of the repository."""
    places = {"assistant": "assistant", "web": "assistant/web", "models": "assistant/weights/manifests"}
    found = {}
    for top, place in places.items():
        for path in filter(Path.is_file, (ROOT / top).rglob("*")):
            inside = path.relative_to(ROOT).as_posix()
            if not inside.startswith(LEFT_OUT) and "__pycache__" not in path.parts:
                found[inside.replace(top, place, 1)] = path
    return found


def test_the_wheel_holds_each_file_of_the_program_the_page_and_the_models_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as opened:
        held = {name: opened.read(name) for name in opened.namelist() if ".dist-info/" not in name}
    wanted = shipped()
    assert held.keys() == wanted.keys()
    assert [name for name, path in wanted.items() if held[name] != path.read_bytes()] == []
    assert "assistant/py.typed" in held


def test_a_wheel_made_from_the_source_archive_is_the_same(wheel, tmp_path):
    archive = build("sdist", ROOT, tmp_path)
    run("tar", "-xf", archive, "-C", tmp_path)
    again = build("wheel", tmp_path / archive.name.removesuffix(".tar.gz"), tmp_path)
    assert again.read_bytes() == wheel.read_bytes()


def test_it_is_the_installed_program_with_its_one_version(installed):
    assert installed.assistant("--version") == f"assistant {__version__}\n"
    code = "import importlib.metadata as m; print(m.version('clinical-voice-assistant'))"
    assert installed.evaluate(code) == __version__
    code = "import assistant; print(assistant.__file__)"
    assert installed.evaluate(code).startswith(str(installed.python.parents[1]))


EACH_HELP = """
from assistant.cli import COMMANDS, main
for name in COMMANDS:
    try:
        main([name, "--help"])
    except SystemExit as ended:
        assert not ended.code, name
"""


def test_each_command_shows_its_help(installed):
    shown = installed.evaluate(EACH_HELP)
    assert [name for name in COMMANDS if f"usage: assistant {name}" not in shown] == []


def test_models_are_listed_and_downloads_go_to_the_users_data(installed):
    listed = installed.assistant("models", "list")
    assert all(path.stem in listed for path in (ROOT / "models").glob("*.yaml"))
    assert installed.evaluate("from assistant.installation import *; print(downloads())") == str(
        installed.models
    )


def test_templates_words_and_the_intent_model_are_there(installed):
    code = (
        "from assistant.components.personal import *; print(len(PersonalFiles().current.library.templates))"
    )
    assert int(installed.evaluate(code)) >= 5
    written = installed.assistant("format", input="five point two centimeters period\n")
    assert written == "5.2 cm.\n"
    found = json.loads(installed.assistant("intent", input="what is the bosniak class\n"))
    assert found["intent"] == "question"


def test_advice_to_install_is_what_works_here(installed):
    command = installed.evaluate("from assistant.installation import *; print(install_command('export'))")
    assert command == f"{installed.python} -m pip install 'clinical-voice-assistant[export]'"


@pytest.mark.models
def test_the_doctor_finds_it_well_and_a_recording_is_transcribed(with_models):
    assert "assistant serve should work." in with_models.assistant("doctor", "--port", "0")
    recording = ROOT / "assistant/data/demo.flac"
    assert "pneumothorax" in with_models.assistant("transcribe", str(recording)).lower()


@pytest.mark.models
def test_it_serves_each_file_of_the_page(with_models):
    command = [with_models.python.with_name("assistant"), "serve", "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=with_models.cwd,
        env=with_models.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said = ""
            while not (address := re.search(r"http://127\.0\.0\.1:\d+", said)):
                line = process.stdout.readline()
                assert line, said
                said += line
            root = address[0]
            for path in filter(Path.is_file, (ROOT / "web").rglob("*")):
                served = httpx.get(f"{root}/{path.relative_to(ROOT / 'web')}", trust_env=False)
                assert (served.status_code, served.content) == (200, path.read_bytes()), path
            bundled = ROOT / "web/built.html"
            front = bundled if bundled.is_file() else ROOT / "web/index.html"
            assert httpx.get(root, trust_env=False).content == front.read_bytes()
        finally:
            process.terminate()
