"""Size of the installation that ./scripts/run makes, package by package. The last line is JSON."""

import argparse
import importlib.metadata
import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def size_bytes(name: str) -> int:
    """Size of all files that the package brought, compiled ones too; 0 where it is not installed."""
    try:
        files = importlib.metadata.distribution(name).files or []
    except importlib.metadata.PackageNotFoundError:
        return 0
    places = (Path(str(file.locate())) for file in files)
    return sum(place.stat().st_size for place in places if place.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="packages, instead of those of scripts/locks/run.txt")
    parser.add_argument("--most", type=int, default=20, help="how many of the largest are listed")
    args = parser.parse_args()
    lock = (ROOT / "scripts/locks/run.txt").read_text()
    names = args.names or re.findall(r"^([\w.-]+)==", lock, re.M)
    sizes_mb = sorted(((size_bytes(name) / 1e6, name) for name in names), reverse=True)
    for size_mb, name in sizes_mb[: args.most]:
        print(f"{size_mb:7.1f} MB  {name}")
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=False).stdout.strip()
    total_mb = round(sum(size_mb for size_mb, _ in sizes_mb), 1)
    print(json.dumps({"bench": "install", "packages": len(names), "total_mb": total_mb, "commit": commit}))


if __name__ == "__main__":
    main()
