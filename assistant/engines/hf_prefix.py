"""Caches a Gemma 3's processed images for the next question about the same images."""

import copy
import hashlib
from typing import Any

import torch
import transformers

IMAGES_AT_ONCE = 8

Inputs = dict[str, Any]


class ImagePrefix:
    """The prompt as far as its last image stands first in every question about the same attachments, and is
    nearly all of the work. One is kept, the last one; it is copied for each answer, since five in six layers
    keep only a window of it and cannot be cut back. Not thread-safe.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._key = b""
        self._past: Any = None

    def read(self, inputs: Inputs) -> Inputs:
        """The arguments for ``generate`` in place of ``inputs``, which have images: the same ids, with the
        past up to the last image. Whatever stops it leaves nothing behind."""
        ids, pixels = inputs["input_ids"], inputs["pixel_values"]
        ends = self._ends(ids)
        key = _digest(ids[:, : ends[-1]], pixels)
        if key != self._key:
            self.forget()
            self._past = self._read(inputs, ends)
            self._key = key
        mask, past = inputs["attention_mask"], copy.deepcopy(self._past)
        return {"input_ids": ids, "attention_mask": mask, "cache": past}

    def forget(self) -> None:
        self._key, self._past = b"", None

    def _ends(self, ids: torch.Tensor) -> list[int]:
        """The end of each image, as an index into ``ids`` (1 × tokens)."""
        inside = (ids[0] == self._model.config.image_token_id).int()
        return [int(last) + 1 for last in torch.nonzero(inside[:-1] > inside[1:])]

    def _read(self, inputs: Inputs, ends: list[int]) -> Any:
        """A few images at a time, which bounds the memory of the image tower and of the masks."""
        past = transformers.DynamicCache(config=self._model.config.get_text_config())
        start = 0
        for first in range(0, len(ends), IMAGES_AT_ONCE):
            few = slice(first, first + IMAGES_AT_ONCE)
            end = ends[few][-1]
            self._model.model(
                input_ids=inputs["input_ids"][:, start:end],
                pixel_values=inputs["pixel_values"][few],
                attention_mask=inputs["attention_mask"][:, :end],
                token_type_ids=inputs["token_type_ids"][:, :end],
                cache=past,
                use_cache=True,
            )
            start = end
        for layer in past.layers:  # a window is a view of all that was read
            layer.keys, layer.values = layer.keys.clone(), layer.values.clone()
        return past


def _digest(*tensors: torch.Tensor) -> bytes:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.cpu().contiguous().view(torch.uint8).numpy())
    return digest.digest()
