"""SRT and WebVTT of what was said."""

import itertools
import re

import pytest

from assistant.errors import BadInput
from assistant.events import WordTime
from assistant.export.formats import FORMATS
from assistant.export.report import Utterance
from assistant.export.subtitles import Cue, cues, srt, vtt
from tests.export.builders import report


def test_cues_are_in_the_order_of_speech():
    assert srt(cues(report())) == (
        "1\n00:00:00,000 --> 00:01:00,500\n4 mm.\n\n2\n00:01:01,000 --> 01:02:03,004\nB --＞ ＜b>&\nC\n\n"
    )


def test_a_long_utterance_becomes_cues_that_can_be_read():
    said = "the lungs are clear period no effusion period " * 6
    words = [
        WordTime(text=word, start_ms=400 * i, end_ms=400 * i + 300) for i, word in enumerate(said.split())
    ]
    written = "The lungs are clear. No effusion. " * 6
    made = report(
        utterances=[
            Utterance(
                item_id="u",
                start_ms=0,
                end_ms=21_600,
                at="",
                heard=said,
                written=written.strip(),
                words=words,
            )
        ]
    )
    found = cues(made)
    assert " ".join(cue.text for cue in found) == written.strip()
    assert len(found) >= 3
    assert all(len(cue.text) <= 84 and cue.end_ms - cue.start_ms <= 8_000 for cue in found)
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(found))


def test_webvtt_escapes_what_it_would_read_as_markup():
    assert "B --&gt; &lt;b&gt;&amp;\nC" in vtt(cues(report()))
    assert vtt([]) == "WEBVTT\n\n"


def test_a_cue_never_holds_an_empty_line():
    text = vtt([Cue(0, 10, "a\n\n \n\nb\n"), Cue(10, 20, "c")])
    assert len(re.findall(r"\n\n", text)) == 3


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles_of_nothing_are_refused_by_name(name):
    with pytest.raises(BadInput) as refused:
        FORMATS[name].write(report(utterances=()))
    assert refused.value.code == "subtitles_empty"
