"""The progress of one utterance, and the recogniser's next step for it. Pure.

The microphone tells what happened to it and the recogniser what was done; what comes late changes nothing.
"""

from typing import Literal, assert_never

Phase = Literal["speaking", "paused", "prepared", "expected", "ended", "dropped"]
"""``paused``: a short silence. ``prepared``: the final is being computed, in case no speech follows.
``expected``: it was told. ``ended`` waits for its final; ``dropped`` gets none."""

Event = Literal["pause", "go_on", "prepare", "expect", "end", "drop"]

Step = Literal["take", "prepare", "look", "finish", "leave", "wait"]
"""``take`` the audio that came; ``look`` whether the prepared final is known; ``leave``: nothing to do ever
again; ``wait``: nothing to do for now."""

_OVER: dict[Event, Phase] = {"end": "ended", "drop": "dropped"}
_NEXT: dict[Phase, dict[Event, Phase]] = {
    "speaking": {"pause": "paused", **_OVER},
    "paused": {"go_on": "speaking", "prepare": "prepared", **_OVER},
    "prepared": {"go_on": "speaking", "expect": "expected", **_OVER},
    "expected": {"go_on": "speaking", **_OVER},
    "ended": {"drop": "dropped"},
    "dropped": {},
}


def after(phase: Phase, event: Event) -> Phase:
    """The phase that ``event`` leads to; ``phase`` itself for an event that comes too late."""
    return _NEXT[phase].get(event, phase)


def next_step(phase: Phase, *, has_audio: bool, hears_on: bool) -> Step:
    """``has_audio``: some came that the recogniser has not taken. ``hears_on``: the utterance was cut, and
    is read a little beyond its end."""
    if phase == "dropped":
        return "leave"
    if has_audio:
        return "take"
    match phase:
        case "ended":
            return "wait" if hears_on else "finish"
        case "paused":
            return "prepare"
        case "prepared":
            return "look"
        case "speaking" | "expected":
            return "wait"
        case _:
            assert_never(phase)
