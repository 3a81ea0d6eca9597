"""scripts/release VERSION: states the version, cuts the changelog, builds, checks, commits and tags.

The commit that is released is one whose tests have passed (./scripts/test). Nothing leaves this machine.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
STATED, CHANGELOG = ROOT / "assistant/__init__.py", ROOT / "CHANGELOG.md"
_VERSION = re.compile(r'^__version__ = "(.+)"$', re.M)
_UNRELEASED = "## [Unreleased]"


def state(text: str, version: str) -> str:
    """``assistant/__init__.py`` with this version. Raises ``ValueError`` where it would go back."""
    match = _VERSION.search(text)
    if match is None:
        raise ValueError(f"{STATED} states no version.")
    if Version(version) < Version(match[1]):
        raise ValueError(f"{version} comes before {match[1]}.")
    return _VERSION.sub(f'__version__ = "{version}"', text)


def cut(text: str, version: str, day: str) -> str:
    """The changelog with a section for the version, made of what is unreleased; one that is there stays.

    Raises ``ValueError`` where there is nothing to release, or where both hold something.
    """
    before, found, after = text.partition(_UNRELEASED)
    if not found:
        raise ValueError(f"CHANGELOG.md has no {_UNRELEASED}.")
    unreleased, _, _ = after.partition("\n## [")
    if f"\n## [{version}]" in after:
        if unreleased.strip():
            raise ValueError(f"CHANGELOG.md has a section {version}, and lines above it that are unreleased.")
        return text
    if not unreleased.strip():
        raise ValueError("CHANGELOG.md says nothing under Unreleased.")
    return f"{before}{found}\n\n## [{version}] - {day}\n\n{after.lstrip()}"


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: nothing was tagged.")
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/release", description=__doc__)
    parser.add_argument("version", help="e.g. 0.3.0")
    parser.add_argument(
        "--without-audit", action="store_true", help="where no list of known weaknesses can be reached"
    )
    given = parser.parse_args()
    version = given.version
    tag = f"v{version}"
    if _run("git", "status", "--porcelain"):
        sys.exit("There are changes that are not committed.")
    if _run("git", "tag", "--list", tag):
        sys.exit(f"{tag} has been released.")
    if not given.without_audit:
        _run("./scripts/check", "--audit")
    try:
        stated = state(STATED.read_text(), version)
        changelog = cut(CHANGELOG.read_text(), version, datetime.now(UTC).date().isoformat())
    except (ValueError, InvalidVersion) as error:
        sys.exit(str(error))
    STATED.write_text(stated)
    CHANGELOG.write_text(changelog)
    _run(sys.executable, "scripts/licences.py")
    _run("./scripts/check")
    _run("node", "scripts/bundle.mjs")
    _run(sys.executable, "-m", "pytest", "-q", "-n", "0", "tests/test_installed.py", "tests/test_locks.py")
    _run(sys.executable, "-m", "hatchling", "build", "--clean")
    _run(sys.executable, "scripts/sbom.py")
    if _run("git", "status", "--porcelain"):
        _run("git", "commit", "--quiet", "--all", "--message", f"Version {version}")
    _run("git", "tag", "--annotate", tag, "--message", f"Version {version}")
    print(f"{tag} is tagged, and dist/ has:")
    for path in sorted((ROOT / "dist").iterdir()):
        print(f"  {path.name}")
    print(f"To publish it: git push origin HEAD {tag}, then upload dist/.")


if __name__ == "__main__":
    main()
