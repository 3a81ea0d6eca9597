"""The log: its lines, and how often they come."""

import asyncio
import logging

import pytest

from assistant.telemetry import Repeats, log_of_the_loop


def printed(caplog, calls, **limits):
    log = logging.getLogger("assistant.repeats")
    handler = logging.StreamHandler()
    lines = []
    handler.emit = lambda record: lines.append(record.getMessage())
    handler.addFilter(Repeats(**limits))
    log.addHandler(handler)
    try:
        calls(log)
    finally:
        log.removeHandler(handler)
    return lines


def test_a_cause_that_comes_back_is_printed_a_few_times(caplog):
    def many(log):
        for number in range(1000):
            log.error("session %d ended", number)
        log.error("another cause")

    assert printed(caplog, many, most=2) == ["session 0 ended", "session 1 ended", "another cause"]


def test_later_it_is_printed_again_with_how_many_were_left_out(caplog):
    def twice(log):
        for _ in range(10):
            log.warning("no room")
            if _ == 8:
                log.handlers[-1].filters[0]._within_s = -1

    assert printed(caplog, twice, most=3) == [*["no room"] * 3, "no room (6 more like it were left out)"]


def test_other_exceptions_at_one_place_and_what_is_no_warning_are_printed(caplog):
    def calls(log):
        for kind in (ValueError, OSError):
            for _ in range(3):
                log.error("failed", exc_info=kind())
        log.setLevel(logging.INFO)
        for _ in range(3):
            log.info("opened")

    assert printed(caplog, calls, most=1) == ["failed", "failed", *["opened"] * 3]


@pytest.mark.parametrize("error", [ValueError("the patient said"), None])
async def test_the_loop_logs_no_text_of_an_exception(caplog, error):
    context = {"message": "Task exception was never retrieved", "future": "<Task 'the patient said'>"}
    log_of_the_loop(asyncio.get_running_loop(), context | ({"exception": error} if error else {}))
    assert [record.getMessage() for record in caplog.records] == ["Task exception was never retrieved"]
