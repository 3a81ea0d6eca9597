"""The vocabulary of daily dictation: own lists of terms by kind, in ``terms.txt``."""

from pathlib import Path

OWN = Path(__file__).parent / "terms.txt"

Terms = dict[str, list[str]]


def own() -> Terms:
    """The lists of ``terms.txt``."""
    lines = [line for line in OWN.read_text().splitlines() if line and not line.startswith("#")]
    split = (line.partition(": ") for line in lines)
    return {kind: terms.split(" | ") for kind, _, terms in split}
