"""Many reports through an engine: several at once, each result kept as soon as it is there."""

import asyncio
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from assistant.characters import whole
from assistant.engines.base import AnswerText, CutOff, Engine, Question
from assistant.engines.outputs import whole_outputs
from assistant.errors import AssistantError, BadInput, EngineFailed
from assistant.extraction.files import read_bytes, text_in
from assistant.extraction.schema import FieldSpec, instruction, read_answer

TRIES = 3
GIVE_UP_AFTER = 8
"""Reports that fail one after the other because of the engine, not of themselves."""
OF_THE_ENGINE = (
    "engine_unreachable",
    "engine_unauthorized",
    "engine_model_unknown",
    "engine_moved",
    "engine_not_loaded",
)
FIRST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The counts of one run."""

    done: int
    already_done: int
    failed: int


class Results:
    """``OUT.jsonl``, a line per report, written as each is done; ``OUT.errors.jsonl``, anew with each run.

    Raises ``BadInput``: ``results_of_other_schema`` when there are results of other fields.
    """

    def __init__(self, out: Path, fields: tuple[FieldSpec, ...]) -> None:
        self.path, self.errors_path = (
            out.with_name(out.name + ".jsonl"),
            out.with_name(out.name + ".errors.jsonl"),
        )
        self._schema = hashlib.sha256(repr(fields).encode()).hexdigest()[:12]
        self.done = self._read()
        self.current: set[str] = set()
        """Reports whose result is that of the file as it is now."""
        self.failed: dict[str, str] = {}
        """Reports that failed in this run, and why."""
        self._file = self.path.open("a", encoding="utf-8")
        self._errors = self.errors_path.open("w", encoding="utf-8")

    def _read(self) -> dict[str, str]:
        """Name → hash of the reports that are done. A line that a kill cut off is taken away."""
        if not self.path.exists():
            return {}
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self.path, len(whole))
        records = [json.loads(line) for line in whole.splitlines()]
        if any(record["schema"] != self._schema for record in records):
            raise BadInput(
                f"{self.path} holds results of another schema. Choose another --out.",
                code="results_of_other_schema",
            )
        return {record["file"]: record["sha256"] for record in records}

    def keep(self, record: dict[str, Any]) -> None:
        self._write(self._file, {**record, "schema": self._schema})
        self.current.add(record["file"])

    def keep_error(self, **error: str) -> None:
        self._write(self._errors, error)

    def _write(self, file: Any, record: dict[str, Any]) -> None:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        file.flush()

    def close(self) -> None:
        self._file.close()
        self._errors.close()
        if self.errors_path.stat().st_size == 0:
            self.errors_path.unlink()

    def records(self) -> dict[str, dict[str, Any]]:
        """The last result of each report that is there, by name."""
        with self.path.open(encoding="utf-8") as lines:
            last = {record["file"]: record for record in map(json.loads, lines)}
        return {name: record for name, record in last.items() if name in self.current}


class Batch:
    """One run over a folder. ``advanced`` is called as each report is over."""

    def __init__(
        self,
        engine: Engine,
        fields: tuple[FieldSpec, ...],
        results: Results,
        *,
        folder: Path,
        first_wait_s: float = FIRST_WAIT_S,
        advanced: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine, self._fields, self._results, self._folder = engine, fields, results, folder
        self._first_wait_s, self._advanced = first_wait_s, advanced
        self._done = self._already = self._failed = self._in_a_row = 0

    async def run(self, reports: list[Path], at_once: int) -> Outcome:
        """Raises ``EngineFailed`` when the engine does not work at all; what is done by then is kept."""
        waiting = iter(reports)

        async def work() -> None:
            for path in waiting:
                await self._one(path)
                self._advanced()

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(at_once):
                    tasks.create_task(work())
        except* EngineFailed as failures:
            raise failures.exceptions[0] from None
        return Outcome(self._done, self._already, self._failed)

    async def _one(self, path: Path) -> None:
        name = whole(path.relative_to(self._folder).as_posix())
        try:
            data = await asyncio.to_thread(read_bytes, path)
            sha256 = hashlib.sha256(data).hexdigest()
            if self._results.done.get(name) == sha256:
                self._already += 1
                self._results.current.add(name)
                return
            report = await asyncio.to_thread(text_in, data, path.suffix.lower())
            answer, cut_off = await self._ask(instruction(self._fields, report))
            found = read_answer(self._fields, report, answer)
            if found is None and cut_off:
                raise EngineFailed(
                    "The answer was cut off. Raise ASSISTANT_ENGINE_MAX_TOKENS.", code="answer_cut_off"
                )
            if found is None:
                raise EngineFailed("The answer is not a JSON object.", code="answer_not_json")
        except AssistantError as error:
            self._fail(name, error)
            return
        self._in_a_row = 0
        self._done += 1
        values, problems = found
        for problem in problems:
            self._results.keep_error(file=name, field=problem.field, code=problem.code, message="")
        self._results.keep(
            {
                "file": name,
                "sha256": sha256,
                "model": self._engine.info.name,
                "revision": self._engine.info.revision,
                "values": {field: asdict(value) for field, value in values.items()},
                "rejected": {problem.field: problem.code for problem in problems},
            }
        )

    def _fail(self, name: str, error: AssistantError) -> None:
        self._failed += 1
        self._results.keep_error(file=name, field="", code=error.code, message=error.message)
        self._results.failed[name] = f"{error.message} [{error.code}]"
        self._in_a_row = self._in_a_row + 1 if error.code in OF_THE_ENGINE else 0
        if self._in_a_row >= GIVE_UP_AFTER:
            raise error

    async def _ask(self, text: str) -> tuple[str, bool]:
        """The answer, and whether it was cut off."""
        wait_s = self._first_wait_s
        for attempt in range(1, TRIES + 1):
            try:
                asked = whole_outputs(self._engine.answer(Question(text)))
                async with aclosing(cast("Any", asked)) as outputs:
                    said = [output async for output in outputs]
                answer = "".join([each.text for each in said if isinstance(each, AnswerText)])
                return answer, CutOff() in said
            except EngineFailed:
                if attempt == TRIES:
                    raise
            await asyncio.sleep(wait_s)
            wait_s *= 4
        raise AssertionError
