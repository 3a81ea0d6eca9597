"""The short form of ``scripts/bench faults``: real servers, attacked."""

import pytest

from benches.attacks.rows import Broken, Figures, Row, all_rows
from benches.faults import measure, run

OPEN: set[str] = set()
"""Attacks that the server does not withstand yet: take out what you mend."""


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            row,
            id=row.name,
            marks=[
                pytest.mark.skipif(bool(row.lacks), reason=row.lacks),
                *([pytest.mark.xfail(strict=True)] if row.name in OPEN else []),
            ],
        )
        for row in all_rows()
    ],
)
async def test_a_server_under_attack_keeps_its_promises(row):
    figures, broken = await run(row, short=True)
    assert not broken, figures


async def held(short, folder):
    return Figures(spoken_s=2, heard_s=1, lost_s=1, told_lost_s=1)


async def lost_quietly(short, folder):
    return Figures(lost_s=3, told_lost_s=1, finals_lost=1)


async def lied(short, folder):
    raise Broken("it said nothing", Figures(finals_doubled=2))


async def fell_over(short, folder):
    raise OSError("no such file")


async def test_a_row_that_fails_is_said_whatever_the_reason(capsys):
    rows = [Row(each.__name__, each) for each in (held, lost_quietly, lied, fell_over)]
    result = await measure(rows, short=True)
    assert result["failed"] == ["lost_quietly", "lied", "fell_over"]
    assert (result["finals_lost"], result["finals_doubled"], result["untold_s"]) == (1, 2, 2.0)
    table = capsys.readouterr().out
    assert "| held |" in table and "FAILED: it said nothing" in table and "OSError" in table


def test_the_names_of_rows_differ():
    names = [row.name for row in all_rows()]
    assert len(set(names)) == len(names)
    assert set(names) >= OPEN
