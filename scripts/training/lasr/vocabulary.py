"""The mini model's sentence pieces: MedASR's special ids, and markers and tags as pieces of their own."""

import io
from pathlib import Path

import sentencepiece
from transformers import LasrFeatureExtractor, LasrProcessor, LasrTokenizer

from training.lasr.text import HEADINGS, MARKERS

SPECIAL = ("<epsilon>", "<s>", "</s>", "<unk>")  # ids 0 to 3, as MedASR has them; 0 is the CTC blank


def marker_pieces() -> list[str]:
    """One piece for each word of a marker or tag: spelled out, a tag has more pieces than frames."""
    written = [*(f"{{{marker}}}" for marker in MARKERS), *(f"[{heading}]" for heading in HEADINGS)]
    return list(dict.fromkeys(f"▁{word}" for text in written for word in text.split()))


def train_pieces(targets: list[str], size: int = 80) -> bytes:
    """A unigram sentence-piece model over the targets, `size` pieces with the four special ones."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(targets), model_writer=model, model_type="unigram", vocab_size=size,
        pad_id=0, bos_id=1, eos_id=2, unk_id=3,
        pad_piece=SPECIAL[0], bos_piece=SPECIAL[1], eos_piece=SPECIAL[2], unk_piece=SPECIAL[3],
        user_defined_symbols=marker_pieces(), character_coverage=1.0, normalization_rule_name="identity",
        split_by_unicode_script=False, split_by_number=False, num_threads=1, minloglevel=2,
    )  # fmt: skip
    return model.getvalue()


def tokenizer(model: bytes) -> LasrTokenizer:
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model)
    scores = [(pieces.id_to_piece(i), pieces.get_score(i)) for i in range(pieces.get_piece_size())]
    return LasrTokenizer(vocab=scores, extra_ids=0, additional_special_tokens=[], pad_token=SPECIAL[0],
                         eos_token=SPECIAL[2], unk_token=SPECIAL[3], bos_token=SPECIAL[1])  # fmt: skip


def save_processor(folder: Path, model: bytes) -> None:
    """Writes the tokenizer and the front end's settings, so that the folder loads as a LASR processor."""
    folder.mkdir(parents=True, exist_ok=True)
    front_end = LasrFeatureExtractor()
    LasrProcessor(feature_extractor=front_end, tokenizer=tokenizer(model)).save_pretrained(folder)
    front_end.save_pretrained(folder)
    (folder / "spiece.model").write_bytes(model)


def encode(tokens: LasrTokenizer, target: str) -> list[int]:
    """Piece ids of a target, without `</s>` (the mini model is trained without it)."""
    return list(tokens(target, add_special_tokens=False).input_ids)
