"""Transcripts as they are told before anything is made of them."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.base import Word
from assistant.conversation.core import Conversation
from assistant.conversation.types import FinalHeard, Hearing, PartialHeard, SessionChosen, SpeechStarted
from assistant.dictation.alignment import least_confidence
from assistant.events import TranscriptCompleted, TranscriptDelta, TranscriptWords
from tests.conversation.talk import INFO, events, final, of


def test_a_confidence_that_is_not_a_number_is_none_wherever_confidences_are_told():
    talk = Conversation(INFO)
    talk.handle(SessionChosen(with_logprobs=True))
    words = [Word("clear", 0, 100, float("nan")), Word("lungs", 100, 200, 0.5)]
    actions = talk.handle(final(1, "clear lungs", words))
    assert [each.token for each in of(TranscriptCompleted, actions)[0].logprobs] == ["lungs"]
    assert [word.confidence for word in of(TranscriptWords, actions)[0].words] == [None, 0.5]
    assert least_confidence(words) == 0.5


def test_an_empty_final_is_said_and_kept_out_of_the_document():
    talk = Conversation(INFO)
    actions = talk.handle(final(1, " "))
    assert [type(e) for e in events(actions)] == [TranscriptCompleted]
    assert talk.document == ""


def test_word_times_are_on_the_session_clock():
    actions = Conversation(INFO).handle(final(1, "hello", [Word("hello", 100, 300, 0.9)]))
    (words,) = of(TranscriptWords, actions)
    assert (words.words[0].start_ms, words.words[0].end_ms) == (1100, 1300)


@given(st.lists(st.text("ab ", max_size=4), max_size=8))
def test_deltas_add_up_to_the_stable_text(pieces):
    talk = Conversation(INFO)
    talk.handle(SpeechStarted(1, 0))
    stable, seen = "", ""
    for piece in pieces:
        stable += piece
        for delta in of(TranscriptDelta, talk.handle(PartialHeard(1, stable, "tail"))):
            seen += delta.delta
    assert seen == stable


def test_both_hearings_are_kept() -> None:
    heard = FinalHeard(
        1, "Is there a mass?", (), 0, 900, "2026-01-01T10:00:00+00:00", Hearing("medasr", "is their a mass")
    )
    (completed,) = of(TranscriptCompleted, Conversation(INFO).handle(heard))
    assert completed.also_heard is not None
    assert (completed.also_heard.recogniser, completed.also_heard.transcript) == ("medasr", "is their a mass")
