import pytest
from transformers import AutoProcessor, LasrTokenizer

from training.lasr import text, vocabulary

TARGETS = text.sentences(800, seed=6)


@pytest.fixture(scope="module")
def pieces():
    return vocabulary.train_pieces(TARGETS, size=120)


def test_the_special_ids_are_those_of_medasr(pieces):
    tokens = vocabulary.tokenizer(pieces)
    assert tokens.convert_ids_to_tokens([0, 1, 2, 3]) == ["<epsilon>", "<s>", "</s>", "<unk>"]
    assert tokens.pad_token_id == 0
    assert len(tokens) == 120


def test_any_target_survives_encoding_and_decoding(pieces):
    tokens = vocabulary.tokenizer(pieces)
    for target in [*TARGETS[:50], *text.sentences(50, seed=7)]:
        ids = vocabulary.encode(tokens, target)
        assert tokens.unk_token_id not in ids
        assert tokens.decode(ids, group_tokens=False) == target


def test_a_marker_or_a_tag_is_one_piece_a_word(pieces):
    tokens = vocabulary.tokenizer(pieces)
    written = tokens.convert_ids_to_tokens(
        vocabulary.encode(tokens, "[FINDINGS] {colon} {new paragraph} [EXAM TYPE]")
    )
    assert written == ["▁[FINDINGS]", "▁{colon}", "▁{new", "▁paragraph}", "▁[EXAM", "▁TYPE]"]


def test_the_saved_folder_loads_as_a_lasr_processor(pieces, tmp_path):
    vocabulary.save_processor(tmp_path, pieces)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert isinstance(processor.tokenizer, LasrTokenizer)
    ids = processor.tokenizer(TARGETS[0]).input_ids
    assert processor.tokenizer.decode(ids, group_tokens=False, skip_special_tokens=True) == TARGETS[0]
    assert processor.feature_extractor.hop_length == 160
    assert (tmp_path / "preprocessor_config.json").exists()
