"""Own words: which may be kept, what is written as one, and that it is never done silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.confusable import OPPOSED
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Range
from assistant.dictation.formatter import Formatter
from assistant.dictation.library import Library
from assistant.dictation.numbers import WORDS as NUMBERS
from assistant.dictation.own_words import OwnWords, is_new, own_word
from assistant.dictation.written import Doubt, Mark, Written
from assistant.errors import BadInput
from assistant.events import DocumentCommand

OWN = OwnWords(
    [
        own_word("Zyvondra", ["sigh von dra", "zip on draw"]),
        own_word("MacIntyre"),
        own_word("oxalivane", ["oxal i vane"]),
    ]
)


def put_in(text: str) -> tuple[str, list[tuple[str, str]]]:
    written = OWN.put_in(Written(text))
    return written.text, [(written.text[m.start : m.end], m.doubt.offer) for m in written.marks]


@pytest.mark.parametrize(
    ("heard", "written", "marked"),
    [
        ("She takes sigh von dra daily.", "She takes Zyvondra daily.", [("Zyvondra", "sigh von dra")]),
        ("Sigh von-dra was held.", "Zyvondra was held.", [("Zyvondra", "Sigh von-dra")]),
        ("Oxal i vane was held.", "Oxalivane was held.", [("Oxalivane", "Oxal i vane")]),
        ("Seen by Dr. Macintire.", "Seen by Dr. MacIntyre.", [("MacIntyre", "Macintire")]),
        (
            "Zivondra and zip on draw.",
            "Zyvondra and Zyvondra.",
            [("Zyvondra", "Zivondra"), ("Zyvondra", "zip on draw")],
        ),
        ("She takes Zyvondra.", "She takes Zyvondra.", []),
        ("The lungs are clear.", "The lungs are clear.", []),
        ("A sigh, von dra.", "A sigh, von dra.", []),
        ("She takes metoprolol.", "She takes metoprolol.", []),
        ("Zivondra2 is a code.", "Zivondra2 is a code.", []),
    ],
)
def test_what_was_heard_for_an_own_word_is_exchanged_and_in_doubt(heard, written, marked):
    assert put_in(heard) == (written, marked)


@given(
    st.lists(st.sampled_from(["zip on draw", "the", "left", "Zivondra", "no", "5 mg", "oxal i vane", "or"]))
)
def test_every_exchange_is_marked_and_taking_what_was_heard_gives_the_text_back(parts):
    text = " ".join(parts)
    written = OWN.put_in(Written(text))
    back, at = "", 0
    for mark in written.marks:
        back += written.text[at : mark.start] + mark.doubt.offer
        at = mark.end
    assert back + written.text[at:] == text


def test_marks_that_are_there_stay_on_their_words():
    text = "Take zip on draw 15 mg."
    written = OWN.put_in(Written(text, (Mark(17, 19, Doubt("two_readings", "15 or 50")),)))
    assert [written.text[m.start : m.end] for m in written.marks] == ["Zyvondra", "15"]
    kept = Written(text, (Mark(0, len(text), Doubt("kept_as_said", "as said")),))
    assert OWN.put_in(kept) == kept


@pytest.mark.parametrize(
    ("written", "sounds", "code"),
    [
        ("", [], "word_invalid"),
        ("x" * 81, [], "word_invalid"),
        ("[size]", [], "word_invalid"),
        ("a\ttab", [], None),
        ("12", [], "word_invalid"),
        ("left", [], "word_is_opposed"),
        ("No", [], "word_is_opposed"),
        ("five", [], "word_is_opposed"),
        ("Zyvondra", ["5 draws"], "sound_invalid"),
        ("Zyvondra", ["one two three four five six seven"], "sound_invalid"),
        ("Zyvondra", ["basics"], "sound_is_a_word"),
        ("Zyvondra", ["metoprolol"], "sound_is_a_word"),
        ("hypokalemia", ["hyper kalemia"], "sound_is_a_word"),
        ("hyperzyvemia", ["hypozyvemia"], "sound_is_a_word"),
        ("Zyvondra", [f"sigh {each}" for each in "bcdefghij"], "sound_invalid"),
    ],
)
def test_what_cannot_be_an_own_word_is_refused(written, sounds, code):
    if code is None:
        assert own_word(written, sounds).written == "a tab"
        return
    with pytest.raises(BadInput) as error:
        own_word(written, sounds)
    assert error.value.code == code


@pytest.mark.parametrize(
    "opposed", sorted((OPPOSED | NUMBERS) - {"in", "on", "and", "or", "but", "up", "off", "out"})
)
def test_numbers_sides_and_negations_are_never_exchanged(opposed):
    for sound in (opposed, f"{opposed} von dra", f"sigh {opposed}"):
        with pytest.raises(BadInput):
            own_word("Zyvondra", [sound])


def test_words_that_are_mistaken_for_each_other_are_never_exchanged():
    own = OwnWords([own_word("hyperzyvemia")])
    assert own.put_in(Written("There is hypozyvemia.")).text == "There is hypozyvemia."
    two = OwnWords([own_word("Zyvondra", ["sigh von"]), own_word("Sylvondra", ["sigh von"])])
    assert two.put_in(Written("sigh von")).text == "sigh von"  # it may be either


def test_a_word_nearer_to_a_drug_is_left_as_it_was_heard():
    own = OwnWords([own_word("metaprolex")])
    assert own.put_in(Written("Continue metaprolol.")).text == "Continue metaprolol."


def test_in_a_report_the_doubt_is_settled_either_way_and_what_is_right_stays():
    dictation = Dictation(Formatter(), Library())
    dictation.use(dictation.formatter, dictation.library, OWN)
    dictation.take("item_1", "she takes zip on draw daily")
    ((place, run),) = dictation.document.doubts()
    assert (run.text, run.doubt.reason, run.doubt.offer) == ("Zyvondra", "own_word", "zip on draw")
    dictation.press(
        DocumentCommand(
            command="confirm",
            section_id=place.section_id,
            offset=place.start,
            revision=dictation.document.revision,
            text="zip on draw",
        )
    )
    assert "zip on draw" in dictation.document.text
    dictation.take("item_2", "again zip on draw")
    assert not list(dictation.document.doubts())
    assert dictation.document.text.count("zip on draw") == 2


def section(dictation):
    return dictation.document.sections[-1]


def test_a_correction_is_noted_once_typing_is_over():
    dictation = Dictation()
    dictation.take("item_1", "continue zivondra daily")
    start = section(dictation).text.index("ivondra")
    for at, letter in enumerate("yvondra"):
        end = start + at + (len("ivondra") if at == 0 else 0)
        dictation.edit(dictation.document.revision, Range(section(dictation).id, start + at, end), letter)
        dictation.press(
            DocumentCommand(
                command="place_cursor",
                section_id=section(dictation).id,
                offset=start + at + 1,
                revision=dictation.document.revision,
            )
        )
        assert dictation.corrected == []
    dictation.begin("item_2")
    (found,) = dictation.corrected
    assert (found.heard, found.written) == ("zivondra", "zyvondra")


@pytest.mark.parametrize("what", ["typed", "much", "undone"])
def test_other_edits_are_no_corrections(what):
    dictation = Dictation()
    dictation.take("item_1", "the lungs are clear today")
    text, id_ = section(dictation).text, section(dictation).id
    match what:
        case "typed":
            dictation.edit(dictation.document.revision, Range(id_, len(text), len(text)), " More zyvondra.")
        case "much":
            dictation.edit(
                dictation.document.revision, Range(id_, 0, len(text)), "Something else altogether here."
            )
        case "undone":
            dictation.edit(dictation.document.revision, Range(id_, 4, 9), "zyvondra")
            dictation.undo()
    dictation.begin("item_2")
    assert dictation.corrected == []


def test_only_words_of_no_list_are_worth_keeping():
    assert is_new("zyvondra", frozenset())
    for word in ("left", "five", "metoprolol", "house", "zyvondra 5", "T4", "abc"):
        assert not is_new(word, frozenset())
    assert not is_new("Zyvondra", frozenset({"zyvondra"}))
