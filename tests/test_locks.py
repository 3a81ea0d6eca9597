"""scripts/locks pins the packages that pyproject.toml asks for. ``scripts/lock`` puts them in step."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

LOCKS = ROOT / "scripts/locks"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOT_LOCKED = {"torch"}


def pinned(path: Path) -> dict[str, Requirement]:
    """Name → its line without hashes, of every package in a lock; each must have a hash."""
    found = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", path.read_text()):
        if not entry.startswith("#"):
            line, _, hashes = entry.partition("\\")
            assert "--hash=sha256:" in hashes, line
            requirement = Requirement(line.strip())
            found[canonicalize_name(requirement.name)] = requirement
    return found


def version(requirement: Requirement) -> str:
    (only,) = requirement.specifier
    assert only.operator == "=="
    return only.version


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("run.txt", PROJECT["dependencies"]),
        ("test.txt", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_each_requirement_is_pinned_to_a_version_that_it_allows(lock, wanted):
    held = pinned(LOCKS / lock)
    for each in map(Requirement, wanted):
        name = canonicalize_name(each.name)
        if name not in NOT_LOCKED:
            assert name in held, f"{name} is not in {lock}: run scripts/lock"
            assert version(held[name]) in each.specifier, f"{name} in {lock}: run scripts/lock"


def test_what_runs_is_what_is_tested():
    run, test = pinned(LOCKS / "run.txt"), pinned(LOCKS / "test.txt")
    for name, each in run.items():
        assert name in test and version(each) == version(test[name]), name
        assert test[name].marker is None or test[name].marker == each.marker, "tested wherever it runs"


def test_torch_is_pinned_once_and_as_the_extras_ask_for_it():
    (line,) = [x for x in (LOCKS / "torch.txt").read_text().splitlines() if not x.startswith("#")]
    extras = PROJECT["optional-dependencies"].values()
    assert {each for extra in extras for each in extra if each.startswith("torch")} == {line}


def test_no_lock_names_where_packages_come_from():
    for path in LOCKS.iterdir():
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        assert not re.search(r"://|--index|--find-links", "\n".join(lines)), path


def test_the_list_of_licences_names_each_package_and_model_that_there_is():
    listed = re.findall(r"^\| ([\w.-]+) \|", (ROOT / "docs/licences.md").read_text(), re.M)
    models = {path.stem for path in (ROOT / "models").glob("*.yaml")}
    wanted = pinned(LOCKS / "run.txt").keys() | models
    assert set(map(canonicalize_name, listed)) - {"what", "model", "package"} == set(
        map(canonicalize_name, wanted)
    ), "run .venv/bin/python scripts/licences.py"
