"""The rows of ``scripts/bench faults``, and their measurements."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path


class Broken(Exception):
    """A promise that the attack broke, in words for the table. ``figures``: what was measured even so."""

    def __init__(self, promise: str, figures: "Figures | None" = None) -> None:
        super().__init__(promise)
        self.figures = figures


@dataclass(frozen=True, slots=True)
class Figures:
    """The effects of one attack. None: this attack does not measure it."""

    spoken_s: float | None = None
    """Seconds of speech sent, without the silence between utterances."""
    heard_s: float | None = None
    """Seconds of speech that reached the recogniser."""
    lost_s: float | None = None
    """Seconds of speech that did not."""
    told_lost_s: float | None = None
    """Seconds of lost sound that the clinician was told about."""
    finals_lost: int = 0
    """Utterances without a final, and finals shown that are neither in the store nor in an export."""
    finals_doubled: int = 0
    memory_mb: float | None = None
    """Highest resident memory of the server's process."""
    told_s: float | None = None
    """Seconds from the fault until the clinician was told."""

    @property
    def untold_s(self) -> float:
        """Seconds of speech lost, of which the clinician was not told."""
        return max(0.0, (self.lost_s or 0.0) - (self.told_lost_s or 0.0))


Attack = Callable[[bool, Path], Awaitable[Figures]]
"""Takes whether the short form is wanted, and an empty folder. Raises ``Broken``."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    """The attack in a few words."""
    attack: Attack
    lacks: str = ""
    """The parts that this machine lacks for it; empty if it can run."""
    has_short: bool = True
    """Whether it has a short form."""


def all_rows() -> list[Row]:
    """The rows of every module of this package, by the module's name."""
    package = importlib.import_module("benches.attacks")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [
        row
        for name in modules
        for row in getattr(importlib.import_module(f"benches.attacks.{name}"), "ROWS", ())
    ]
