"""The base of every fake recogniser; ``test_contract.py`` holds them to what the real ones do."""

from collections.abc import Sequence
from typing import Self

from assistant.asr.base import Partial, Transcript
from assistant.audio.frames import Samples
from assistant.errors import BadInput


class FakeModel:
    """Takes no phrases and gives no word times."""

    name = "fake"
    takes_phrases = False
    times_words = False

    def expecting(self, phrases: Sequence[str], context: Sequence[str] = ()) -> Self:
        if phrases:
            raise BadInput(f"{self.name} cannot be given words to expect.", code="hotwords_not_supported")
        return self


class FakeStream:
    """Hears nothing; what a fake does differently it says itself."""

    def wants(self, samples: int) -> bool:
        return True

    def accept(self, samples: Samples, *, partial: bool = True) -> Partial | None:
        return None

    def prepare_final(self) -> None:
        pass

    def expected(self) -> Transcript | None:
        return None

    def finish(self) -> Transcript:
        return Transcript("")
