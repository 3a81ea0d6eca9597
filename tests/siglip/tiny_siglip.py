"""A tiny SigLIP with a real image processor and a real SentencePiece tokenizer, saved as MedSigLIP is."""

from pathlib import Path

SIDE_PX, LONGEST_TEXT = 28, 32
CORPUS = [
    "a chest X-ray",
    "a slice of a CT scan",
    "an MRI slice",
    "a photo of skin",
    "a blurred photo of a cat",
]


def save(folder: Path) -> Path:
    """Random weights, on the same scale and bias as a trained one begins with."""
    import sentencepiece
    import torch
    from transformers import (
        SiglipConfig,
        SiglipImageProcessorPil,
        SiglipModel,
        SiglipProcessor,
        SiglipTextConfig,
        SiglipTokenizer,
        SiglipVisionConfig,
    )

    folder.mkdir(parents=True)
    text = folder / "corpus.txt"
    text.write_text("\n".join(each.lower() for each in CORPUS * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "spiece"), vocab_size=40, pad_id=0, eos_id=1, unk_id=2,
        bos_id=-1, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    tokenizer = SiglipTokenizer(
        str(folder / "spiece.model"),
        model_max_length=LONGEST_TEXT,
        model_input_names=["input_ids"],  # as MedSigLIP's own: it reads the padding too
    )
    processor = SiglipProcessor(
        image_processor=SiglipImageProcessorPil(
            size={"height": SIDE_PX, "width": SIDE_PX}, image_mean=[0.5] * 3, image_std=[0.5] * 3
        ),
        tokenizer=tokenizer,
    )
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = SiglipConfig(
        text_config=SiglipTextConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=LONGEST_TEXT,
            eos_token_id=1,
            bos_token_id=None,
            **small,
        ).to_dict(),
        vision_config=SiglipVisionConfig(image_size=SIDE_PX, patch_size=7, **small).to_dict(),
    )
    torch.manual_seed(11)
    model = SiglipModel(config).eval()
    with torch.no_grad():
        model.logit_scale.fill_(2.3)
        model.logit_bias.fill_(-1.0)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    text.unlink()
    return folder
