"""Is what is written what was said? Generated dictations whose right value is known from the generator.

Wrong values are counted per family, and so are clauses that were left as they were said. The last line
is JSON.
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from assistant.dictation import Formatter  # noqa: E402
from tests.dictation.truth import Corpus  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clauses", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--failures", type=Path, help="write what is wrong to this file, by family")
    args = parser.parse_args()
    formatter = Formatter()
    corpus = Corpus(args.clauses, args.seed)
    verdicts: Counter[str] = Counter()
    families: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: dict[str, list[tuple[str, str]]] = defaultdict(list)
    begun = time.perf_counter()
    for dictation in corpus.dictations:
        written = formatter.format(dictation.text)
        verdict = "two readings" if dictation.doubtful else dictation.verdict(written)
        verdicts[verdict] += 1
        for clause in dictation.clauses:
            families[clause.family][verdict] += 1
        if verdict == "wrong":
            name = dictation.clauses[0].family if len(dictation.clauses) == 1 else "several clauses"
            wrong[name].append((dictation.text, written))
    seconds = time.perf_counter() - begun
    for family, counts in sorted(families.items()):
        print(
            f"{family:32}", ", ".join(f"{counts[v]} {v}" for v in ("right", "kept", "wrong", "two readings"))
        )
    if args.failures:
        with args.failures.open("w", encoding="utf-8") as file:
            for name in sorted(wrong, key=lambda each: each == "several clauses"):
                file.write(f"## {name}: {len(wrong[name])}\n")
                file.writelines(f"{said}\n    {written!r}\n" for said, written in wrong[name][:60])
    print(
        json.dumps(
            {
                "clauses": sum(len(each.clauses) for each in corpus.dictations),
                "dictations": len(corpus.dictations),
                **{verdict.replace(" ", "_"): count for verdict, count in sorted(verdicts.items())},
                "characters_per_second": round(sum(len(each.text) for each in corpus.dictations) / seconds),
            }
        )
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
