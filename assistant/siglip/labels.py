"""The checks of an attached image, and the certainty that each verdict needs. Pure.

A zero-shot check compares the texts' logits with each other: SigLIP's own probability is often below 1 % even
for the right text, since it learnt to tell that from thousands of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SURE_OF_KIND = 0.6
"""Least share of the best kind among all; below, the kind is called unclear. An even guess among 10 kinds has
0.1; 0.6 is half as much again as all the others together. Not measured: MedSigLIP's weights are not here."""
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
"""The label shown, and the text compared."""
FAULTS = {
    "blurred": ("a blurred medical image, out of focus", "a sharp medical image, in focus"),
    "rotated": ("a medical image rotated by 90 degrees or upside down", "a medical image the right way up"),
    "too dark": ("an underexposed medical image, too dark", "a well exposed medical image"),
    "too bright": ("an overexposed medical image, too bright", "a well exposed medical image"),
    "cut off": ("a medical image with its main part cut off", "a complete medical image"),
}
"""A fault, its text and that of its opposite."""
FILES_SAY = {
    "ct": ("CT", ("CT slice",)),
    "mr": ("MRI", ("MRI slice",)),
    "xray": ("X-ray", ("chest X-ray", "other X-ray")),
    "slide": ("slide", ("histopathology",)),
}
"""The kind that a file states, in words, and the kinds that agree with it."""

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


@dataclass(frozen=True, slots=True)
class Score:
    """``share``: against the other labels, adding up to 1. ``match``: by itself, as the model was trained."""

    label: str
    share: float
    match: float


def scored(labels: Sequence[str], logits: npt.NDArray[np.float32]) -> list[Score]:
    """A person's labels with one image's logits for them, best first."""
    matches = 1 / (1 + np.exp(-logits.astype(np.float64)))
    scores = [Score(*each) for each in zip(labels, shares(logits), map(float, matches), strict=True)]
    return sorted(scores, key=lambda score: -score.share)


def judged(logits: npt.NDArray[np.float32], file_says: str) -> Verdict:
    """From one image's logits for ``TEXTS``, and the kind of its attachment."""
    of_kinds = shares(logits[: len(KINDS)])
    best = int(np.argmax(of_kinds))
    kind = list(KINDS)[best] if of_kinds[best] >= SURE_OF_KIND else ""
    pairs = logits[len(KINDS) :].reshape(-1, 2)
    faults = tuple(name for name, pair in zip(FAULTS, pairs, strict=True) if shares(pair)[0] >= SURE_OF_FAULT)
    agreed = FILES_SAY[file_says][1] if file_says in FILES_SAY else (kind,)
    return Verdict(kind, of_kinds[best], faults, unlike_file=bool(kind) and kind not in agreed)


def in_words(verdict: Verdict, file_says: str, model: str) -> str:
    """A sentence for the page: what it looks like to whom, and that nobody has verified it."""
    if not verdict.kind:
        said = "Kind of image unclear"
    elif verdict.kind == NOT_MEDICAL:
        said = "Does not look like a medical image"
    else:
        said = f"Looks like: {verdict.kind}"
    if verdict.unlike_file:
        said += f", though the file says {FILES_SAY[file_says][0]}"
    if verdict.faults:
        said += f"; perhaps {', '.join(verdict.faults)}"
    return f"{said} (by {model}; unverified)"
