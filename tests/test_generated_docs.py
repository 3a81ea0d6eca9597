"""docs/protocol.md and web/protocol.d.ts say what assistant/events/ says."""

import subprocess
import sys
from pathlib import Path

from assistant import events as ev

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "generated"


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *args], capture_output=True, text=True, check=False)


def test_the_files_in_the_tree_are_current() -> None:
    result = run("--check")
    assert result.returncode == 0, result.stdout


def test_a_stale_file_is_told_and_made_anew(tmp_path: Path) -> None:
    assert run("--root", str(tmp_path)).returncode == 0
    assert run("--check", "--root", str(tmp_path)).returncode == 0
    page = tmp_path / "docs" / "protocol.md"
    page.write_text(page.read_text().replace("`response.create`", "`response.made`"))
    result = run("--check", "--root", str(tmp_path))
    assert result.returncode == 1
    assert "docs/protocol.md is not current" in result.stdout
    assert "-### `response.made`" in result.stdout


def test_every_event_is_in_both_files() -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    types = (ROOT / "web" / "protocol.d.ts").read_text()
    names = [*ev._client_events.json_schema()["discriminator"]["mapping"]]
    names += ev.server_events.json_schema()["discriminator"]["mapping"]
    assert len(names) > 30
    for name in names:
        assert f"### `{name}`" in page
        assert f'type: "{name}";' in types
