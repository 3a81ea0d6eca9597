"""Time to commit one utterance to the disk of FOLDER. The last line is JSON."""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from assistant import events as ev
from assistant.export.history import SessionInfo
from assistant.storage.store import Store

SAID = "The lungs are clear. No pneumothorax."


def utterance(number: int) -> list[ev.ServerEvent]:
    """The events that one dictated utterance adds to the store; the report grows with each."""
    item_id, seq = f"utt_{number}", 4 * number
    runs = [ev.RunPart(text=SAID, item_id=f"utt_{i}", origin="voice") for i in range(number + 1)]
    return [
        ev.TranscriptCompleted(
            seq=seq + 1,
            item_id=item_id,
            transcript=SAID,
            usage=ev.DurationUsage(seconds=2),
            start_ms=0,
            end_ms=1,
        ),
        ev.TranscriptWords(
            seq=seq + 2,
            item_id=item_id,
            words=[ev.WordTime(text=word, start_ms=0, end_ms=1) for word in SAID.split()],
        ),
        ev.IntentEvent(seq=seq + 3, item_id=item_id, intent="dictation", confidence=1, reason="", text=SAID),
        ev.DocumentChanged(
            seq=seq + 4,
            revision=number,
            sections=[ev.SectionPart(id="text", title="", runs=runs)],
            cursor=ev.PositionPart(section_id="text", offset=0),
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("."))
    parser.add_argument("--utterances", type=int, default=200)
    args = parser.parse_args()
    times_ms = []
    with tempfile.TemporaryDirectory(dir=args.folder) as folder, Store(Path(folder)) as store:
        store.open_session(SessionInfo("bench", datetime.now(UTC), "none"), "token", "bench")
        for number in range(args.utterances):
            events = utterance(number)
            begun = time.perf_counter()
            store.append("bench", events, "bench")
            times_ms.append(1000 * (time.perf_counter() - begun))
        size_kb = sum(file.stat().st_size for file in Path(folder).iterdir()) // 1024
        store.verify()
    median, p95 = statistics.median(times_ms), statistics.quantiles(times_ms, n=20)[-1]
    print(f"{args.utterances} utterances: median {median:.1f} ms, p95 {p95:.1f} ms; {size_kb} kB")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    row = {
        "bench": "store",
        "median_ms": median,
        "p95_ms": p95,
        "size_kb": size_kb,
        "commit": commit.stdout.strip(),
    }
    print(
        json.dumps(
            {key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()}
        )
    )


if __name__ == "__main__":
    main()
