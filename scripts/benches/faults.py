"""Attacks a server as a hospital's security reviewer would, and counts what was lost. The last line is JSON.

Each row starts a server of its own. Times include a busy machine's; the counts do not depend on it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from benches.attacks.rows import Broken, Figures, Row, all_rows

LONGEST_ROW_S = 3600
HEAD = "| attack | spoken s | heard s | lost s | told lost s | finals lost | doubled | MB | told after s | |"


async def run(row: Row, short: bool) -> tuple[Figures, str]:
    """The figures of one attack, and what it broke; "" when every promise held."""
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        try:
            async with asyncio.timeout(LONGEST_ROW_S):
                figures = await row.attack(short, Path(folder))
        except TimeoutError:
            return Figures(), f"not done after {LONGEST_ROW_S} s"
        except Broken as broken:
            return broken.figures or Figures(), str(broken)
        except Exception as error:  # a row that cannot run must not look like one that held
            return Figures(), f"{type(error).__name__}: {error}"[:200]
    if figures.finals_lost or figures.finals_doubled:
        return figures, "finals were lost or doubled"
    if figures.untold_s > 0.1:
        return figures, f"{figures.untold_s:.1f} s of speech were lost, and the clinician was not told"
    return figures, ""


def line(row: Row, figures: Figures, broken: str) -> str:
    seconds = [figures.spoken_s, figures.heard_s, figures.lost_s, figures.told_lost_s]
    cells = [
        row.name,
        *(_number(value) for value in seconds),
        str(figures.finals_lost),
        str(figures.finals_doubled),
        _number(figures.memory_mb, 0),
        _number(figures.told_s),
        f"FAILED: {broken}" if broken else "held",
    ]
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


async def measure(rows: list[Row], short: bool) -> dict[str, object]:
    """Print a line for each row; returns the sums."""
    print(f"{HEAD}\n|{'---|' * (HEAD.count('|') - 1)}", flush=True)
    all_figures: list[Figures] = []
    failed: list[str] = []
    for row in rows:
        figures, broken = await run(row, short)
        print(line(row, figures, broken), flush=True)
        all_figures.append(figures)
        failed += [row.name] if broken else []
    return {
        "bench": "faults",
        "rows": len(rows),
        "failed": failed,
        "finals_lost": sum(each.finals_lost for each in all_figures),
        "finals_doubled": sum(each.finals_doubled for each in all_figures),
        "untold_s": round(sum(each.untold_s for each in all_figures), 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer repetitions: a minute in all")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    args = parser.parse_args()
    rows = [row for row in all_rows() if args.only in row.name and (row.has_short or not args.short)]
    result = asyncio.run(measure(rows, args.short))
    print(json.dumps(result))
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
