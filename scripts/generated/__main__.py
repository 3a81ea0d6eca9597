"""Write the files that are made from the code; --check only compares."""

import argparse
import difflib
import sys
from pathlib import Path

import commands
import compat
import protocol
import settings

ROOT = Path(__file__).parents[2]
FILES = {
    "docs/protocol.md": protocol.markdown,
    "web/protocol.d.ts": protocol.typescript,
    "docs/commands.md": commands.markdown,
    "docs/settings.md": settings.markdown,
    "docs/compat.md": compat.markdown,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/generated", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a file is not current")
    parser.add_argument("--root", type=Path, default=ROOT, help="where docs/ and web/ are")
    args = parser.parse_args()
    stale = False
    for name, made in FILES.items():
        text = made()
        path = args.root / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == text:
            continue
        if not args.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
            continue
        stale = True
        diff = list(
            difflib.unified_diff(before.splitlines(), text.splitlines(), name, "made anew", lineterm="", n=1)
        )
        print("\n".join([f"{name} is not current; run .venv/bin/python scripts/generated", *diff[:20]]))
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
