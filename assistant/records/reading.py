"""A question about a record: list what there is → choose → read → note facts → answer.

The loop of Google's EHR Navigator notebook, over any engine. The model sees the list, names the types and
codes that it needs, reads those page by page, and answers from the facts it noted, each with its resource.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, cast

from assistant.engines.base import AnswerText, Engine, Output, Question, Report, Thought, nobody
from assistant.engines.outputs import whole_outputs
from assistant.readings.fenced import fenced_json
from assistant.records.fhir import Resource, manifest

PAGE_CHARS = 8_000
"""About 2,500 tokens: many short pages are read better than one long one."""
MOST_PAGES = 12
BASE_MODEL_CHARS = 1_200
ALWAYS = ("Patient",)
USUAL = ("Condition", "AllergyIntolerance", "MedicationRequest")
"""Types to read when neither the model nor the question's words name any."""
NOTHING = "NONE"

_WORD = re.compile(r"[a-z][a-z0-9]{2,}")


@dataclass(frozen=True, slots=True)
class Consulted:
    """The resources read for an answer and the facts noted from them; sent before the answer begins."""

    resources: tuple[Resource, ...]
    facts: str


async def answer_from_record(
    engine: Engine, question: Question, resources: Sequence[Resource], report: Report = nobody
) -> AsyncIterator[Output | Consulted]:
    """The engine's outputs for ``question``, with the facts of the record in front of it.

    What it is doing comes as thoughts, then ``Consulted`` once, then the answer. Raises what the engine does.
    ``report`` is told what the engine gave its model for the answer itself.
    """
    if engine.info.completes:  # it continues texts and follows no instruction: the question's words choose
        chosen = _by_words(question.text, resources)
        pages = _pages(chosen, BASE_MODEL_CHARS)[:1]
    else:
        listed = manifest(resources)
        chosen = _named(await _said(engine, _choose(question.text, listed)), resources)
        chosen = chosen or _by_words(question.text, resources)
        pages = _pages(chosen, PAGE_CHARS)[:MOST_PAGES]
    read = tuple(each for page in pages for each in page)
    yield Thought(f"Reads in the record: {_counted(read)}.\n")
    facts = _lines(read)
    if len(pages) > 1:
        noted = []
        for number, page in enumerate(pages, 1):
            yield Thought(f"Page {number} of {len(pages)}.\n")
            said = await _said(engine, _note(question.text, _lines(page)))
            if said.strip().rstrip(".").upper() != NOTHING:
                noted.append(said.strip())
        facts = "\n".join(noted) or "Nothing in what was read bears on the question."
    if len(read) < len(chosen):
        facts += f"\n[{len(chosen) - len(read)} older resources were not read]"
    yield Consulted(read, facts)
    async with aclosing(cast("Any", engine.answer(replace(question, record=facts), report))) as outputs:
        async for output in outputs:
            yield output


def _choose(asked: str, listed: str) -> str:
    return (
        f"A patient's record holds these FHIR resources:\n{listed}\n\n"
        f"Question: {asked}\n\n"
        "Which of them have to be read to answer it? Answer with a ```json list of objects with the keys "
        '"type" and "codes"; "codes" is a list of code names as they stand above, or [] for all of the type. '
        "Choose as few as are enough."
    )


def _note(asked: str, page: str) -> str:
    return (
        f"From a patient's record:\n{page}\n\n"
        f"Question: {asked}\n\n"
        "Write down the facts above that bear on the question, one a line, short, each with its date and the "
        f"resource in brackets, as in [Observation/12]. Write {NOTHING} if there are none. Conclude nothing."
    )


async def _said(engine: Engine, text: str) -> str:
    async with aclosing(cast("Any", whole_outputs(engine.answer(Question(text))))) as outputs:
        return "".join([output.text async for output in outputs if isinstance(output, AnswerText)])


def _named(said: str, resources: Sequence[Resource]) -> list[Resource]:
    """The resources chosen by the model; none if its answer cannot be used."""
    found = fenced_json(said)
    wanted: dict[str, set[str]] = {}
    for each in found if isinstance(found, list) else []:
        if isinstance(each, dict) and isinstance(each.get("type"), str):
            codes = each.get("codes")
            names = {str(code).casefold() for code in codes} if isinstance(codes, list) else set()
            wanted.setdefault(each["type"], set()).update(names or {""})
    wanted.update({kind: {""} for kind in ALWAYS if wanted})
    return [
        each
        for each in resources
        if (codes := wanted.get(each.type)) is not None and ("" in codes or _coded(each.code, codes))
    ]


def _coded(code: str, wanted: set[str]) -> bool:
    low = code.casefold()
    return any(low.startswith(name) or name.startswith(low) for name in wanted if low)


def _by_words(asked: str, resources: Sequence[Resource]) -> list[Resource]:
    """Resources that share words with the question, the most telling first; else what is usually of use."""
    words = set(_WORD.findall(asked.casefold()))
    seen = Counter(word for each in resources for word in set(_WORD.findall(each.text.casefold())))
    rare = {word for word in words if 0 < seen[word] <= max(3, len(resources) // 3)}
    scored = [(len(rare & set(_WORD.findall(each.text.casefold()))), each) for each in resources]
    found = [each for score, each in sorted(scored, key=lambda pair: -pair[0]) if score]
    return found or [each for each in resources if each.type in USUAL]


def _pages(resources: Sequence[Resource], chars: int) -> list[list[Resource]]:
    pages: list[list[Resource]] = [[]]
    size = 0
    for each in resources:
        length = len(_line(each)) + 1
        if pages[-1] and size + length > chars:
            pages.append([])
            size = 0
        pages[-1].append(each)
        size += length
    return pages


def _lines(resources: Sequence[Resource]) -> str:
    return "\n".join(map(_line, resources))


def _line(resource: Resource) -> str:
    return f"[{resource.label}] {resource.text}"


def _counted(resources: Sequence[Resource]) -> str:
    counts = Counter(each.type for each in resources)
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "nothing"
