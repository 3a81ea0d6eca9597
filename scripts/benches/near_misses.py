"""Mishearings of drugs and places that are marked with the right word, and right words that are marked.

Mishearings are made from the terms: one or two sounds spelled otherwise, and torn into two or three words.
With --heard FILE (said term, tab, what a recogniser wrote of a sentence with it) real ones are counted too.
What is right: the project's own dictation, and each FILE of running text. The last line is JSON.
"""

import argparse
import csv
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from assistant.dictation.near_misses import DATA, known_words, near_misses  # noqa: E402

SOUNDS = re.findall(
    r"(\w+)>(\w+)",
    "e>a i>e o>a i>y y>i ph>f c>k ce>se ci>si z>s x>ks ll>l t>d p>b in>en ine>een ol>all m>n v>f th>t am>em",
)
SENTENCE = "she was given {} for a week"


def misspelt(term: str, times: int, rng: random.Random) -> str:
    for _ in range(times):
        places = [(m.start(), a, b) for a, b in SOUNDS for m in re.finditer(a, term)]
        if places:
            at, a, b = rng.choice(places)
            term = term[:at] + b + term[at + len(a) :]
    return term


def torn(term: str, rng: random.Random) -> str:
    cuts = sorted(rng.sample(range(2, len(term) - 1), rng.choice((1, 1, 2))))
    return " ".join(term[a:b] for a, b in zip([0, *cuts], [*cuts, len(term)], strict=True))


def mishearings() -> Iterator[tuple[str, str, str]]:
    """Kind, term, as it was heard; none that is another word."""
    rng = random.Random(1)
    for line in (DATA / "terms.txt").read_text().splitlines():
        term, kind_of_term = line.split("\t")
        if kind_of_term == "finding":
            continue
        for kind, heard in (("one sound", misspelt(term, 1, rng)), ("two sounds", misspelt(term, 2, rng))):
            if heard not in known_words():
                yield kind, term, heard
        if len(term) >= 8:
            yield "torn", term, torn(misspelt(term, 1, rng), rng)


def own_dictation() -> Iterator[str]:
    with (ROOT / "tests/data/formatting.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row["written"]
    for path in sorted((ROOT / "tests/data").glob("intents*.tsv")):
        with path.open(encoding="utf-8") as file:
            yield from (row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def marked(texts: Iterator[str], show: bool) -> dict[str, object]:
    count, found, begun = 0, Counter[str](), time.perf_counter()
    for text in texts:
        for sentence in re.split(r"(?<=[.;,]) +|\n\n", text):
            count += len(sentence.split())
            found.update(f"{sentence[m.start : m.end]} > {m.likely}" for m in near_misses(sentence))
    seconds = time.perf_counter() - begun
    if show:
        for each, times in found.most_common():
            print(f"  {times} {each}")
    marks = sum(found.values())
    return {
        "words": count,
        "marked": marks,
        "marked_per_1000_words": round(1000 * marks / count, 3) if count else None,
        "ms_per_100_words": round(seconds * 1e5 / count, 2) if count else None,
    }


def heard_rightly(path: Path) -> dict[str, object]:
    total = right = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        term, text = line.split("\t")[:2]
        wanted = {w for w in re.findall("[a-z]+", term.lower()) if len(w) > 5} - set(
            re.findall("[a-z]+", text.lower())
        )
        if wanted:
            total += 1
            right += any(miss.likely.lower() in wanted for miss in near_misses(text))
    return {"lines": total, "right_word_offered": round(right / total, 3) if total else None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="running text that is right")
    parser.add_argument("--heard", type=Path, help="term, tab, what was heard of a sentence with it")
    parser.add_argument("--marks", action="store_true", help="print what is marked in running text")
    args = parser.parse_args()
    near_misses("")
    total, right, other = Counter[str](), Counter[str](), Counter[str]()
    for kind, term, heard in mishearings():
        found = near_misses(SENTENCE.format(heard))
        total[kind] += 1
        right[kind] += any(miss.likely == term for miss in found)
        other[kind] += bool(found) and all(miss.likely != term for miss in found)
    result: dict[str, object] = {"bench": "near_misses", "own_dictation": marked(own_dictation(), args.marks)}
    for kind in total:
        result[kind] = {
            "mishearings": total[kind],
            "right_word_offered": round(right[kind] / total[kind], 3),
            "another_word_offered": round(other[kind] / total[kind], 3),
        }
    if args.heard:
        result["heard"] = heard_rightly(args.heard)
    for path in args.files:
        text = path.read_text(encoding="utf-8", errors="replace")
        result[path.name] = marked(iter(text.split("\n\n")), args.marks)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
