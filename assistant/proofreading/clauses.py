"""The clauses of an utterance: the words between two marks that are surely marks. Pure."""

from dataclasses import dataclass

from assistant.proofreading.lexicon import LABEL_WORDS, MARK_BEGINS, MARKS, is_noun, is_span
from assistant.proofreading.tokens import Token, tokens

_CLOSING = frozenset({".", ",", ":", ";", "?", "!", "\n", "\n\n"})


@dataclass(frozen=True, slots=True)
class Clause:
    """``said[start:end]`` are its words; the marks behind them go up to ``next_start``."""

    start: int
    end: int
    next_start: int


def clauses(said: str) -> list[Clause]:
    """The clauses in order, none empty. What may be a mark or a thing ("colon") belongs to its clause."""
    every = tokens(said)
    found: list[Clause] = []
    first: int | None = None
    at = 0
    while at < len(every):
        behind = _mark(every, at)
        if behind is None:
            first = at if first is None else first
            at += 1
            continue
        while behind < len(every) and (more := _mark(every, behind)) is not None:
            behind = more
        if first is not None:
            start = every[behind].start if behind < len(every) else len(said)
            found.append(Clause(every[first].start, every[at - 1].end, start))
        first, at = None, behind
    if first is not None:
        found.append(Clause(every[first].start, every[-1].end, len(said)))
    return found


def _mark(every: list[Token], at: int) -> int | None:
    """End of the mark at ``at``; None if there is none."""
    token = every[at]
    if token.low == "{" and at + 1 < len(every):
        inner = _mark(every, at + 1)
        return inner + 1 if inner is not None and inner < len(every) and every[inner].low == "}" else None
    if token.low == "\n":
        return at + 1
    if token.kind == "sign" and token.low in _CLOSING:
        spaced = at + 1 == len(every) or not every[at + 1].glued or every[at + 1].kind == "sign"
        return at + 1 if spaced else None
    if token.low not in MARK_BEGINS:
        return None
    before = every[at - 1].low if at else ""
    for count in (2, 1):
        words = tuple(each.low for each in every[at : at + count])
        marks = MARKS.get(words) if len(words) == count else None
        if marks is None or "".join(marks[0]) not in _CLOSING:
            continue
        after = every[at + count].low if at + count < len(every) else ""
        if words == ("colon",) and before not in LABEL_WORDS:
            return None
        lead = [each.low for each in every[max(0, at - 8) : at] if each.low != "-"]
        if words == ("period",) and is_span(lead):
            return None
        return None if is_noun(" ".join(words), before, after) else at + count
    return None
