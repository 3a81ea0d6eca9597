"""N-gram language models over pieces, estimated with Witten and Bell's smoothing and written as ARPA."""

import gzip
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

Gram = tuple[str, ...]
NEVER_LOG10 = -99.0  # what ARPA files give <s>, which is only ever a history


def counted(sentences: Iterable[Sequence[str]], order: int) -> list[Counter[Gram]]:
    """Counts of each n-gram of 1 to ``order`` pieces; ``<s>`` only begins, and has no count alone."""
    counts: list[Counter[Gram]] = [Counter() for _ in range(order)]
    for sentence in sentences:
        words = ("<s>", *sentence, "</s>")
        for end in range(1, len(words)):
            for n in range(1, min(order, end + 1) + 1):
                counts[n - 1][words[end + 1 - n : end + 1]] += 1
    return counts


def witten_bell(counts: Sequence[Counter[Gram]]) -> tuple[dict[Gram, float], dict[Gram, float]]:
    """Probability of each n-gram's last word after the others, and each history's weight of backing off.

    P(w|h) = (c(hw) + T(h) P(w|h')) / (c(h) + T(h)), T(h) the distinct words after h (Witten and Bell 1991);
    a word never seen after h has T(h) / (c(h) + T(h)) of P(w|h').
    """
    total, distinct = Counter[Gram](), Counter[Gram]()
    for of_order in counts:
        for gram, count in of_order.items():
            total[gram[:-1]] += count
            distinct[gram[:-1]] += 1
    back_off = {history: distinct[history] / (total[history] + distinct[history]) for history in total}
    probability: dict[Gram, float] = {}
    for of_order in counts:
        for gram, count in of_order.items():
            history = gram[:-1]
            lower = probability[gram[1:]] if history else 1 / len(counts[0])
            probability[gram] = (count + distinct[history] * lower) / (total[history] + distinct[history])
    return probability, back_off


def write_arpa(path: Path, counts: Sequence[Counter[Gram]]) -> None:
    """Gzipped. Every history stands in it too, so that its weight has a line."""
    probability, back_off = witten_bell(counts)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        by_order = [sorted(of_order) for of_order in counts]
        by_order[0] = [("<s>",), *by_order[0]]
        file.write("\\data\\\n" + "".join(f"ngram {n}={len(g)}\n" for n, g in enumerate(by_order, 1)))
        for n, grams in enumerate(by_order, 1):
            file.write(f"\n\\{n}-grams:\n")
            for gram in grams:
                chance = math.log10(probability[gram]) if gram in probability else NEVER_LOG10
                weight = f"\t{math.log10(back_off[gram]):.4f}" if gram in back_off else ""
                file.write(f"{chance:.4f}\t{' '.join(gram)}{weight}\n")
        file.write("\n\\end\\\n")
