"""Documents are cut where a reader would cut them, and nothing is lost."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.guidelines.passages import LONGEST_CHARS, Document, Page, passages_of


def cut(text, markdown=True):
    return passages_of(Document("a.md", (Page(text),), markdown))


def test_a_passage_knows_the_headings_above_it():
    text = "# Sepsis\n\nIntro.\n\n## Fluids\n\nGive 30 mL/kg.\n\n## Drugs\n\n### Pressors\n\nNoradrenaline.\n"
    assert [(p.heading, p.text) for p in cut(text)] == [
        ("Sepsis", "Intro."),
        ("Sepsis › Fluids", "Give 30 mL/kg."),
        ("Drugs › Pressors", "Noradrenaline."),
    ]


def test_numbered_and_shouted_lines_are_headings_of_plain_text():
    text = "ACUTE STROKE\nIntro.\n\n2 Thrombolysis\n\nTenecteplase.\n\n2.1 Dose\n\nAt most 25 mg.\n"
    assert [(p.heading, p.text) for p in cut(text, markdown=False)] == [
        ("ACUTE STROKE", "Intro."),
        ("2 Thrombolysis", "Tenecteplase."),
        ("2 Thrombolysis › 2.1 Dose", "At most 25 mg."),
    ]


def test_a_heading_goes_on_over_pages_and_a_passage_does_not():
    pages = (Page("1 Fluids\n\nFirst page.", 1), Page("Second page.", 2))
    first, second = passages_of(Document("a.pdf", pages))
    assert (first.page, second.page) == (1, 2)
    assert first.place == "page 1, 1 Fluids"
    assert second.heading == "1 Fluids"


def test_short_paragraphs_go_together_and_long_ones_are_cut_after_a_sentence():
    short = cut("One.\n\nTwo.\n\nThree.")
    assert [p.text for p in short] == ["One.\n\nTwo.\n\nThree."]
    long = cut(" ".join(["A sentence of some words that goes on for a while."] * 60))
    assert len(long) > 2
    assert all(p.text.rstrip().endswith(".") for p in long)


def test_the_same_text_at_the_same_place_keeps_its_id():
    assert cut("# A\n\nText.")[0].id == cut("# A\n\nText.")[0].id
    assert cut("# A\n\nText.")[0].id != cut("# A\n\nText!")[0].id


TEXT = st.text(alphabet="ab .\n#1A\r\t", max_size=3000)


@given(TEXT, st.booleans())
def test_passages_stand_at_their_place_in_order_and_hold_every_word(text, markdown):
    found = cut(text, markdown)
    at = 0
    for passage in found:
        assert passage.text == text[passage.start : passage.end]
        assert passage.start >= at
        assert 0 < len(passage.text) <= LONGEST_CHARS
        at = passage.end
    gaps = text
    for passage in reversed(found):
        gaps = gaps[: passage.start] + gaps[passage.end :]
    headings = [line for line in text.splitlines() if line.strip()]
    assert all(line in headings or not line.strip() for line in gaps.splitlines())
