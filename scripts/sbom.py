"""Writes a software bill of materials (CycloneDX, JSON): ``.venv/bin/python scripts/sbom.py [FILE]``.

The packages of scripts/locks/run.txt with their licences, the libraries that their wheels bundle, and the
models with the sha256 of their files. Reads the packages that are installed in .venv, as licences.py does.
"""

import importlib.metadata
import sys
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

import licences
from assistant import __version__, weights
from assistant.installation import DISTRIBUTION

ROOT = Path(__file__).parents[1]
USUAL = ROOT / "dist" / "sbom.cdx.json"


def materials() -> Bom:
    """Everything that a server is made of. Exits where a package or its licence is missing."""
    made = LicenseFactory()
    program = Component(
        name=DISTRIBUTION,
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref=DISTRIBUTION,
        licenses=[made.make_from_string("Apache-2.0")],
    )
    bom = Bom()
    bom.metadata.component = program
    licences.rows()  # exits where something is missing
    packages = [_package(made, each.name) for each in licences.locked() if _is_for_here(each)]
    bundles = [_model(made, each) for each in weights.list_bundles()]
    for component in [*packages, *bundles]:
        bom.components.add(component)
    bom.register_dependency(program, packages)
    return bom


def _is_for_here(requirement: licences.Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate()


def _package(made: LicenseFactory, name: str) -> Component:
    distribution = importlib.metadata.distribution(name)
    return Component(
        name=name,
        version=distribution.version,
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", name=name, version=distribution.version),
        bom_ref=name,
        licenses=[made.make_from_string(licences.licence(distribution.metadata))],
        components=[_bundled(made, name, library) for library in licences.bundled(distribution)],
    )


def _bundled(made: LicenseFactory, package: str, library: str) -> Component:
    """A shared library in a wheel, which names no version of it."""
    terms = licences.COPYLEFT.get(library)
    return Component(
        name=library,
        type=ComponentType.LIBRARY,
        bom_ref=f"{package}/{library}",
        licenses=[made.make_from_string(terms)] if terms else [],
    )


def _model(made: LicenseFactory, bundle: weights.ModelBundle) -> Component:
    files = [
        Component(
            name=file.path,
            type=ComponentType.FILE,
            bom_ref=f"{bundle.name}/{file.path}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)] if file.sha256 else [],
        )
        for file in bundle.files
    ]
    return Component(
        name=bundle.name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model {bundle.name}",
        licenses=[made.make_from_string(bundle.licence)],
        components=files,
    )


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else USUAL
    file.parent.mkdir(parents=True, exist_ok=True)
    text = make_outputter(materials(), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    file.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {file}")


if __name__ == "__main__":
    main()
