"""Passages, found by the words of a question: SQLite's full-text search (BM25, English stems) in memory."""

import math
import re
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.guidelines.passages import Passage
from assistant.guidelines.words import FRAME, GROUPS, LONGEST_WORDS, MEANING, UNSAID

LEAST_COVERAGE = 0.35
"""Share of the question's words, weighed by how rare they are, that a passage must hold to count as found:
see docs/decisions/0024. BM25 alone always finds something."""
FRAME_WEIGHT = 0.3
"""Weight of words for the aspect asked about, as opposed to the subject."""
MOST_TERMS = 24
MOST_RANKED = 50
HEADING_WEIGHT, FILE_WEIGHT = 2.0, 1.0
"""Weights of words in the heading and in the file name; words in the text have 1."""

_WORD = re.compile(r"[^\W_]+")


class Index:
    """An unchanging set of passages. ``search`` may be called from any thread."""

    def __init__(self, passages: Sequence[Passage] = ()) -> None:
        self._passages = tuple(passages)
        self._by_id = {passage.id: passage for passage in passages}
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute(
            "CREATE VIRTUAL TABLE passages USING fts5(file, heading, text, content='', "
            "tokenize='porter unicode61 remove_diacritics 2')"
        )
        self._db.executemany(
            "INSERT INTO passages(rowid, file, heading, text) VALUES (?, ?, ?, ?)",
            ((i, _file_words(p.file), p.heading, p.text) for i, p in enumerate(self._passages)),
        )
        self._db.commit()

    def __len__(self) -> int:
        return len(self._passages)

    def get(self, passage_id: str) -> Passage | None:
        return self._by_id.get(passage_id)

    def search(self, question: str, limit: int = 3) -> list[Passage]:
        """The passages that hold what the question asks about, best first; none when none does."""
        terms = _terms(question)
        if not terms or not self._passages:
            return []
        with self._lock:
            holders = [{row for (row,) in self._rows(term.query)} for term in terms]
            ranked = self._db.execute(
                "SELECT rowid FROM passages WHERE passages MATCH ? "
                f"ORDER BY bm25(passages, {FILE_WEIGHT}, {HEADING_WEIGHT}, 1.0) LIMIT {MOST_RANKED}",
                (" OR ".join(term.query for term in terms),),
            ).fetchall()
        total = len(self._passages)
        weights = [
            term.weight * math.log(1 + (total - len(rows) + 0.5) / (len(rows) + 0.5))
            for term, rows in zip(terms, holders, strict=True)
        ]
        least = LEAST_COVERAGE * sum(weights)
        found = [
            row
            for (row,) in ranked
            if sum(weight for weight, rows in zip(weights, holders, strict=True) if row in rows) >= least
        ]
        return [self._passages[row] for row in found[:limit]]

    def _rows(self, query: str) -> sqlite3.Cursor:
        return self._db.execute("SELECT rowid FROM passages WHERE passages MATCH ?", (query,))


@dataclass(frozen=True, slots=True)
class _Term:
    """One meaning of the question, as FTS5 looks for it."""

    query: str
    weight: float


def _terms(question: str) -> list[_Term]:
    words = [word.casefold() for word in _WORD.findall(question)]
    terms: dict[str, _Term] = {}
    i = 0
    while i < len(words) and len(terms) < MOST_TERMS:
        taken, forms = _meaning(words, i)
        i += taken
        if taken == 1 and (forms[0] in UNSAID or (len(forms[0]) == 1 and not forms[0].isdigit())):
            continue
        query = "(" + " OR ".join(f'"{form}"' for form in forms) + ")"
        terms[query] = _Term(query, FRAME_WEIGHT if forms[0] in FRAME else 1.0)
    return list(terms.values())


def _meaning(words: list[str], i: int) -> tuple[int, tuple[str, ...]]:
    """The number of words from ``i`` on that form one meaning, and its synonyms."""
    for count in range(min(LONGEST_WORDS, len(words) - i), 0, -1):
        said = " ".join(words[i : i + count])
        for form in (said, said.removesuffix("s")):
            if form in MEANING:
                return count, GROUPS[MEANING[form]]
    return 1, (words[i],)


def _file_words(file: str) -> str:
    return " ".join(_WORD.findall(file.rpartition(".")[0]))
