"""What an image is checked for before it is asked about, and how sure a model must be to say so. Pure.

A zero-shot check compares the texts' logits with each other: of SigLIP's own probabilities, one a text, even the
right one is often below 1 %, since it learnt to tell a text from thousands of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SURE_OF_KIND = 0.6
"""Least share of the best kind among all; below, nothing is said. Of 10 kinds an even guess has 0.1, and 0.6 is
more than all others together have. Not measured with MedSigLIP's weights, which are not here."""
SURE_OF_FAULT = 0.9
"""Least share of a fault against its opposite, where an even guess has 0.5: nine to one, since a warning that
is often wrong is soon not read any more. Not measured either."""

NOT_MEDICAL = "not a medical image"
KINDS = {
    "chest X-ray": "a chest X-ray",
    "other X-ray": "an X-ray of a bone or a joint",
    "CT slice": "a slice of a CT scan",
    "MRI slice": "a slice of an MRI scan",
    "ultrasound image": "an ultrasound image",
    "histopathology": "a histopathology slide, stained tissue under a microscope",
    "skin photo": "a dermatology photo of skin",
    "fundus photo": "a fundus photograph of the retina",
    "document or lab report": "a photo of a printed document or a lab report",
    NOT_MEDICAL: "a photo of an everyday scene, not a medical image",
}
"""What is shown, and the text that is compared."""
FAULTS = {
    "blurred": ("a blurred medical image, out of focus", "a sharp medical image, in focus"),
    "rotated": ("a medical image rotated by 90 degrees or upside down", "a medical image the right way up"),
    "too dark": ("an underexposed medical image, too dark", "a well exposed medical image"),
    "too bright": ("an overexposed medical image, too bright", "a well exposed medical image"),
    "cut off": ("a medical image with its main part cut off", "a complete medical image"),
}
"""A fault, its text and that of its opposite."""
FILES_SAY = {
    "ct": ("CT slice",),
    "mr": ("MRI slice",),
    "xray": ("chest X-ray", "other X-ray"),
    "slide": ("histopathology",),
}
"""Kinds that agree with what a file says it is."""

TEXTS: tuple[str, ...] = (*KINDS.values(), *(text for pair in FAULTS.values() for text in pair))


@dataclass(frozen=True, slots=True)
class Verdict:
    """``kind`` is empty where no kind is sure; ``share`` is that of the best."""

    kind: str
    share: float
    faults: tuple[str, ...]
    unlike_file: bool
    """The file says that it is something else."""


def shares(logits: npt.NDArray[np.float32]) -> list[float]:
    """Logits of texts that exclude each other → shares that add up to 1."""
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return [float(each) for each in powers / powers.sum()]


def judged(logits: npt.NDArray[np.float32], file_says: str) -> Verdict:
    """From one image's logits for ``TEXTS``, and the kind of its attachment."""
    of_kinds = shares(logits[: len(KINDS)])
    best = int(np.argmax(of_kinds))
    kind = list(KINDS)[best] if of_kinds[best] >= SURE_OF_KIND else ""
    pairs = logits[len(KINDS) :].reshape(-1, 2)
    faults = tuple(name for name, pair in zip(FAULTS, pairs, strict=True) if shares(pair)[0] >= SURE_OF_FAULT)
    allowed: Sequence[str] = FILES_SAY.get(file_says, (kind,))
    return Verdict(kind, of_kinds[best], faults, unlike_file=bool(kind) and kind not in allowed)
