"""docs/reliability.md names tests that exist, and is silent about nothing."""

import re
from pathlib import Path

from benches.attacks.rows import all_rows

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert len(named) > 30
    for each in named:
        path, _, name = each.partition("::")
        assert (ROOT / path).is_file(), each
        assert not name or f"def {name}(" in (ROOT / path).read_text(), each


def test_every_row_names_a_test_or_says_that_it_is_open() -> None:
    promises = PAGE[: PAGE.index("## Figures")] + PAGE[PAGE.index("## What users") :]
    rows = [line for line in promises.splitlines() if line.startswith("| ") and "| test" not in line]
    assert len(rows) > 25 + 10
    for row in rows:
        assert "`tests/" in row or "open" in row.split("|")[2], row
    assert [int(number) for number in re.findall(r"^\| (\d+)\. ", PAGE, re.M)] == list(range(1, 26))


def test_the_figures_are_those_of_all_attacks() -> None:
    figures = PAGE[PAGE.index("## Figures") : PAGE.index("## What users")]
    named = re.findall(r"^\| ([^|]+) \|", figures, re.M)[1:]
    attacks = [row.name for row in all_rows()]
    assert len(named) == len(attacks)
    assert all(any(name.startswith(attack) for name in named) for attack in attacks)
