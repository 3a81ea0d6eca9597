"""Whether the right guideline passage is found, and none for what the guidelines do not answer."""

import argparse
import csv
import json
import statistics
import time
from pathlib import Path

from assistant.guidelines.library import Library
from assistant.guidelines.passages import Passage

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"
TOP = 3


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def is_right(row: dict[str, str], passage: Passage) -> bool:
    return passage.file == row["file"] and row["holds"] in " ".join(passage.text.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=DATA / "guidelines")
    parser.add_argument("--misses", action="store_true", help="print what was not found")
    args = parser.parse_args()
    library = Library(args.folder)
    begun = time.perf_counter()
    library.refresh()
    result: dict[str, object] = {
        "bench": "retrieval",
        "files": library.shelf.files,
        "passages": library.shelf.passages,
        "index_s": round(time.perf_counter() - begun, 3),
    }
    times: list[float] = []
    for name in ("", "_second"):
        answered = read(DATA / f"guideline_questions{name}.tsv")
        places: list[int | None] = []
        for row in answered:
            begun = time.perf_counter()
            found = library.search(row["question"], TOP)
            times.append((time.perf_counter() - begun) * 1000)
            place = next((i for i, passage in enumerate(found, 1) if is_right(row, passage)), None)
            places.append(place)
            if place is None and args.misses:
                print(f"  missed: {row['question']}")
        unanswered = read(DATA / f"guideline_questions_unanswered{name}.tsv")
        wrong = [row["question"] for row in unanswered if library.search(row["question"], TOP)]
        result[f"questions{name}"] = len(answered)
        result[f"right_in_top_3{name}"] = sum(place is not None for place in places)
        result[f"right_first{name}"] = sum(place == 1 for place in places)
        result[f"unanswerable{name}"] = len(unanswered)
        result[f"something_found_for_unanswerable{name}"] = len(wrong)
        for question in wrong if args.misses else ():
            print(f"  found though nothing answers it: {question}")
    result["ms_median"] = round(statistics.median(times), 3)
    result["ms_max"] = round(max(times), 3)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
