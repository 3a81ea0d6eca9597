"""Steps of several streams as one run of the graph, for devices where that pays.

Nobody waits for company: while a run is under way, what comes meanwhile gathers, and the next run takes it
all. On the CPUs measured batching gains nothing (docs/decisions/0014); a GPU is another matter.
"""

import threading
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

Arrays = Mapping[str, npt.NDArray[np.generic]]
FRAME_AXES = (1, 3, 3, 2)
"""The frame axis of the outputs logits, k_new, v_new and glu_new."""


class _Request:
    def __init__(self, feed: Arrays) -> None:
        self.feed = feed
        self.result: list[npt.NDArray[np.float32]] | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.result is not None or self.error is not None


class StepBatcher:
    """``run`` is called by many threads at once; each gets what the graph says of its own stream.

    Streams of one batch must keep the same number of slots; those of one model do.
    """

    def __init__(self, session: ort.InferenceSession, most: int) -> None:
        self._session, self._most = session, most
        self._waiting: list[_Request] = []
        self._gather, self._running = threading.Lock(), threading.Lock()
        self.runs = 0

    def run(self, feed: Arrays) -> list[npt.NDArray[np.float32]]:
        request = _Request(feed)
        with self._gather:
            self._waiting.append(request)
        while not request.done:
            with self._running:
                if not request.done:
                    self._run_next()
        if request.error is not None:
            raise request.error
        assert request.result is not None
        return request.result

    def _run_next(self) -> None:
        with self._gather:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        self.runs += 1
        try:
            outputs = self._session.run(None, _together([request.feed for request in batch]))
        except Exception as error:  # all of them asked for it
            for request in batch:
                request.error = error
            return
        for number, request in enumerate(batch):
            frames = int(request.feed["new_len"][0])
            request.result = [
                output[number : number + 1].take(range(frames), axis=axis)
                for output, axis in zip(outputs, FRAME_AXES, strict=True)
            ]


def _together(feeds: list[Arrays]) -> dict[str, npt.NDArray[np.generic]]:
    """One feed of many; shorter features are filled up, ``new_len`` says what is real."""
    longest = max(feed["feats"].shape[1] for feed in feeds)
    padded = [
        np.pad(feed["feats"], ((0, 0), (0, longest - feed["feats"].shape[1]), (0, 0))) for feed in feeds
    ]
    return {
        name: np.concatenate(padded if name == "feats" else [feed[name] for feed in feeds])
        for name in feeds[0]
    }
