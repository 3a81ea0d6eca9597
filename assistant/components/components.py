"""The parts that all sessions share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from assistant.asr.base import AsrModel
from assistant.asr.shared import PROBE, SharedRecogniser, recognise
from assistant.audio.frames import Samples
from assistant.components.personal import PersonalFiles
from assistant.dictation.near_misses import near_misses
from assistant.engines.base import Engine
from assistant.guidelines.library import Library
from assistant.imaging.options import Options
from assistant.imaging.scratch import remove_leftovers
from assistant.imaging.worker import Reader
from assistant.siglip.embedder import Embedder
from assistant.vad.base import Vad
from assistant.vad.endpoint import EndpointSettings


@dataclass(slots=True)
class Components:
    """The shared parts that every session uses."""

    recogniser: SharedRecogniser
    open_vad: Callable[[], Vad]
    engine: Engine
    endpoint: EndpointSettings
    recordings: SharedRecogniser | None = None
    """Runs the recogniser on recordings, behind live speech. If not given, as live speech."""
    guidelines: Library | None = None
    reader: Reader = field(default_factory=lambda: Reader(Options()))
    """Reads what is attached."""
    text_engine: Engine | None = None
    """Answers the questions without images, if it is there."""
    loading: bool = False
    """A model is being loaded into this process, which stops everything for moments."""
    personal: PersonalFiles = field(default_factory=PersonalFiles)
    embedder: Embedder | None = None
    """Matches images with words and with each other, if it is there."""

    open_filter: Callable[[], Callable[[Samples], Samples]] = lambda: np.asarray
    """Makes what a session's sound goes through before it is heard: one per session, since it keeps state."""

    second_model: AsrModel | None = None
    """A general recogniser that transcribes possible questions again, where the first is one for
    dictation."""

    @property
    def model(self) -> AsrModel:
        return self.recogniser.model

    async def start(self) -> None:
        """Load and warm up everything, so that the first word is as fast as the rest."""
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(remove_leftovers)
        models = (self.engine, self.text_engine, self.embedder)
        loading = [model.load() for model in models if model]
        await asyncio.gather(*loading, loop.run_in_executor(None, self._warm_up))

    def _warm_up(self) -> None:
        near_misses("")
        if self.second_model is not None:
            recognise(self.second_model, PROBE)
        self.recogniser.start()

    async def close(self) -> None:
        models = (self.engine, self.text_engine, self.embedder)
        await asyncio.gather(*(model.close() for model in models if model))
        for recogniser in (self.recogniser, self.recordings):
            if recogniser is not None:
                await recogniser.close()
        self.reader.close()
