"""A saved Gemma 3 → the two GGUF files that llama.cpp wants of it: the language model and the image tower."""

import json
import re
from pathlib import Path
from typing import Any

TEXT_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
VISION_NAMES = {
    "layer_norm1": "ln1",
    "layer_norm2": "ln2",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.out_proj": "attn_out",
    "mlp.fc1": "ffn_down",  # so called in llama.cpp's first image towers, and ever since
    "mlp.fc2": "ffn_up",
}
ONCE = {
    "language_model.model.embed_tokens.weight": "token_embd.weight",
    "language_model.model.norm.weight": "output_norm.weight",
    "multi_modal_projector.mm_input_projection_weight": "mm.input_projection.weight",
    "multi_modal_projector.mm_soft_emb_norm.weight": "mm.soft_emb_norm.weight",
    "vision_tower.embeddings.patch_embedding.weight": "v.patch_embd.weight",
    "vision_tower.embeddings.patch_embedding.bias": "v.patch_embd.bias",
    "vision_tower.embeddings.position_embedding.weight": "v.position_embd.weight",
    "vision_tower.post_layernorm.weight": "v.post_ln.weight",
    "vision_tower.post_layernorm.bias": "v.post_ln.bias",
}
_LAYER = re.compile(r"(language_model\.model|vision_tower\.encoder)\.layers\.(\d+)\.(.+)\.(weight|bias)")
NORMAL, CONTROL = 1, 3
"""Types of tokens."""


def write(folder: Path, chat_template: str) -> tuple[Path, Path]:
    """Model file and image tower of a model directory; both lie in it."""
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    model = gguf.GGUFWriter(folder / "model.gguf", "gemma3")
    tower = gguf.GGUFWriter(folder / "mmproj.gguf", "clip")
    _describe_text(model, text)
    _add_vocabulary(model, folder, chat_template)
    _describe_tower(tower, gguf, vision, text, config["mm_tokens_per_image"])
    for name, tensor in load_file(folder / "model.safetensors").items():
        if (new := _new_name(name)) is None:
            continue
        # Gemma's norms hold what is added to one.
        one_more = "norm" in new and not new.startswith("v.")
        (tower if new[:2] in ("v.", "mm") else model).add_tensor(new, tensor + 1 if one_more else tensor)
    for writer in (model, tower):
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return folder / "model.gguf", folder / "mmproj.gguf"


def _new_name(name: str) -> str | None:
    if name in ONCE:
        return ONCE[name]
    if not (layer := _LAYER.fullmatch(name)):
        return None  # the tower's head, which Gemma does not use
    part, number, what, kind = layer.groups()
    if part.startswith("language"):
        return f"blk.{number}.{TEXT_NAMES[what]}.{kind}"
    return f"v.blk.{number}.{VISION_NAMES[what]}.{kind}"


def _describe_text(model: Any, text: dict[str, Any]) -> None:
    model.add_context_length(text["max_position_embeddings"])
    model.add_embedding_length(text["hidden_size"])
    model.add_block_count(text["num_hidden_layers"])
    model.add_feed_forward_length(text["intermediate_size"])
    model.add_head_count(text["num_attention_heads"])
    model.add_head_count_kv(text["num_key_value_heads"])
    model.add_key_length(text["head_dim"])
    model.add_value_length(text["head_dim"])
    model.add_layer_norm_rms_eps(text["rms_norm_eps"])
    model.add_rope_freq_base(text["rope_parameters"]["full_attention"]["rope_theta"])
    model.add_sliding_window(text["sliding_window"])


def _add_vocabulary(model: Any, folder: Path, chat_template: str) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    special = {each["id"] for each in tokenizer["added_tokens"]}
    words = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    model.add_tokenizer_model("gpt2")
    model.add_tokenizer_pre("default")
    model.add_token_list(words)
    model.add_token_types([CONTROL if i in special else NORMAL for i in range(len(words))])
    model.add_token_merges(["<pad> <eos>"])  # llama.cpp wants one; this one no text has
    for name in ("pad", "eos", "bos"):
        getattr(model, f"add_{name}_token_id")(words.index(f"<{name}>"))
    model.add_eot_token_id(words.index("<end_of_turn>"))
    model.add_add_bos_token(False)  # the template writes it
    model.add_chat_template(chat_template)


def _describe_tower(
    tower: Any, gguf: Any, vision: dict[str, Any], text: dict[str, Any], image_tokens: int
) -> None:
    tower.add_clip_has_vision_encoder(True)
    tower.add_clip_projector_type(gguf.VisionProjectorType.GEMMA3)
    tower.add_vision_projection_dim(text["hidden_size"])
    tower.add_vision_image_size(vision["image_size"])
    tower.add_vision_patch_size(vision["patch_size"])
    tower.add_vision_embedding_length(vision["hidden_size"])
    tower.add_vision_feed_forward_length(vision["intermediate_size"])
    tower.add_vision_block_count(vision["num_hidden_layers"])
    tower.add_vision_head_count(vision["num_attention_heads"])
    tower.add_vision_attention_layernorm_eps(vision["layer_norm_eps"])
    tower.add_vision_image_mean([0.5, 0.5, 0.5])
    tower.add_vision_image_std([0.5, 0.5, 0.5])
    tower.add_vision_use_gelu(True)
    patches = vision["image_size"] // vision["patch_size"]
    tower.add_vision_projector_scale_factor(patches // int(image_tokens**0.5))
