"""Changes since the prior report: nothing is left out, and no number is cut in two."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.export.compare import compare

TEXTS = st.text(st.sampled_from("ab 1.,4mm\n-é"), max_size=60)


def kinds(earlier, later):
    ((_, pieces),) = [(each.title, each.pieces) for each in compare([("", earlier)], [("", later)])]
    return [(each.kind, each.text) for each in pieces]


def test_a_changed_number_is_shown_as_a_whole():
    assert kinds("Nodule of 4.5 mm.", "Nodule of 14.5 mm.") == [
        ("same", "Nodule of "),
        ("removed", "4.5"),
        ("added", "14.5"),
        ("same", " mm."),
    ]


def test_a_side_a_negation_and_a_drug_are_shown():
    for before, after in (("left", "right"), ("No mass", "Mass"), ("hydralazine", "hydroxyzine")):
        found = kinds(f"{before} here.", f"{after} here.")
        assert {kind for kind, _ in found} >= {"removed", "same"} or {kind for kind, _ in found} >= {"added"}


def test_sections_go_by_their_title_and_new_and_old_ones_are_whole():
    found = compare(
        [("Findings", "Clear."), ("History", "Cough.")], [("FINDINGS", "Clear."), ("Impression", "Normal.")]
    )
    assert [(each.title, [(p.kind, p.text) for p in each.pieces]) for each in found] == [
        ("FINDINGS", [("same", "Clear.")]),
        ("Impression", [("added", "Normal.")]),
        ("History", [("removed", "Cough.")]),
    ]


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(earlier, later):
    pieces = [piece for each in compare([("", earlier)], [("", later)]) for piece in each.pieces]
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == earlier
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == later
