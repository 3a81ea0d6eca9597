"""The label of a clip: the published model's text with only the misheard words put right.

So case, digits, units and spoken marks stay as the model writes them, and the formatting behind it keeps
working.
"""

import re

from hearing.scoring import MEASURES, NUMBER_WORDS, SAME, UNITS, grave, in_words
from training.clinical.voices import CAPITALS

MOST_WRONG = 0.6
"""With a larger share of words misheard the published text is no guide: the label is what was said."""


def _norm(token: str) -> list[str]:
    """Normalised words of one written token; number words without 'hundred'."""
    t = token.lower().replace("\u2019", "'")
    t = re.sub(r"(\d)%", r"\1 percent", t)
    t = re.sub(r"(\d)(mm|cm|mg|ml|mcg|kg|meq)\b", r"\1 \2", t)
    t = re.sub(r"\bx-ray", "xray", t)
    t = re.sub(r"\b([a-z])-?(?=\d)", r"\1 ", t)
    t = re.sub(r"(?<=\d)x(?=\d)", " by ", t)
    t = re.sub(r"(?<=\d)/(?=\d)", " over ", t)
    t = re.sub(r"\d[\d,]*(?:\.\d+)?", lambda m: in_words(m[0]), t)
    out = []
    for written in re.sub(r"[^a-z' ]+", " ", t.replace("-", " ")).split():
        word = written.strip("'")
        word = UNITS.get(word, SAME.get(word, word))
        word = re.sub(r"metres?$", "meter", word)
        if MEASURES.match(word):
            word = word.removesuffix("s")
        if word and word != "hundred":
            out.append(word)
    return out


PLAIN = re.compile(r"[a-z']{3,}|a|an|of|or|and|in|to|at|by|is|no|on|he|we|as|if|so|it")
STYLED = {*NUMBER_WORDS, "thousand", "point", "percent", "mister", "missus", "doctor", *CAPITALS}


QUESTION = re.compile(
    r"(is|are|was|were|do|does|did|can|could|would|should|will|what|where|which|when|who|why|how)\b"
)


def plain(said: str) -> str | None:
    """The label of a sentence without numbers, units, abbreviations and titles: it needs no hearing."""
    if "," in said or not all(PLAIN.fullmatch(w) and w not in STYLED for w in said.replace(".", "").split()):
        return None
    asked = QUESTION.match(said) and "." not in said and not said.endswith("question mark")
    said = re.sub(r"\. (\w)", lambda m: ". " + m[1].upper(), said)
    return said[:1].upper() + said[1:] + ("?" if asked else ".")


Step = tuple[int, int, int, int, bool]


def _align(a: list[str], b: list[str]) -> list[Step]:
    """Steps (a from, a to, b from, b to, equal) through two word lists, with the fewest edits."""
    n, m = len(a), len(b)
    cost = [[i + j if not i or not j else 0 for j in range(m + 1)] for i in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost[i][j] = min(
                cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            )
    steps: list[Step] = []
    i, j = n, m
    while i or j:
        if i and j and cost[i][j] == cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]):
            steps.append((i - 1, i, j - 1, j, a[i - 1] == b[j - 1]))
            i, j = i - 1, j - 1
        elif i and cost[i][j] == cost[i - 1][j] + 1:
            steps.append((i - 1, i, j, j, False))
            i -= 1
        else:
            steps.append((i, i, j - 1, j, False))
            j -= 1
    return steps[::-1]


def corrected(heard: str, said: str) -> tuple[str, float]:
    """(label, share of words that were misheard)."""
    surface, spoken = heard.split(), said.split()
    of_heard = [(word, k) for k, token in enumerate(surface) for word in _norm(token)]
    of_said = [(word, k) for k, token in enumerate(spoken) for word in _norm(token)]
    steps = _align([w for w, _ in of_heard], [w for w, _ in of_said])
    wrong = sum(not step[4] for step in steps) / max(1, len(of_said))
    as_said = said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")
    if wrong > MOST_WRONG or not surface:
        return as_said, wrong
    owner = [k for _, k in of_heard]
    # a written token stands if all its words are right and nothing is missing inside it
    bad = [False] * len(surface)
    for i0, i1, _, _, equal in steps:
        if not equal and (i1 > i0 or (0 < i0 < len(owner) and owner[i0 - 1] == owner[i0])):
            bad[owner[i0]] = True
    out: list[str] = []
    pending: list[int] = []  # tokens that were said and wait to be written
    used, tail = -1, ""

    def flush() -> None:
        nonlocal tail
        if not pending:
            return
        waiting = [spoken[k].rstrip(",.") if k == pending[-1] else spoken[k] for k in pending]
        if not out or out[-1][-1] in ".?!":
            waiting[0] = waiting[0][:1].upper() + waiting[0][1:]
        waiting[-1] += tail
        out.extend(waiting)
        pending.clear()
        tail = ""

    for i0, i1, j0, j1, _ in steps:
        k = owner[i0] if i1 > i0 else None
        if k is not None and not bad[k]:
            flush()
            if k != used:
                out.append(surface[k])
            used = k
            continue
        if j1 > j0 and (not pending or pending[-1] != of_said[j0][1]):
            pending.append(of_said[j0][1])
        last_of_token = k is not None and (i1 == len(owner) or owner[i1] != k)
        if k is not None and last_of_token and (mark := re.search(r"[,.?!:;]+$", surface[k])):
            tail = mark[0]
    flush()
    text = " ".join(out)
    text = re.sub(r"([,.;:?!])[,;:]+", r"\1", text)
    text = re.sub(r"\.(?= [a-z])", "", text)
    # A number that was heard in parts may have lost its "hundred".
    return text[:1].upper() + text[1:] if grave(text) == grave(said) else as_said, wrong
