"""A session of many utterances, with a recogniser that is scripted: what one more costs when there are many.

Every utterance takes the way of a live one, from the recogniser's final to the disk of FOLDER; then the
session is resumed and exported. The last line is JSON.
"""

import argparse
import contextlib
import json
import resource
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from assistant import events as ev
from assistant.asr.base import Word
from assistant.conversation.core import Conversation
from assistant.conversation.log import EventLog
from assistant.conversation.types import Emit, Fact, FinalHeard, ReportEdited, SpeechStarted, SpeechStopped
from assistant.engines.base import EngineInfo
from assistant.export.formats import FORMATS
from assistant.export.history import SessionInfo, report_from
from assistant.storage.store import Store

SAID = "nodule number {} in the left lower lobe measures {} millimetres and has not changed since last year"
WINDOW = 20
"""Utterances that a figure is the median of."""


class Session:
    """From facts to the store, without sockets and sound."""

    def __init__(self, folder: Path) -> None:
        self.info = SessionInfo("bench", datetime.now(UTC), "scripted")
        self.talk = Conversation(EngineInfo(name="none", stand_in=True, sees_images=False))
        self.log, self.store, self.folder = EventLog(), Store(folder), folder
        self.store.open_session(self.info, "token", "bench")
        self.sent_bytes = self.seq = 0

    def take(self, *facts: Fact) -> None:
        before = self.seq
        for fact in facts:
            for action in self.talk.handle(fact):
                if isinstance(action, Emit):
                    event = self.log.add(action.event)
                    self.sent_bytes += len(event.json)
                    self.seq = event.seq or self.seq
        self.store.append("bench", self.log.after(before), "bench")

    def say(self, number: int) -> None:
        text = SAID.format(number, number % 40)
        start = 6_000 * number
        words = tuple(
            Word(word, start + 300 * i, start + 300 * i + 250, 0.3 if i == 3 else 0.95)
            for i, word in enumerate(text.split())
        )
        at = datetime.now(UTC).isoformat()
        self.take(
            SpeechStarted(number, start),
            SpeechStopped(number, start + 5_000),
            FinalHeard(number, text, words, start, start + 5_000, at),
        )

    def type(self, text: str) -> None:
        document = self.talk.dictation.document
        end = document.sections[0].length
        edit = ev.DocumentEdit(revision=document.revision, section_id="text", start=end, end=end, text=text)
        self.take(ReportEdited(edit))

    def size_kb(self) -> int:
        with contextlib.closing(sqlite3.connect(self.store.path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sum(file.stat().st_size for file in self.folder.iterdir()) // 1024


def cpu_ms(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return 1000 * (time.process_time() - begun)


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def speak(session: Session, utterances: int) -> dict[str, float]:
    spent: list[float] = []
    wall: list[float] = []
    row: dict[str, float] = {}
    for number in range(1, utterances + 1):
        begun = time.perf_counter()
        spent.append(cpu_ms(lambda number=number: session.say(number)))  # type: ignore[misc]
        wall.append(1000 * (time.perf_counter() - begun))
        if number in {10, 100, 1_000, utterances // 2, utterances}:
            row[f"cpu_ms_at_{number}"] = statistics.median(spent[-WINDOW:])
            row[f"store_kb_at_{number}"] = session.size_kb()
            row[f"sent_kb_at_{number}"] = session.sent_bytes // 1024
            print(f"after {number}: {row[f'cpu_ms_at_{number}']:.1f} ms of CPU for one more", flush=True)
    row["wall_ms_median"], row["wall_ms_p95"] = statistics.median(wall), statistics.quantiles(wall, n=20)[-1]
    row["memory_mb"] = peak_mb()
    replay = session.log.after(0)
    row["resume_events"], row["resume_kb"] = len(replay), sum(len(each.json) for each in replay) // 1024
    for name in ("json", "srt", "docx", "pdf"):
        report = report_from(session.store.events("bench"), session.info, datetime.now(UTC))
        assert len(report.utterances) == utterances
        row[f"export_{name}_cpu_ms"] = cpu_ms(lambda name=name, report=report: FORMATS[name].write(report))  # type: ignore[misc]
    row["memory_mb_after_exports"] = peak_mb()
    return row


def write(session: Session, chars: int, piece: int) -> dict[str, float]:
    text = ("typed words " * piece)[:piece]
    spent = cpu_ms(lambda: [session.type(text) for _ in range(chars // piece)])
    return {
        "chars_in_report": session.talk.dictation.document.sections[0].length,
        "edits": chars // piece,
        "cpu_ms_per_edit": spent * piece / chars,
        "sent_kb": session.sent_bytes // 1024,
        "store_kb": session.size_kb(),
        "memory_mb": peak_mb(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("."))
    parser.add_argument("--utterances", type=int, default=1_000)
    parser.add_argument("--typed", type=int, default=0, metavar="CHARS", help="type so much instead")
    parser.add_argument("--piece", type=int, default=1_000, help="characters of an edit")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        session = Session(Path(folder))
        begin_mb = peak_mb()
        row = write(session, args.typed, args.piece) if args.typed else speak(session, args.utterances)
        row["verify_cpu_ms"] = cpu_ms(session.store.verify)
        session.store.close()
    for name, value in row.items():
        print(f"{name}: {value:.1f}")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    row["memory_mb_before"] = begin_mb
    told = {name: round(value, 1) for name, value in row.items()}
    print(json.dumps({"bench": "store", **told, "commit": commit.stdout.strip()}))


if __name__ == "__main__":
    main()
