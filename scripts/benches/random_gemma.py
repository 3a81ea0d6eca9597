"""A Gemma 3 with random weights, saved as a model directory is: a real tokenizer and a real image processor,
in the sizes that tests and benchmarks want."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

CHAT_TEMPLATE = """{{ bos_token }}{% for message in messages %}{{ '<start_of_turn>' + message.role + '\\n' }}\
{% if message.content is string %}{{ message.content }}{% else %}{% for item in message.content %}\
{% if item.type == 'image' %}<start_of_image>{% else %}{{ item.text | trim }}{% endif %}{% endfor %}\
{% endif %}\
{{ '<end_of_turn>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"""

SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_image>", "<end_of_image>", "<image_soft_token>"]
SPECIAL += ["<start_of_turn>", "<end_of_turn>", "<unused94>", "<unused95>"]
ASCII_BYTES = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ"]  # as byte-level tokenizers write them


@dataclass(frozen=True, slots=True)
class Shape:
    """Values in the configurations of the language model and the image tower that differ from the
    defaults."""

    text: dict[str, Any]
    vision: dict[str, Any]
    image_tokens: int
    dtype: str = "float32"


TINY = Shape(
    text={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "initializer_range": 0.1,  # else it says the same to everything
        "max_position_embeddings": 1024,
        "sliding_window": 64,
    },
    vision={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
    },
    image_tokens=16,
)
"""An image of 56 pixels is 4 × 4 = 16 tokens."""

CUT = Shape(
    text={
        "hidden_size": 320,
        "intermediate_size": 1280,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "max_position_embeddings": 131_072,
        "sliding_window": 1024,
    },
    vision={
        "hidden_size": 144,
        "intermediate_size": 538,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 896,
        "patch_size": 14,
    },
    image_tokens=256,
    dtype="bfloat16",
)
"""Images and prompts as long as MedGemma's, five layers with a window and one without, an eighth as wide."""

MEDGEMMA_4B = Shape(
    text={
        "vocab_size": 262_208,
        "hidden_size": 2560,
        "intermediate_size": 10_240,
        "num_hidden_layers": 34,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "max_position_embeddings": 131_072,
        "sliding_window": 1024,
        "query_pre_attn_scalar": 256,
    },
    vision={
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 27,
        "num_attention_heads": 16,
        "image_size": 896,
        "patch_size": 14,
    },
    image_tokens=256,
    dtype="bfloat16",
)
"""The configuration of Gemma 3 4B, which MedGemma's 4B models share."""

LONG_TINY = replace(TINY, text=TINY.text | {"max_position_embeddings": 32_768})
SHAPES = {"tiny": LONG_TINY, "cut": CUT, "4b": MEDGEMMA_4B}


def save(folder: Path, shape: Shape = TINY) -> Path:
    """Random weights; the same ones each time."""
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    tokenizer = _tokenizer(shape.text.get("vocab_size", 0))
    processor = transformers.Gemma3Processor(
        image_processor=transformers.Gemma3ImageProcessorPil(
            size=dict.fromkeys(("height", "width"), shape.vision["image_size"]), do_pan_and_scan=False
        ),
        tokenizer=tokenizer,
        image_seq_length=shape.image_tokens,
        chat_template=CHAT_TEMPLATE,
    )
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    config = transformers.Gemma3Config(
        text_config=transformers.Gemma3TextConfig(
            **({"vocab_size": len(tokenizer)} | shape.text),
            pad_token_id=ids["<pad>"],
            eos_token_id=ids["<eos>"],
            bos_token_id=ids["<bos>"],
        ),
        vision_config=transformers.SiglipVisionConfig(**shape.vision),
        mm_tokens_per_image=shape.image_tokens,
        boi_token_index=ids["<start_of_image>"],
        eoi_token_index=ids["<end_of_image>"],
        image_token_id=ids["<image_soft_token>"],
        dtype=shape.dtype,
    )
    torch.manual_seed(7)
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, shape.dtype))
    try:
        model = transformers.Gemma3ForConditionalGeneration(config).eval()
        with torch.no_grad():
            # Zeros by default: all images would look alike.
            model.model.multi_modal_projector.mm_input_projection_weight.normal_(std=0.1)
            # As it is, tied embeddings make it repeat its last token, whatever the layers say.
            for name, weight in model.named_parameters():
                if "post_attention_layernorm" in name or "post_feedforward_layernorm" in name:
                    weight.add_(5)
    finally:
        torch.set_default_dtype(before)
    model.generation_config.eos_token_id = [ids["<eos>"], ids["<end_of_turn>"]]
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _tokenizer(size: int) -> Any:
    """Byte by byte; up to ``size`` filled with words that no text is made of, so that every id is text."""
    import tokenizers  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    words = [*SPECIAL, *ASCII_BYTES]
    words += [f"Ġw{i}" for i in range(size - len(words))]
    backend = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=[])
    )
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=SPECIAL[4:],
        boi_token="<start_of_image>",
        eoi_token="<end_of_image>",
        image_token="<image_soft_token>",
        chat_template=CHAT_TEMPLATE,
    )
