"""SRT and WebVTT of what was said."""

import re

from assistant.export.subtitles import Cue, cues, srt, vtt
from tests.export.builders import report


def test_cues_are_in_the_order_of_speech():
    assert srt(cues(report())) == (
        "1\n00:00:00,000 --> 00:01:00,500\n4 mm.\n\n2\n00:01:01,000 --> 01:02:03,004\nB --> <b>&\nC\n\n"
    )


def test_webvtt_escapes_what_it_would_read_as_markup():
    assert "B --&gt; &lt;b&gt;&amp;\nC" in vtt(cues(report()))
    assert vtt([]) == "WEBVTT\n\n"


def test_a_cue_never_holds_an_empty_line():
    text = vtt([Cue(0, 10, "a\n\n \n\nb\n"), Cue(10, 20, "c")])
    assert len(re.findall(r"\n\n", text)) == 3
