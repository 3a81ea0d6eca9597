"""Templates, macros and own words, as clinicians write them."""

import pytest

from assistant.components.personal import PersonalFiles
from assistant.dictation.formatter import Formatter
from assistant.dictation.library import read_library
from assistant.dictation.vocabulary import read_words
from assistant.errors import BadInput


def test_the_shipped_files_are_right_and_have_what_a_report_needs():
    library = PersonalFiles().current.library
    assert library.problems == ()
    assert len(library.templates) >= 5
    assert {s.title for s in library.template("chest x-ray").sections} >= {"Findings", "Impression"}
    chest = "".join(run.text for run in library.macro("normal chest").runs)
    assert chest.startswith("The lungs are clear.")
    assert "{" not in chest


def test_fields_have_names_and_pick_lists():
    text = "name: T\nsections: [{title: Size, text: 'A [size] mass, [side: left | right].'}]"
    document = read_library({"t.yaml": text}).template("t").document()
    assert document.text == "Size:\nA [size] mass, [side]."
    assert [field.choices for _, field in document.fields()] == [(), ("left", "right")]
    assert document.selected == (document.fields()[0][0],)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", "This is not YAML in line 1"),
        ("- a", "begins with"),
        ("name: T", "has no “sections:”"),
        ("sections: [{title: A}]", "needs a “name:”"),
        ("name: T\nsections: [{text: a}]", "needs a “title:”"),
        ("name: T\nsections: [{title: A}, {title: a}]", "has the section “a” twice"),
        ("name: T\nsections: [{title: A, text: 5}]", "is not text"),
        ("name: T\nsections: [{title: A, text: '{nothing}'}]", "there is no such macro"),
        ("macros: [{name: a, text: '{a}'}]", "includes itself: a → a"),
        ("macros: [{name: a, text: '{b}'}, {name: b, text: '{a}'}]", "includes itself: a → b → a"),
        ("macros: [{name: a}]", "needs a “text:”"),
        ("macros: 5", "is a list"),
        ("a: &a [*a", "This is not YAML"),
    ],
)
def test_a_bad_file_is_told_and_the_others_are_there(text, message):
    good = "macros: [{name: fine, text: Fine.}]"
    library = read_library({"bad.yaml": text, "good.yaml": good})
    assert library.macro("fine")
    assert library.problems[0].file == "bad.yaml"
    assert message in library.problems[0].message


def test_macros_that_double_each_other_do_not_fill_the_memory():
    macros = ["{name: a0, text: 'ten words here'}"]
    macros += [f"{{name: a{n}, text: '{{a{n - 1}}} {{a{n - 1}}}'}}" for n in range(1, 60)]
    library = read_library({"m.yaml": "macros: [" + ", ".join(macros) + "]"})
    assert "is longer than" in library.problems[0].message
    assert library.macro("a3")


def test_an_edited_file_is_read_again_and_a_broken_one_told(tmp_path):
    (tmp_path / "mine.yaml").write_text("macros: [{name: normal gait, text: Gait is normal.}]")
    (tmp_path / "words.tsv").write_text("# mine\nZotran\nEF\tejection fraction\n")
    files = PersonalFiles(tmp_path, tmp_path / "words.tsv")
    first = files.current
    assert files.refresh() is first
    assert first.formatter.format("zotran with ejection fraction fifty percent") == "Zotran with EF 50%"
    (tmp_path / "mine.yaml").write_text("macros: [{name: normal gait, text: Gait is steady.}]")
    assert "".join(r.text for r in files.refresh().library.macro("normal gait").runs) == "Gait is steady."
    (tmp_path / "mine.yaml").write_text("macros: [{name: ")
    (tmp_path / "words.tsv").write_text("a\tb\tc\n")
    again = files.refresh()
    assert [problem.file for problem in again.library.problems] == ["words.tsv", "mine.yaml"]
    assert again.formatter.format("zotran") == "Zotran"
    (tmp_path / "mine.yaml").unlink()
    assert [problem.file for problem in files.refresh().library.problems] == ["words.tsv"]


def test_paths_that_are_not_there_are_refused(tmp_path):
    for arguments in ({"templates": tmp_path / "no"}, {"words": tmp_path / "no.tsv"}):
        with pytest.raises(BadInput, match="does not exist"):
            PersonalFiles(**arguments)


def test_words_name_the_wrong_line_and_never_the_word():
    with pytest.raises(BadInput) as error:
        read_words("Fine\nSecretname\t\n")
    assert "Line 2" in error.value.message
    assert "Secretname" not in error.value.message


def test_a_hundred_thousand_words_can_be_used():
    words = read_words("\n".join(f"Drug{n}\tdrug {n} spoken form" for n in range(100_000)))
    many, few = Formatter(words=words), Formatter(words={"drug 7 spoken form": "Drug7"})
    line = "the patient takes drug 7 spoken form and aspirin daily period " * 5
    assert many.format(line) == few.format(line)
