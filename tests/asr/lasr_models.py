"""Tiny LASR models for tests: the real architecture, weights that mean nothing."""

from pathlib import Path
from typing import Any

import torch
from transformers import LasrCTCConfig, LasrEncoderConfig, LasrForCTC


def tiny_lasr(
    vocabulary: int = 40, layers: int = 2, hidden: int = 32, seed: int = 0, **changes: Any
) -> LasrForCTC:
    """With BatchNorm statistics and norms that are not the identity, so that folding them is tested."""
    torch.manual_seed(seed)
    encoder = LasrEncoderConfig(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=2 * hidden,
        subsampling_conv_channels=16,
        **changes,
    )
    model = LasrForCTC(LasrCTCConfig(vocab_size=vocabulary, encoder_config=encoder)).eval()
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if tensor.dtype != torch.float32 or "inv_freq" in name:
                continue
            if "running_var" in name or "norm" in name:
                tensor.add_(torch.rand_like(tensor) * 0.5)
            else:
                tensor.add_(torch.randn_like(tensor) * 0.1)
    return model


PIECES = [
    "<epsilon>",
    "<s>",
    "</s>",
    "<unk>",
    "▁",
    "▁the",
    "▁lung",
    "s",
    "▁are",
    "▁clear",
    "{period}",
    "{comma}",
]


def write_lasr_directory(folder: Path, model: LasrForCTC | None = None) -> LasrForCTC:
    """A directory as transformers writes it: weights, tokenizer and front end."""
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from transformers.models.lasr.feature_extraction_lasr import LasrFeatureExtractor

    model = model or tiny_lasr()
    size = model.config.vocab_size
    pieces = [*PIECES, *(f"▁x{number}" for number in range(size - len(PIECES)))]
    model.save_pretrained(folder)
    Tokenizer(Unigram([(piece, 0.0) for piece in pieces], unk_id=3)).save(str(folder / "tokenizer.json"))
    LasrFeatureExtractor().save_pretrained(folder)
    return model
