"""The bill of materials names what a server is made of, with its licences."""

import json

import pytest

import audit
import licences
import sbom
from assistant import weights
from assistant.installation import DISTRIBUTION


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    file = tmp_path_factory.mktemp("sbom") / "sbom.cdx.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["sbom.py", str(file)])
        sbom.main()
    return json.loads(file.read_text())


def test_every_locked_package_is_in_it_with_its_version_and_licence(bill):
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == DISTRIBUTION
    packages = {each["name"]: each for each in bill["components"] if each["type"] == "library"}
    here = [each for each in licences.locked() if not each.marker or each.marker.evaluate()]
    assert sorted(packages) == sorted(each.name for each in here)
    for package in packages.values():
        assert package["version"] and package["licenses"]
        assert package["purl"] == f"pkg:pypi/{package['name']}@{package['version']}"
    (depends,) = [each for each in bill["dependencies"] if each["ref"] == DISTRIBUTION]
    assert sorted(depends["dependsOn"]) == sorted(packages)


def test_what_wheels_bundle_under_the_gpl_is_named(bill):
    (av,) = [each for each in bill["components"] if each["name"] == "av"]
    bundled = {each["name"]: each.get("licenses") for each in av["components"]}
    for name in ("x264", "x265"):
        assert bundled[name] == [{"license": {"id": "GPL-2.0-or-later"}}]


def test_models_are_in_it_with_the_hashes_of_their_files(bill):
    models = {each["name"]: each for each in bill["components"] if each["type"] == "machine-learning-model"}
    assert sorted(models) == sorted(each.name for each in weights.list_bundles())
    for bundle in weights.list_bundles():
        files = {each["name"]: each.get("hashes") for each in models[bundle.name]["components"]}
        for file in bundle.files:
            told = [{"alg": "SHA-256", "content": file.sha256}] if file.sha256 else None
            assert files[file.path] == told


def test_a_library_that_nobody_has_listed_is_an_error(monkeypatch):
    monkeypatch.setattr(licences, "PERMISSIVE", licences.PERMISSIVE - {"opus"})
    with pytest.raises(SystemExit, match="av bundles opus"):
        licences.rows()


def test_a_weak_package_and_one_that_was_not_looked_up_are_errors():
    sound = {"name": "a", "version": "1", "vulns": []}
    weak = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}
    unknown = {"name": "c", "skip_reason": "Dependency not found on PyPI"}
    assert audit.verdict([sound]) == []
    assert audit.verdict([weak, sound]) == ["b 2: CVE-1, mended in 2.1"]
    (told,) = audit.verdict([sound, unknown])
    assert told.startswith("1 of 2 packages were not looked up (c)")
    assert audit.verdict([]) == ["No package was looked up."]
