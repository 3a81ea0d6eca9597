"""MedSigLIP in a process of its own, shared by all sessions: images and texts → vectors of length 1."""

import asyncio
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from assistant.errors import AssistantError, EngineFailed, Missing
from assistant.installation import install_command
from assistant.processes import end_process, open_process
from assistant.siglip.labels import TEXTS

if TYPE_CHECKING:
    from assistant.siglip.model import SiglipModel

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

LONGEST_WAIT_S = 300.0
"""For one image or some texts, and those of other sessions before them. Real weights were not timed."""


class Loaded(NamedTuple):
    name: str
    revision: str
    scale: float
    bias: float
    checks: Vectors
    """Vectors of ``labels.TEXTS``, which every image is checked against."""


class Embedder:
    """One call is one step of its process; calls of several sessions take turns. A process that died is
    started again by the next call."""

    def __init__(self, model: str, *, revision: str | None = None, threads: int = 1) -> None:
        self._wanted = (model, revision, threads)
        self._pool: ProcessPoolExecutor | None = None
        self._loading = asyncio.Lock()
        self._closed = False
        self.loaded = Loaded(model.rpartition("/")[2], revision or "", 1.0, 0.0, np.empty((0, 0), np.float32))

    async def load(self) -> None:
        """Start the process and wait for the model; downloads show their progress on standard error.

        Raises ``Missing``: ``siglip_model_gated``, ``siglip_model_missing``, ``siglip_load_failed``,
        ``package_missing``.
        """
        log.info("loading %s", self.loaded.name)
        pool = open_process()
        try:
            self.loaded = await asyncio.get_running_loop().run_in_executor(pool, _load, *self._wanted)
        except BrokenProcessPool:
            raise Missing(
                "The image model's process ended while loading. Check the free memory.",
                code="siglip_load_failed",
            ) from None
        except BaseException:
            end_process(pool)
            raise
        self._pool = pool
        log.info("loaded %s", self.loaded.name)

    async def images(self, encoded: Sequence[bytes]) -> Vectors:
        """Square images, PNG or JPEG → images × size.

        Raises ``BadInput`` (``image_not_readable``) and ``EngineFailed`` (``siglip_died``,
        ``siglip_timeout``, ``siglip_failed``, ``siglip_out_of_memory``).
        """
        return await self._ask("images", encoded)

    async def texts(self, texts: Sequence[str]) -> Vectors:
        """Texts → texts × size. Raises ``EngineFailed``, as ``images`` does."""
        return await self._ask("texts", texts)

    def logits(self, images: Vectors, texts: Vectors) -> Vectors:
        """Logits of each text for each image, images × texts; SigLIP's training applied a sigmoid to them."""
        logits: Vectors = (images @ texts.T * self.loaded.scale + self.loaded.bias).astype(np.float32)
        return logits

    async def _ask(self, what: str, given: Sequence[bytes] | Sequence[str]) -> Vectors:
        async with self._loading:
            if self._closed:
                raise EngineFailed("The image model is closed.", code="siglip_died")
            if self._pool is None:
                await self.load()
        pool = self._pool
        assert pool is not None
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                return await asyncio.get_running_loop().run_in_executor(pool, _embed, what, given)
        except BrokenProcessPool:
            self._drop(pool)
            raise EngineFailed(
                "The image model's process has ended, perhaps for lack of memory. Try again: it restarts.",
                code="siglip_died",
            ) from None
        except TimeoutError:
            self._drop(pool)
            raise EngineFailed("The image model timed out.", code="siglip_timeout") from None
        except AssistantError:
            raise
        except Exception as error:  # a bug; its text may quote a label
            log.error("the image model failed: %s", type(error).__name__)
            raise EngineFailed("The image model failed. Try again.", code="siglip_failed") from None

    async def close(self) -> None:
        self._closed = True
        if self._pool:
            self._drop(self._pool)

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        end_process(pool)


# --- in the process ---

_model: "SiglipModel | None" = None


def _load(name: str, revision: str | None, threads: int) -> Loaded:
    global _model  # noqa: PLW0603 (the process is this model's)
    os.environ["TOKENIZERS_PARALLELISM"], os.environ["HF_HUB_DISABLE_TELEMETRY"] = "false", "1"
    try:
        from tqdm.std import TqdmDefaultWriteLock  # noqa: PLC0415

        TqdmDefaultWriteLock.mp_lock = None  # a semaphore that nobody gives back when this process is killed
        from assistant.siglip.model import load  # noqa: PLC0415 (takes seconds)
    except ImportError:
        raise Missing(
            f"--siglip-model needs more packages. Run: {install_command('medgemma')}",
            code="package_missing",
        ) from None
    _model = load(name, revision=revision, threads=threads)
    checks = _model.texts(TEXTS)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # from here on, a library's words could quote a label
    return Loaded(_model.name, _model.revision, _model.scale, _model.bias, checks)


def _embed(what: str, given: Sequence[bytes] | Sequence[str]) -> Vectors:
    assert _model is not None
    vectors: Vectors = getattr(_model, what)(given)
    return vectors
