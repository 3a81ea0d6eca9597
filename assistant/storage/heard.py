"""The position up to which a session's sound has been written down: from there a client sends it again to a
server that was restarted. Pure."""

from itertools import takewhile

from pydantic import BaseModel, ConfigDict

from assistant.audio.frames import SAMPLE_RATE_HZ


class Anchor(BaseModel):
    """The client's count of samples at a moment of the session's clock."""

    model_config = ConfigDict(frozen=True)

    clock: int
    sample: int
    rate_hz: int


class Heard(BaseModel):
    """``clock`` is the end of the sound that came, ``settled`` of that which needs no more writing; both are
    samples of the session's clock. ``at_s`` is the Unix time at which that was so."""

    model_config = ConfigDict(frozen=True)

    clock: int = 0
    settled: int = 0
    at_s: float = 0.0
    anchors: tuple[Anchor, ...] = ()
    """The latest ones; none where the sound has no numbers."""
    live: bool = False
    """It came over WebRTC, where nothing can be sent again."""

    def sample_at(self, clock: int) -> int | None:
        """The client's number of the sample at ``clock``; None where there is none."""
        before = list(takewhile(lambda each: each.clock <= clock, self.anchors))
        if not before:
            return None
        last = before[-1]
        return last.sample + (clock - last.clock) * last.rate_hz // SAMPLE_RATE_HZ
