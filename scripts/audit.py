"""``scripts/check --audit``: known weaknesses of the packages in scripts/locks/run.txt, by pip-audit.

pip-audit also ends with "No known vulnerabilities found" where its index knows none of the packages, as with
a mirror of PyPI. Here a package that was not looked up is an error. Options go to pip-audit, e.g. ``-s osv``.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "build" / "audit"


def verdict(packages: list[dict[str, Any]]) -> list[str]:
    """The faults in the ``dependencies`` of pip-audit's JSON, a line each; empty if all packages were looked
    up and none has a known weakness."""
    if not packages:
        return ["No package was looked up."]
    wrong = [
        f"{each['name']} {each['version']}: {found['id']}, "
        + (f"mended in {' or '.join(found['fix_versions'])}" if found["fix_versions"] else "not mended yet")
        for each in packages
        for found in each.get("vulns", ())
    ]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if skipped:
        names = ", ".join(skipped[:5]) + (", …" if len(skipped) > 5 else "")
        wrong.append(
            f"{len(skipped)} of {len(packages)} packages were not looked up ({names}): this index has no list"
            " of known weaknesses, as a mirror of PyPI has none. Run it where pypi.org can be reached, or"
            " api.osv.dev with -s osv."
        )
    return wrong


def main() -> None:
    python = PLACE / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pip-audit>=2.10"], check=True)
    lock = ROOT / "scripts" / "locks" / "run.txt"
    asked = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(
        [python, "-m", "pip_audit", "-r", lock, *asked, *sys.argv[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        sys.exit(f"Nothing was looked up: {last}")
    if wrong := verdict(packages):
        sys.exit("\n".join(wrong))
    print(f"{len(packages)} packages were looked up; none has a known weakness.")


if __name__ == "__main__":
    main()
