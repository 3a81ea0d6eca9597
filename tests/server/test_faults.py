"""The short form of ``scripts/bench faults``: real servers, attacked."""

import pytest

from assistant import events as ev
from benches.attacks.browser import compared
from benches.attacks.rows import Broken, Figures, Row, all_rows
from benches.attacks.tones import text_of
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
        if row.has_short
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


def heard(*parts):
    """``parts`` of (seconds, tone or None for a mark of that length) → the report, the finals, the events."""
    events, report, at_s = [], [], 0.0
    for number, (length_s, tone) in enumerate(parts):
        item = f"utt_{number}"
        ms = round(at_s * 1000)
        if tone is None:
            events.append(ev.AudioGap(start_ms=ms, duration_ms=round(length_s * 1000), reason="network"))
            report.append(f"[{length_s:.1f} s not heard]")
        else:
            events.append(ev.SpeechStartedEvent(audio_start_ms=ms, item_id=item))
            events.append(ev.TranscriptCompleted.model_construct(item_id=item, transcript=text_of(tone)))
            report.append(text_of(tone))
        at_s += length_s
    shown = {each.item_id: each.transcript for each in events if isinstance(each, ev.TranscriptCompleted)}
    return " ".join(report), shown, events


@pytest.mark.parametrize(
    ("parts", "lost", "doubled", "untold_s"),
    [
        ([(2, 0), (2, 1), (2, 2), (2, 3)], 0, 0, 0),
        ([(2, 0), (2, 1), (2, None), (2, 3), (2, 4)], 0, 0, 0),
        ([(2, 0), (0.5, 1), (1.5, 1), (2, 2)], 0, 0, 0),
        ([(2, 0), (2, 1), (2, 3), (2, 4)], 1, 0, 2),
        ([(2, 0), (2, 1), (0.5, None), (2, 3), (2, 4), (2, 5)], 0, 0, 1.5),
        ([(2, 0), (2, 1), (2, 1), (2, 2)], 0, 1, 0),
        ([(2, 0), (2, 2), (2, 1), (2, 3)], 1, 1, None),
    ],
)
def test_what_the_page_lost_and_doubled_is_counted(parts, lost, doubled, untold_s):
    figures = compared(*heard(*parts))
    assert figures.finals_lost >= lost and figures.finals_doubled >= doubled
    if untold_s is not None:
        assert (figures.finals_lost, figures.finals_doubled) == (lost, doubled)
        assert figures.untold_s == pytest.approx(untold_s)


def test_a_final_that_the_page_had_and_the_store_has_not_is_lost():
    report, shown, events = heard((2, 0), (2, 1))
    assert compared(report, {**shown, "utt_9": text_of(2)}, events).finals_lost == 1
