"""The shared recogniser: turns, time limits, opening it again, and how busy it is."""

import asyncio
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from assistant.asr import shared
from assistant.asr.base import Partial, Transcript, Word
from assistant.asr.load import LEAST_SPEECH_S, WINDOW_S, Load
from assistant.asr.shared import RecogniserFailed, SharedRecogniser, checked, checked_partial
from assistant.asr.turns import Turns
from assistant.errors import BadInput
from tests.asr.fakes import FakeModel, FakeStream

SECOND = 16_000


class Steps:
    """Starts steps that end when told; ``order`` is the order in which they got their turn."""

    def __init__(self, turns):
        self._turns, self.order, self._ends, self._tasks = turns, [], {}, []

    async def start(self, name, is_urgent):
        self._ends[name] = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._step(name, is_urgent)))
        await self._settle()

    async def _step(self, name, is_urgent):
        async with self._turns.turn(is_urgent):
            self.order.append(name)
            await self._ends[name].wait()

    async def end(self, name):
        self._ends[name].set()
        await self._settle()

    async def cancel(self, number):
        self._tasks[number].cancel()
        await self._settle()

    async def _settle(self):
        for _ in range(6):
            await asyncio.sleep(0)


def yes():
    return True


def no():
    return False


async def test_finals_come_before_partials_that_came_earlier_and_each_kind_in_its_order():
    steps = Steps(Turns(1))
    for name, is_urgent in (("first", yes), ("p1", no), ("p2", no), ("f1", yes), ("f2", yes)):
        await steps.start(name, is_urgent)
    for name in ("first", "f1", "f2", "p1", "p2"):
        await steps.end(name)
    assert steps.order == ["first", "f1", "f2", "p1", "p2"]


async def test_partials_leave_a_worker_to_finals():
    steps = Steps(Turns(2))
    await steps.start("p1", no)
    await steps.start("p2", no)
    assert steps.order == ["p1"]
    await steps.start("f1", yes)
    assert steps.order == ["p1", "f1"]
    await steps.end("f1")
    assert steps.order == ["p1", "f1"]
    await steps.end("p1")
    assert steps.order == ["p1", "f1", "p2"]


async def test_a_partial_whose_speech_ends_while_it_waits_is_urgent():
    turns = Turns(2)
    steps, ended = Steps(turns), False
    await steps.start("p1", no)
    await steps.start("p2", lambda: ended)
    assert steps.order == ["p1"]
    ended = True
    turns.give()
    await steps.start("p3", no)
    assert steps.order == ["p1", "p2"]


@pytest.mark.parametrize("is_urgent", [yes, no])
async def test_a_step_that_is_cancelled_gives_its_worker_back(is_urgent):
    steps = Steps(Turns(1))
    await steps.start("running", is_urgent)
    await steps.start("waiting", is_urgent)
    await steps.start("last", is_urgent)
    await steps.cancel(1)
    await steps.cancel(0)
    assert steps.order == ["running", "last"]


async def test_no_session_gets_two_turns_while_another_waits():
    turns, order = Turns(2), []

    async def session(name):
        for _ in range(5):
            async with turns.turn(no):
                order.append(name)
                await asyncio.sleep(0.001)

    await asyncio.gather(*(session(name) for name in "abcd"))
    assert all(len(set(order[i : i + 4])) == 4 for i in range(0, 20, 4))


# --- time limits and opening again ---


class Hangs(FakeModel):
    """``gate`` closed: its final never comes."""

    def __init__(self):
        self.gate = threading.Event()

    def open_stream(self):
        model = self

        class Stream(FakeStream):
            def finish(self):
                model.gate.wait(30)
                return Transcript("fine")

        return Stream()


def raises(error):
    def call():
        raise error

    return lambda: call


async def test_what_a_step_raises_is_a_failure_and_bad_input_stays_bad_input():
    recogniser = SharedRecogniser(FakeModel())
    for error in (RuntimeError("x"), StopIteration(), MemoryError(), SystemExit(1), KeyboardInterrupt()):
        with pytest.raises(RecogniserFailed) as failed:
            await recogniser.run("test", raises(error))
        assert not failed.value.hung
    with pytest.raises(BadInput):
        await recogniser.run("test", raises(BadInput("not finite")))


async def test_a_step_that_hangs_is_left_behind_and_the_others_go_on():
    recogniser, gate = SharedRecogniser(FakeModel(), workers=1, patience_s=0.2), threading.Event()
    with pytest.raises(RecogniserFailed) as failed:
        await recogniser.run("test", lambda: gate.wait)
    assert failed.value.hung
    assert await recogniser.run("test", lambda: lambda: "goes on", tries=8) == "goes on"
    gate.set()


async def test_the_time_limit_doubles_with_each_try(monkeypatch):
    limits_s, timeout = [], asyncio.timeout

    def noted(limit_s):
        limits_s.append(limit_s)
        return timeout(None)

    recogniser = SharedRecogniser(FakeModel(), patience_s=3)
    monkeypatch.setattr(asyncio, "timeout", noted)
    for tries in range(4):
        await recogniser.run("test", lambda: lambda: None, tries=tries)
    assert limits_s == [3, 6, 12, 24]


async def test_threads_that_hang_are_bounded_and_the_program_says_that_it_fails():
    recogniser, gate = SharedRecogniser(FakeModel(), workers=1, patience_s=0.05), threading.Event()
    started = []

    def hang():
        started.append(1)
        gate.wait(30)

    for _ in range(20):
        with pytest.raises(RecogniserFailed):
            await recogniser.run("test", lambda: hang)
    gate.set()
    for thread in [each for each in threading.enumerate() if each.name == "asr"]:
        await asyncio.to_thread(thread.join, 30)
    assert await recogniser.run("test", lambda: lambda: 1, tries=10) == 1
    assert len(started) == 5


async def test_a_step_that_takes_long_is_told_before_its_time_is_over(monkeypatch):
    now_s, began = 1_000.0, asyncio.Event()
    monkeypatch.setattr(shared, "time", SimpleNamespace(monotonic=lambda: now_s))
    recogniser, gate = SharedRecogniser(FakeModel(), patience_s=60), threading.Event()

    def prepare():
        asyncio.get_running_loop().call_soon(began.set)
        return gate.wait

    running = asyncio.create_task(recogniser.run("test", prepare))
    await began.wait()
    now_s += 60 * shared.SLOW_SHARE - 1
    assert recogniser.state == "works"
    now_s += 2
    assert recogniser.state == "failing"
    assert shared.SLOW_SHARE < 1
    gate.set()
    await running
    assert recogniser.state == "works"


async def test_it_is_opened_again_once_for_all_who_ask_and_until_it_takes_sound(monkeypatch):
    monkeypatch.setattr("assistant.asr.shared.BACK_OFF_S", (0.01,))
    opened = []

    def reopen():
        opened.append(Hangs())
        if len(opened) < 3:
            raise RuntimeError("not yet")
        opened[-1].gate.set()
        return opened[-1]

    recogniser = SharedRecogniser(FakeModel(), reopen=reopen)
    await asyncio.gather(*(recogniser.mend(1) for _ in range(5)))
    assert (len(opened), recogniser.model, recogniser.opened) == (3, opened[-1], 2)
    await recogniser.mend(1)  # it has been since
    assert len(opened) == 3
    assert recogniser.state == "works"


async def test_it_is_still_opened_again_when_who_asked_first_is_gone():
    model = Hangs()

    def reopen():
        model.gate.wait(30)
        return model

    recogniser = SharedRecogniser(FakeModel(), reopen=reopen)
    first = asyncio.create_task(recogniser.mend(1))
    await asyncio.sleep(0.05)
    assert recogniser.state == "failing"
    first.cancel()
    model.gate.set()
    await recogniser.mend(1)
    assert recogniser.opened == 2


@pytest.mark.parametrize(
    "transcript",
    [
        None,
        "text",
        Transcript(None),
        Transcript("a " * 500),
        Transcript("a", (Word("a", -5, 10),)),
        Transcript("a", (Word("a", 10, 5),)),
        Transcript("a", (Word("a", 0, 60_000),)),
        Transcript("a", (Word("a", float("nan"), 5),)),
        Transcript("a", (Word("a", 0, 5, 1.5),)),
    ],
)
def test_what_cannot_be_a_transcript_is_refused(transcript):
    with pytest.raises((ValueError, AttributeError)):
        checked(transcript, SECOND)


@pytest.mark.parametrize("partial", ["text", Partial("a", None), Partial("a" * 900, "")])
def test_what_cannot_be_a_partial_is_refused(partial):
    with pytest.raises((ValueError, TypeError)):
        checked_partial(partial, SECOND)


def test_what_can_be_said_is_let_through():
    fine = Transcript("The lungs are clear, 5 µg/ml.", (Word("The", 0, 100, 1.0), Word("lungs", 100, 900)))
    assert checked(fine, SECOND) is fine
    assert checked_partial(None, SECOND) is None


# --- how busy it is ---


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Waits:
    def __init__(self, late_s=None):
        self.late = late_s

    def late_s(self):
        return self.late


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def load(clock, monkeypatch):
    monkeypatch.setattr("assistant.asr.load.cores", lambda: 2)
    load = Load(2, clock)
    load.measured(0.5, 5.0)  # a tenth of a core for each who speaks
    return load


def speak(load, clock, people, seconds, *, took_per_s, late_s=0.1):
    """``people`` speak in utterances of 5 s, and each second of speech keeps a worker so long."""
    for _ in range(int(seconds / 5)):
        clock.now += 5
        for _ in range(people):
            load.step(5 * took_per_s)
            load.final(late_s=late_s, speech_s=5)


def test_before_anyone_speaks_the_measure_of_the_start_counts(load):
    assert load.expected_s() == pytest.approx(0.5 / (1 - 0.05))
    assert (load.busy, load.late_s) == (0, 0)


def test_the_more_speak_the_later_finals_are_expected_until_there_is_no_room(load, clock):
    expected = []
    for people in (1, 4, 8, 12, 16, 19, 25):
        clock.now += WINDOW_S + 1
        speak(load, clock, people, WINDOW_S, took_per_s=0.1)
        expected.append(load.expected_s())
    assert expected == sorted(expected)
    assert expected[0] < 0.6
    assert expected[-1] == float("inf")


def test_what_speech_costs_is_measured_again_while_it_runs(load, clock):
    speak(load, clock, 1, LEAST_SPEECH_S, took_per_s=0.4)
    assert load.need == pytest.approx(0.2)


def test_finals_that_come_late_count_also_when_the_machine_seems_free(load, clock):
    speak(load, clock, 1, 30, took_per_s=0.01, late_s=4.0)
    assert load.late_s == 4.0
    assert load.expected_s() == 4.0


def test_one_late_final_among_many_is_not_lateness(load, clock):
    speak(load, clock, 4, 25, took_per_s=0.01)
    load.final(late_s=9.0, speech_s=5)
    assert load.late_s == 0.1


def test_finals_that_have_not_come_yet_count_with_their_wait(load):
    sessions = [Waits(7.0), Waits(None), Waits(8.0)]
    for each in sessions:
        load.join(each)
    assert load.late_s == 8.0
    sessions.clear()
    del each
    assert load.late_s == 0.0


def test_what_is_long_ago_is_forgotten(load, clock):
    speak(load, clock, 8, 30, took_per_s=0.2, late_s=3.0)
    clock.now += WINDOW_S + 1
    assert (load.busy, load.late_s) == (0, 0)


async def test_closing_ends_opening_it_again():
    """Nothing of it is left for a loop that is about to close."""
    recogniser = SharedRecogniser(FakeModel(), reopen=lambda: 1 / 0)
    mending = asyncio.create_task(recogniser.mend(1))
    await asyncio.sleep(0.1)
    assert recogniser.state == "failing"
    await recogniser.close()
    assert recogniser.state == "works"
    with pytest.raises(asyncio.CancelledError):
        await mending


@pytest.mark.parametrize(
    ("step", "status", "said"),
    [
        ("time.sleep(1), os.write(1, b'ended')", 0, b"ended"),
        ("threading.Event().wait()", 1, b""),
    ],
    ids=["slow", "hanging"],
)
def test_a_process_ends_after_its_steps_and_without_python_if_one_hangs(step, status, said):
    """Else Python unwinds them in native code, which aborts the process."""
    program = f"""
import asyncio, os, threading, time
from assistant.asr import shared

async def main():
    step = asyncio.create_task(shared.SharedRecogniser(None).run("test", lambda: lambda: ({step})))
    while not any(each.name == shared.THREAD for each in threading.enumerate()):
        await asyncio.sleep(0.01)
    step.cancel()

shared.LAST_STEPS_S = {0.3 if status else 60}
shared.end_steps_before_python()
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (status, said), ended.stderr
