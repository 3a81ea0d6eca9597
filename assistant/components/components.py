"""The parts that all sessions share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from assistant.asr.base import AsrModel
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.components.personal import PersonalFiles
from assistant.dictation.near_misses import near_misses
from assistant.engines.base import Engine
from assistant.guidelines.library import Library
from assistant.imaging.options import Options
from assistant.imaging.worker import Reader
from assistant.siglip.embedder import Embedder
from assistant.vad.base import Vad
from assistant.vad.endpoint import EndpointSettings


@dataclass(slots=True)
class Components:
    """The shared parts that every session uses."""

    model: AsrModel
    open_vad: Callable[[], Vad]
    engine: Engine
    endpoint: EndpointSettings
    executor: ThreadPoolExecutor
    recordings: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "recordings"))
    """Runs the recogniser on recordings, behind live speech."""
    guidelines: Library | None = None
    reader: Reader = field(default_factory=lambda: Reader(Options()))
    """Reads what is attached."""
    text_engine: Engine | None = None
    """Answers the questions without images, if it is there."""
    personal: PersonalFiles = field(default_factory=PersonalFiles)
    embedder: Embedder | None = None
    """Matches images with words and with each other, if it is there."""

    open_filter: Callable[[], Callable[[Samples], Samples]] = lambda: np.asarray
    """Makes what a session's sound goes through before it is heard: one per session, since it keeps state."""

    second_model: AsrModel | None = None
    """A general recogniser that transcribes possible questions again, where ``model`` is one for
    dictation."""

    async def start(self) -> None:
        """Load and warm up everything, so that the first word is as fast as the rest."""
        loop = asyncio.get_running_loop()
        models = (self.engine, self.text_engine, self.embedder)
        loading = [model.load() for model in models if model]
        await asyncio.gather(*loading, loop.run_in_executor(self.executor, self._warm_up))

    def _warm_up(self) -> None:
        near_misses("")
        for model in (self.model, self.second_model):
            if model is not None:
                stream = model.open_stream()
                stream.accept(np.zeros(SAMPLE_RATE_HZ, np.float32))
                stream.finish()

    async def close(self) -> None:
        models = (self.engine, self.text_engine, self.embedder)
        await asyncio.gather(*(model.close() for model in models if model))
        self.reader.close()
        for executor in (self.executor, self.recordings):
            executor.shutdown(wait=False, cancel_futures=True)
