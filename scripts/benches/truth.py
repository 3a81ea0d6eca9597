"""Is what is written what was said? Generated dictations whose right value is known from the generator.

Four figures: wrong values, by family; words with two readings that nothing marks; of generated breaks of
right texts, those that the check finds; and clauses of this project's own dictation that it stops or marks
without need. The last line is JSON.
"""

import argparse
import csv
import json
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from assistant.dictation import Formatter  # noqa: E402
from assistant.proofreading import clauses, proofread  # noqa: E402
from tests.dictation.mutations import mutants  # noqa: E402
from tests.dictation.truth import Corpus, Dictation  # noqa: E402

DATA = ROOT / "tests/data"
SETS = (
    DATA / "formatting.tsv",
    *sorted(DATA.glob("intents*.tsv")),
    ROOT / "assistant/intents/data/train.tsv",
    DATA / "dictation/transcripts.tsv",
)


def own_dictation() -> list[str]:
    """The dictated texts in the sets of this project, each once."""
    texts: dict[str, None] = {}
    for path in SETS:
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row.get("label", "dictation") == "dictation":
                    texts[row.get("spoken") or row["text"]] = None
    return list(texts)


def mutation(
    dictations: list[Dictation], most: int
) -> tuple[dict[str, list[int]], list[tuple[str, str, str]]]:
    """By kind: how many breaks were found and how many there were; and those that were not."""
    chance = random.Random(3)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    missed: list[tuple[str, str, str]] = []
    total = 0
    for each in dictations:
        if total >= most:
            break
        if each.doubtful:
            continue
        for kind, broken in mutants(each.written, chance):
            if each.verdict(broken) != "wrong":
                continue  # another right way to write it
            caught = not proofread(each.text, broken).holds
            found[kind][0] += caught
            found[kind][1] += 1
            total += 1
            if not caught:
                missed.append((kind, each.text, broken))
    return found, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clauses", type=int, default=50_000)
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--failures", type=Path, help="write what is wrong to this file, by family")
    args = parser.parse_args()
    formatter = Formatter()
    corpus = Corpus(args.clauses, args.seed)
    verdicts: Counter[str] = Counter()
    families: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: dict[str, list[tuple[str, str]]] = defaultdict(list)
    begun = time.perf_counter()
    every = [(each, formatter.write(each.text)) for each in corpus.dictations]
    seconds = time.perf_counter() - begun
    for dictation, written in every:
        verdict: str = dictation.verdict(written.text)
        if dictation.doubtful:
            verdict = "marked" if written.marks else "unmarked"
        verdicts[verdict] += 1
        for clause in dictation.clauses:
            families[clause.family][verdict] += 1
        if verdict in ("wrong", "unmarked"):
            name = dictation.clauses[0].family if len(dictation.clauses) == 1 else "several clauses"
            wrong[f"{verdict}: {name}"].append((dictation.text, written.text))
    for family, counts in sorted(families.items()):
        shown = ", ".join(f"{counts[v]} {v}" for v in ("right", "kept", "wrong", "marked", "unmarked"))
        print(f"{family:32}", shown)
    found, missed = mutation(corpus.dictations, args.mutations)
    for kind, (caught, total) in sorted(found.items()):
        print(f"{kind:32} {caught} of {total} found")
    own = [(text, formatter.write(text)) for text in own_dictation()]
    own_clauses = sum(max(len(clauses(text)), 1) for text, _ in own)
    alarms = [(text, written) for text, written in own if written.marks]
    if args.failures:
        with args.failures.open("w", encoding="utf-8") as file:
            for name in sorted(wrong, key=lambda each: "several" in each):
                file.write(f"## {name}: {len(wrong[name])}\n")
                file.writelines(f"{said}\n    {written!r}\n" for said, written in wrong[name][:60])
            file.write(f"## breaks that were not found: {len(missed)}\n")
            file.writelines(f"{kind}: {said}\n    {broken!r}\n" for kind, said, broken in missed)
            file.write(f"## marked in our own dictation: {len(alarms)}\n")
            file.writelines(f"{said}\n    {each.text!r} {each.marks}\n" for said, each in alarms)
    caught, total = (sum(column) for column in zip(*found.values(), strict=True))
    print(
        json.dumps(
            {
                "clauses": sum(len(each.clauses) for each in corpus.dictations),
                "dictations": len(corpus.dictations),
                "wrong": verdicts["wrong"],
                "right": verdicts["right"],
                "kept_as_said": verdicts["kept"],
                "two_readings_marked": verdicts["marked"],
                "two_readings_unmarked": verdicts["unmarked"],
                "breaks": total,
                "breaks_found": round(caught / total, 5),
                "own_clauses": own_clauses,
                "own_clauses_marked": sum(len(written.marks) for _, written in alarms),
                "own_share_marked": round(sum(len(written.marks) for _, written in alarms) / own_clauses, 5),
                "characters_per_second": round(sum(len(each.text) for each in corpus.dictations) / seconds),
            }
        )
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
