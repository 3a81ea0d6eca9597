"""Accuracy of written dictation: the held half of tests/data/formatting.tsv, and generated dictations.

Recall of entities: of the numbers, units, dates and other formatted pieces of the expected line, how many
stand in what was written. The last line is JSON.
"""

import argparse
import csv
import json
import random
import re
import sys
import time
import zlib
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from dictation.generated import sentence  # noqa: E402

from assistant.dictation import Formatter  # noqa: E402
from assistant.dictation.checker import differences  # noqa: E402

PAIRS = ROOT / "tests/data/formatting.tsv"


def entities(written: str, spoken: str) -> Counter[str]:
    """Pieces of the written line that were not said like that: what formatting had to make."""
    said = Counter(spoken.split())
    pieces = Counter(re.findall(r"\n+|[^\s]+", written))
    return pieces - said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("held", "dev"), default="held")
    parser.add_argument("--generated", type=int, default=10_000, help="dictations for the never-changes rule")
    parser.add_argument("--failures", action="store_true", help="show the lines that differ")
    args = parser.parse_args()
    formatter = Formatter()
    found: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    lines: dict[str, list[int]] = defaultdict(list)
    with PAIRS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if zlib.crc32(row["spoken"].encode()) % 2 != (args.half == "held"):
                continue
            want, kind = row["written"].replace("\\n", "\n"), row["class"]
            got = formatter.format(row["spoken"])
            wanted = entities(want, row["spoken"])
            total[kind] += wanted.total()
            found[kind] += (wanted & Counter(re.findall(r"\n+|[^\s]+", got))).total()
            lines[kind].append(got == want)
            if args.failures and got != want:
                print(f"{kind}: {row['spoken']!r}\n  wanted {want!r}\n  got    {got!r}")
    chance = random.Random(4)
    dictations = [sentence(chance) for _ in range(args.generated)]
    begun = time.perf_counter()
    written = [formatter.format(text) for text in dictations]
    seconds = time.perf_counter() - begun
    violations = sum(bool(differences(a, b)) for a, b in zip(dictations, written, strict=True))
    again = sum(formatter.format(b) != b for b in written)
    kept = sum(" ".join(a.split()) == b for a, b in zip(dictations, written, strict=True))
    for kind in sorted(total):
        hits = lines[kind]
        recall = found[kind] / total[kind] if total[kind] else 1.0
        print(f"{kind:16} entities {found[kind]}/{total[kind]} {recall:.1%}, lines {sum(hits)}/{len(hits)}")
    every = [hit for hits in lines.values() for hit in hits]
    print(
        json.dumps(
            {
                "half": args.half,
                "pairs": len(every),
                "entity_recall": round(sum(found.values()) / sum(total.values()), 4),
                "exact_lines": round(sum(every) / len(every), 4),
                "recall_per_class": {k: round(found[k] / total[k], 4) for k in sorted(total) if total[k]},
                "generated": args.generated,
                "violations": violations,
                "kept_unformatted": kept,
                "not_idempotent": again,
                "characters_per_second": round(sum(map(len, dictations)) / seconds) if seconds else 0,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
