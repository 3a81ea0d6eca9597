"""The numbers MedGemma was trained on: measured values → 8-bit pixels, and which slices go along. Pure.

Sources: Google's notebook ``high_dimensional_ct_hugging_face.ipynb`` (CT windows, choice of slices) and the
DICOM handler of its serving container (MRI, X-rays). That container's default green window is centred on 175
with width 80, a slip against the notebook, the paper and its own comment; the notebook's is used here.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]
Pixels = npt.NDArray[np.uint8]

CT_CHANNELS_HU = ((-1024, 1024), (-135, 215), (0, 80))
"""Red, green, blue: air to bone, soft tissue, brain."""
MOST_SLICES = 85
"""Limit for one CT or MR volume."""
CT_WINDOWS_HU = {
    "soft tissue": (40, 400),
    "lung": (-600, 1500),
    "bone": (400, 1800),
    "brain": (40, 80),
    "liver": (80, 150),
}
"""Centre and width of what the page offers, beside the model's own colours."""


def ct_pixels(hounsfield: Values) -> Pixels:
    """Hounsfield units, any shape → that shape × RGB."""
    return np.stack([_ramp(hounsfield, low, high) for low, high in CT_CHANNELS_HU], axis=-1)


def _ramp(values: Values, low: float, high: float) -> Pixels:
    """``low`` → 0, ``high`` → 255, rounded; in the notebook's own order of single-precision steps."""
    scaled = np.clip(values, low, high).astype(np.float32)
    scaled -= np.float32(low)
    scaled /= np.float32(high - low)
    scaled *= np.float32(255)
    return np.rint(scaled, out=scaled).astype(np.uint8)


def stretched(values: Values, low: float, high: float) -> Pixels:
    """``low`` → 0, ``high`` → 255, rounded. For MRI they are the whole volume's least and greatest value; a
    volume without any contrast is black."""
    scaled = values.astype(np.float64)
    scaled -= low
    scaled /= (high - low) or 1
    scaled *= 255
    return np.clip(np.rint(scaled, out=scaled), 0, 255).astype(np.uint8)


def windowed(values: Values, center: float, width: float) -> Pixels:
    """A display window: ``center`` ± half of ``width``, each half in whole numbers as in Google's handler."""
    half = max(width // 2, 0.5)
    return stretched(np.clip(values, center - half, center + half), center - half, center + half)


def chosen_slices(count: int, most: int = MOST_SLICES) -> list[int]:
    """The slices that go to the model, counted from 0: all, or ``most`` spread evenly up to the last."""
    if count <= most:
        return list(range(count))
    return [round(i / most * (count - 1)) for i in range(1, most + 1)]
