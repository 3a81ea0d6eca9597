"""Scores of heard against said: word errors, medical terms found, medical words invented.

Spelling that means the same is evened out first: digits and number words, units, spoken marks, British spelling,
compounds written as one word or two.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field


def listed(text: str) -> list[str]:
    """Words of a text, or what stands between its bars."""
    return text.split("|") if "|" in text else text.split()


ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
TENS = {
    w: v
    for v, w in zip(
        range(20, 100, 10),
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        strict=True,
    )
}
YEAR_ENDS = "(" + "|".join([*ONES[10:], *TENS]) + r")\b"
NUMBER_WORDS = {*ONES, *TENS, "hundred"}
UNITS = {
    "mm": "millimeter", "cm": "centimeter", "mg": "milligram", "ml": "milliliter", "mcg": "microgram", "g": "gram", "kg": "kilogram",
    "meq": "milliequivalent", "bpm": "beat", "dr": "doctor", "mr": "mister", "mrs": "missus", "ok": "okay",
}  # fmt: skip
SAME = {
    "x-ray": "xray", "x-rays": "xray", "centre": "center", "gray": "grey", "haemorrhage": "hemorrhage", "oedema": "edema", "anaemia": "anemia",
    "tumour": "tumor", "oesophageal": "esophageal", "towards": "toward", "alright": "all right",
}  # fmt: skip
MARKS = {"period", "comma", "colon", "paragraph"}
MEASURES = re.compile(r"^(milli|centi|micro|kilo)?(gram|meter|metre|liter|litre|equivalent)s?$")


def in_words(number: str) -> str:
    """Digits in words: 875 is eight hundred seventy five, 2.5 is two point five."""
    number = number.replace(",", "")
    if "." in number:
        whole, part = number.split(".", 1)
        return f" {_whole(whole or '0')} point {' '.join(ONES[int(c)] for c in part)} "
    return f" {_whole(number)} "


def _whole(digits: str) -> str:
    if (len(digits) > 1 and digits[0] == "0") or len(digits) > 6:
        return " ".join(ONES[int(c)] for c in digits)
    n = int(digits)
    if n < 20:
        return ONES[n]
    if n < 100:
        ten = next(w for w, v in TENS.items() if v == n // 10 * 10)
        return ten + (" " + ONES[n % 10] if n % 10 else "")
    if n < 1000:
        return ONES[n // 100] + " hundred" + (" " + _whole(str(n % 100)) if n % 100 else "")
    return _whole(str(n // 1000)) + " thousand" + (" " + _whole(str(n % 1000)) if n % 1000 else "")


def words(text: str) -> list[str]:
    """Normalised words. ``hundred``, ``and`` between numbers, and spoken marks do not count."""
    out = [w for w in spelt_out(text) if w not in MARKS]
    kept: list[str] = []
    for i, word in enumerate(out):
        if word == "hundred":
            continue
        if (
            word == "and"
            and 0 < i < len(out) - 1
            and out[i - 1] in NUMBER_WORDS
            and out[i + 1] in NUMBER_WORDS
        ):
            continue
        kept.append(word)
    return kept


def spelt_out(text: str) -> list[str]:
    """All words of a text in one spelling, numbers in words."""
    t = text.lower().replace("\u2019", "'").replace("new paragraph", " ").replace("new line", " ")
    t = re.sub(r"(\d)\s*%", r"\1 percent", t)
    t = re.sub(r"\bx[- ]?rays?\b", "xray", t)
    t = re.sub(r"(\d)(mm|cm|mg|ml|mcg|kg|meq)\b", r"\1 \2", t)
    t = re.sub(r"\b([a-z])-?(\d)", r"\1 \2", t)
    t = re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", t)
    t = re.sub(r"(\d)\s*/\s*(\d)", r"\1 over \2", t)
    t = re.sub(r"(?<=\d)\s*[x\u00d7]\s*(?=\d)", " by ", t)
    t = re.sub(r"\d[\d,]*(?:\.\d+)?", lambda m: in_words(m[0]), t)
    t = re.sub(r"\bmilli equivalent", "milliequivalent", t)
    t = re.sub(rf"\btwo thousand (?={YEAR_ENDS})", "twenty ", t)  # 2025 is also twenty twenty five
    out = []
    for written in re.sub(r"[^a-z' ]+", " ", t).split():
        word = re.sub(r"'s$", "s", written.strip("'"))
        word = UNITS.get(word, SAME.get(word, word))
        if MEASURES.match(word):
            word = word.rstrip("s").replace("metre", "meter").replace("litre", "liter")
        if word:
            out.append(word)
    return out


GRAVE = NUMBER_WORDS | set(
    listed(
        "thousand point over left right bilateral unilateral no not none never neither nor without denies denied "
        "negative absence percent degrees units tablets puffs drops"
    )
)


ORDINALS = {f"{w}th": w for w in ONES} | {
    "first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine",
    "twelfth": "twelve", "twentieth": "twenty", "thirtieth": "thirty",
}  # fmt: skip


def grave(text: str) -> list[str]:
    """The words of a text that turn a report round when they change: numbers, sides, negations, units."""
    counted = (ORDINALS.get(w, w) for w in spelt_out(text))  # "january 24" is also "january twenty fourth"
    return [w for w in counted if w in GRAVE or MEASURES.match(w)]


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Word edits; a compound written as one word or as two costs nothing."""
    n, m = len(said), len(heard)
    cost = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n + 1):
        cost[i][0] = i
    cost[0] = list(range(m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            best = min(
                cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (said[i - 1] != heard[j - 1])
            )
            if i > 1 and said[i - 2] + said[i - 1] == heard[j - 1]:
                best = min(best, cost[i - 2][j - 1])
            if j > 1 and heard[j - 2] + heard[j - 1] == said[i - 1]:
                best = min(best, cost[i - 1][j - 2])
            cost[i][j] = best
    return cost[n][m]


def right(heard: Sequence[str], said: str) -> list[bool]:
    """For each written word, whether it was said, in order."""
    want = spelt_out(said)
    parts = [spelt_out(word) for word in heard]
    flat = [word for part in parts for word in part]
    blocks = difflib.SequenceMatcher(None, flat, want, autojunk=False).get_matching_blocks()
    good = {block.a + k for block in blocks for k in range(block.size)}
    out, at = [], 0
    for part in parts:
        out.append(set(range(at, at + len(part))) <= good)
        at += len(part)
    return out


def found(terms: Sequence[str], heard: Sequence[str]) -> list[str]:
    """The said terms that are in what was heard, each as often as it is there."""
    text = "".join(heard)
    hits = []
    for term in terms:
        joined = "".join(words(term))
        if joined in text:
            text = text.replace(joined, " ", 1)
            hits.append(term)
    return hits


EVERYDAY = set(
    listed(
        "mild moderate severe small large right left upper lower middle central general total normal "
        "joint muscle tissue stomach kidney bladder finger shoulder tongue throat stable history image "
        "chest brain heart blood pressure weight nerve vision bright control water alcohol coffee "
        "temperature system disease disorder injury wound burn fever cough headache surgery hospital "
        "doctor patient pregnancy family depression anxiety personality behavior language reading "
        "learning emotional dependence problem attempt level study surface opening closure position "
        "function movement reaction response pattern degree"
    )
)


def medical_words(terms: set[str]) -> frozenset[str]:
    """Words of terms that everyday text would hardly hold: of at least seven letters, and not in a short list."""
    return frozenset(w for t in terms for w in words(t) if len(w) >= 7 and w.isalpha() and w not in EVERYDAY)


@dataclass
class Score:
    """The score of a set of clips."""

    clips: int = 0
    words: int = 0
    errors: int = 0
    terms: int = 0
    found: int = 0
    drugs: int = 0
    drugs_found: int = 0
    graves: int = 0
    grave_errors: int = 0
    """Numbers, sides, negations and units that were said, and how many were lost, changed or put in."""
    invented: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    """(said, heard) of clips in which a number, side, negation or unit differs."""

    def add(
        self, said: str, heard: str, terms: Sequence[str], drugs: frozenset[str], medical: frozenset[str]
    ) -> None:
        """``medical``: words that a general text would not hold; one that is heard but was not said is invented."""
        want, got = words(said), words(heard)
        of_said, of_heard = grave(said), grave(heard)
        self.graves += len(of_said)
        if of_said != of_heard:
            self.changed.append((said, heard))
            self.grave_errors += max(1, errors(of_said, of_heard))
        self.clips += 1
        self.words += len(want)
        self.errors += errors(want, got)
        hits = found(terms, got)
        self.terms += len(terms)
        self.found += len(hits)
        of_drugs = [t for t in terms if t in drugs]
        self.drugs += len(of_drugs)
        self.drugs_found += sum(t in drugs for t in hits)
        rest = list(hits)
        for term in terms:
            if term in rest:
                rest.remove(term)
            else:
                self.missed.append(term)
        whole = "".join(want)
        self.invented += [w for w in got if w in medical and w not in want and w not in whole]

    def report(self) -> dict[str, float | int]:
        return {
            "clips": self.clips,
            "words": self.words,
            "word_error_percent": _percent(self.errors, self.words),
            "terms": self.terms,
            "terms_found_percent": _percent(self.found, self.terms),
            "drugs": self.drugs,
            "drugs_found_percent": _percent(self.drugs_found, self.drugs),
            "invented_per_100_clips": _percent(len(self.invented), self.clips),
            "numbers_sides_negations": self.graves,
            "number_side_negation_errors_per_100": _percent(self.grave_errors, self.graves),
            "clips_with_a_changed_number_side_or_negation": len(self.changed),
        }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
