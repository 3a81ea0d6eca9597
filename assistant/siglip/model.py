"""A SigLIP through Hugging Face transformers, in this process. ``embedder`` runs it in one of its own.

Needs the extra ``medgemma``.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch
import torch.nn.functional
import transformers

from assistant.engines.hf_errors import not_loaded
from assistant.errors import BadInput, EngineFailed, Missing

Vectors = npt.NDArray[np.float32]


class SiglipModel:
    """Both towers with their processor."""

    def __init__(self, model: Any, processor: Any, *, name: str, revision: str) -> None:
        self._model, self._processor = model.eval(), processor
        self.name, self.revision = name, revision
        self.side_px: int = model.config.vision_config.image_size
        self.longest_text: int = model.config.text_config.max_position_embeddings
        self.scale = float(model.logit_scale.detach().exp())
        self.bias = float(model.logit_bias.detach())

    def images(self, encoded: Sequence[bytes]) -> Vectors:
        """Square PNG or JPEG images → images × size, each of length 1. Raises ``BadInput``
        (``image_not_readable``) and ``EngineFailed`` (``siglip_out_of_memory``)."""
        pictures = [resized(_opened(each), self.side_px) for each in encoded]
        inputs = self._processor.image_processor(images=pictures, return_tensors="pt")
        return self._unit(self._model.get_image_features, pixel_values=inputs["pixel_values"])

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Texts → texts × size, each of length 1; what is longer than the model reads is cut.

        Padded to the full length without a mask, as it was trained. Raises ``EngineFailed``.
        """
        inputs = self._processor.tokenizer(
            list(texts),
            padding="max_length",
            max_length=self.longest_text,
            truncation=True,
            return_tensors="pt",
        )
        return self._unit(self._model.get_text_features, input_ids=inputs["input_ids"])

    def _unit(self, tower: Any, **inputs: torch.Tensor) -> Vectors:
        try:
            with torch.inference_mode():
                found = tower(**{name: value.to(self._model.device) for name, value in inputs.items()})
                vectors = found.pooler_output
                unit: Vectors = (vectors / vectors.norm(dim=-1, keepdim=True)).float().cpu().numpy()
                return unit
        except (torch.OutOfMemoryError, MemoryError):
            raise EngineFailed("The image model ran out of memory.", code="siglip_out_of_memory") from None


def resized(picture: PIL.Image.Image, side_px: int) -> PIL.Image.Image:
    """To a square of ``side_px``, bilinear without antialiasing and cut to whole values: what
    ``tf.image.resize`` did in MedSigLIP's training (Google's quick-start notebook). Pillow antialiases."""
    if picture.size == (side_px, side_px):
        return picture
    values = torch.from_numpy(np.asarray(picture, np.float32)).permute(2, 0, 1)[None]
    values = torch.nn.functional.interpolate(
        values, size=(side_px, side_px), mode="bilinear", align_corners=False, antialias=False
    )
    return PIL.Image.fromarray(values[0].permute(1, 2, 0).numpy().astype(np.uint8))


def _opened(encoded: bytes) -> PIL.Image.Image:
    try:
        with PIL.Image.open(io.BytesIO(encoded)) as picture:
            return picture.convert("RGB")
    except OSError:
        raise BadInput("An image cannot be read. Attach it again.", code="image_not_readable") from None


def load(name: str, *, revision: str | None, threads: int) -> SiglipModel:
    """A model by its name on the hub, or from a directory, in single precision. Downloads show their progress
    on standard error.

    Raises ``Missing``: ``siglip_model_gated``, ``siglip_model_missing``, ``siglip_load_failed``.
    """
    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    where: dict[str, Any] = {"revision": revision} if revision else {}
    try:
        if Path(name).is_dir() and not (Path(name) / "config.json").is_file():
            raise FileNotFoundError(name)
        config = transformers.AutoConfig.from_pretrained(name, **where)
        if not isinstance(config, transformers.SiglipConfig):
            raise Missing(f"{name} is a {config.model_type}, not a SigLIP.", code="siglip_load_failed")
        model = transformers.SiglipModel.from_pretrained(name, dtype=torch.float32, **where)
        processor = transformers.AutoProcessor.from_pretrained(name, **where)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise not_loaded(error, name, part="siglip", option="--siglip-model", family="SigLIP") from None
    return SiglipModel(
        model.to("cuda" if torch.cuda.is_available() else "cpu"),
        processor,
        name=Path(name).resolve().name if Path(name).is_dir() else name.rpartition("/")[2],
        revision=getattr(config, "_commit_hash", None) or revision or "",
    )
