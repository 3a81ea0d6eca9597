"""Asleep, called by a phrase, and with an answer being read aloud."""

import pytest

from assistant.asr.base import Word
from assistant.conversation.attention import Attention
from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    AnswerFinished,
    AnswerRequested,
    AttentionChosen,
    Emit,
    FinalExpected,
    FinalHeard,
    IntentCorrected,
    PartialHeard,
    QuestionTyped,
    ReadingAloud,
    RecognitionFailed,
    SpeechStarted,
    SpeechStopped,
    StartAnswer,
    StopAnswer,
    UtteranceDropped,
    WakePhraseChosen,
)
from assistant.engines.base import EngineInfo
from assistant.events import (
    AttentionChanged,
    EchoLeftOut,
    IntentEvent,
    ResponseDone,
    SpeechStartedEvent,
    SpeechStop,
    TranscriptCompleted,
    TranscriptPartial,
)

ANSWER = "There is no evidence of a pneumothorax on this image."


@pytest.fixture
def talk():
    return Conversation(EngineInfo(name="scripted", stand_in=True, sees_images=False))


def say(talk, utterance, text, start_ms=1_000, words=()):
    """A whole utterance; its events."""
    actions = talk.handle(SpeechStarted(utterance, start_ms))
    actions += talk.handle(PartialHeard(utterance, text, ""))
    actions += talk.handle(SpeechStopped(utterance, start_ms + 2_000))
    actions += talk.handle(FinalHeard(utterance, text, words, start_ms, start_ms + 2_000, ""))
    return actions


def events(actions, kind=object):
    return [a.event for a in actions if isinstance(a, Emit) and isinstance(a.event, kind)]


# --- sleeping ---


def test_go_to_sleep_and_wake_up_by_voice(talk):
    (changed,) = events(say(talk, 1, "Go to sleep."), AttentionChanged)
    assert (changed.asleep, changed.by, talk.asleep) == (True, "voice", True)
    assert say(talk, 2, "The patient told me about her holidays.") == []
    (changed,) = events(say(talk, 3, "Wake up."))
    assert (changed.asleep, talk.asleep, talk.document) == (False, False, "")
    say(talk, 4, "The lungs are clear.")
    assert talk.document == "The lungs are clear."


@pytest.mark.parametrize(
    ("sleep", "wake"),
    [
        ("stop listening", "start listening"),
        ("Pause dictation.", "Resume dictation."),
        ("assistant go to sleep", "assistant wake up"),
        ("Mute the microphone.", "Wake-up!"),
    ],
)
def test_there_are_several_ways_to_say_it(talk, sleep, wake):
    say(talk, 1, sleep)
    assert talk.asleep
    say(talk, 2, wake)
    assert not talk.asleep
    assert talk.document == ""


def test_asleep_nothing_passes_but_the_command_that_wakes(talk):
    talk.handle(AttentionChosen(True, "hand"))
    assert say(talk, 1, "Is there a pneumothorax?") == []
    assert say(talk, 2, "scratch that") == []
    assert talk.handle(SpeechStarted(3, 9_000)) == []
    assert talk.handle(RecognitionFailed(3, "asr_failed", "Failed.")) == []
    assert talk.handle(SpeechStarted(4, 9_500)) == []
    assert talk.handle(UtteranceDropped(4)) == []
    talk.handle(AttentionChosen(False, "hand"))
    assert talk.document == ""


def test_what_began_before_sleep_is_kept_and_what_began_asleep_is_not(talk):
    talk.handle(SpeechStarted(1, 0))
    talk.handle(AttentionChosen(True, "hand"))
    talk.handle(FinalHeard(1, "The lungs are clear.", (), 0, 900, ""))
    assert talk.document == "The lungs are clear."
    talk.handle(SpeechStarted(2, 2_000))
    talk.handle(AttentionChosen(False, "hand"))
    assert talk.handle(FinalHeard(2, "A private word.", (), 2_000, 3_000, "")) == []


def test_a_typed_question_is_answered_also_asleep(talk):
    talk.handle(AttentionChosen(True, "hand"))
    talk.handle(QuestionTyped("What is gout?"))
    assert any(isinstance(action, StartAnswer) for action in talk.handle(AnswerRequested()))


def test_sleeping_twice_is_said_once(talk):
    assert talk.handle(AttentionChosen(True, "hand"))
    assert talk.handle(AttentionChosen(True, "hand")) == []


# --- a wake phrase for the assistant ---


def asked(actions):
    return [action.question.text for action in actions if isinstance(action, StartAnswer)]


def test_with_a_phrase_only_what_begins_with_it_is_a_question(talk):
    talk.handle(WakePhraseChosen("hey doctor"))
    assert asked(say(talk, 1, "Is there a pneumothorax on this image?")) == []
    assert asked(say(talk, 2, "Hey, Doctor, is there a pneumothorax?")) == ["Is there a pneumothorax?"]
    assert asked(say(talk, 3, "Hey doctor.")) == []
    assert "Is there a pneumothorax on this image?" in talk.document


def test_with_a_phrase_any_words_after_it_are_a_question_and_commands_are_commands(talk):
    talk.handle(WakePhraseChosen("assistant"))
    assert asked(say(talk, 1, "assistant differential for this finding")) == ["Differential for this finding"]
    assert any(isinstance(action, StopAnswer) for action in say(talk, 2, "assistant stop"))


def test_without_the_phrase_any_question_is_one_again(talk):
    talk.handle(WakePhraseChosen("hey doctor"))
    talk.handle(WakePhraseChosen(""))
    assert asked(say(talk, 1, "Is there a pneumothorax on this image?"))


# --- reading aloud ---


def test_an_echo_of_what_is_read_is_neither_shown_nor_kept(talk):
    talk.handle(ReadingAloud(ANSWER, 500))
    word = Word("There", 0, 300, 0.9)
    actions = say(talk, 1, "there is no evidence of a new methorax on this image", words=(word,))
    assert events(actions, TranscriptPartial) == []
    assert events(actions, TranscriptCompleted)[0].transcript == ""
    assert events(actions, EchoLeftOut)[0].text == "there is no evidence of a new methorax on this image"
    assert talk.document == ""


def test_an_echo_left_out_wrongly_comes_back(talk):
    talk.handle(ReadingAloud(ANSWER, 500))
    say(talk, 1, "There is no evidence of a pneumothorax.")
    (taken,) = events(talk.handle(IntentCorrected("utt_1", "dictation")), IntentEvent)
    assert taken.intent == "dictation"
    assert talk.document == "There is no evidence of a pneumothorax."


def test_what_a_person_says_while_it_is_read_is_shown_and_kept(talk):
    talk.handle(ReadingAloud(ANSWER, 500))
    actions = say(talk, 1, "The left kidney is surgically absent.")
    assert events(actions, TranscriptPartial)
    assert talk.document == "The left kidney is surgically absent."


def test_the_same_words_after_the_reading_are_dictation(talk):
    talk.handle(ReadingAloud(ANSWER, 500))
    talk.handle(ReadingAloud(None, 3_000))
    say(talk, 1, "There is no evidence of a pneumothorax on this image.", start_ms=6_000)
    assert talk.document == "There is no evidence of a pneumothorax on this image."


def test_stop_ends_the_reading_of_an_answer_that_is_complete(talk):
    talk.handle(ReadingAloud(ANSWER, 500))
    actions = say(talk, 1, "stop", start_ms=2_000)
    assert events(actions, SpeechStop)
    assert events(actions, IntentEvent)[0].intent == "command"


def test_stop_ends_the_answer_and_its_reading(talk):
    talk.handle(QuestionTyped("What is gout?"))
    talk.handle(AnswerRequested())
    talk.handle(ReadingAloud(ANSWER, 500))
    actions = say(talk, 1, "Stop.", start_ms=2_000)
    assert events(actions, SpeechStop)
    assert events(actions, ResponseDone)[0].response.status == "cancelled"


def answered(talk, text="What is gout?", ended_ms=10_000):
    talk.handle(QuestionTyped(text))
    (start,) = [each for each in talk.handle(AnswerRequested()) if isinstance(each, StartAnswer)]
    talk.handle(AnswerFinished(start.turn, at_ms=ended_ms))


@pytest.mark.parametrize("said", ["Stop.", "Never mind.", "Cancel that."])
@pytest.mark.parametrize("start_ms", [9_000, 10_000, 13_000])
def test_stop_just_after_the_answer_has_ended_is_swallowed(talk, said, start_ms):
    answered(talk)
    (taken,) = events(say(talk, 1, said, start_ms), IntentEvent)
    assert (taken.intent, taken.command, talk.document) == ("command", "stop", "")
    talk.handle(IntentCorrected("utt_1", "dictation"))
    assert talk.document == said


def test_stop_long_after_an_answer_and_other_words_just_after_it_are_dictation(talk):
    answered(talk)
    say(talk, 1, "Stop aspirin.", start_ms=10_500)
    assert talk.document == "Stop aspirin."
    say(talk, 2, "Stop.", start_ms=13_100)
    assert events(say(talk, 3, "Stop.", start_ms=20_000), IntentEvent)[0].intent == "dictation"
    assert talk.document.count("Stop") == 3


def test_stop_said_twice_is_swallowed_twice(talk):
    talk.handle(QuestionTyped("What is gout?"))
    talk.handle(AnswerRequested())
    assert any(isinstance(action, StopAnswer) for action in say(talk, 1, "Stop.", start_ms=5_000))
    say(talk, 2, "Stop!", start_ms=7_500)
    assert talk.document == ""


def test_stop_just_after_the_reading_has_ended_is_swallowed(talk):
    talk.handle(ReadingAloud(ANSWER, 500))
    talk.handle(ReadingAloud(None, 3_000))
    say(talk, 1, "Stop.", start_ms=5_500)
    assert talk.document == ""


def test_stop_after_an_answer_that_was_ready_before_its_question_was_asked_is_swallowed(talk):
    (start,) = [
        each for each in talk.handle(FinalExpected(1, "is there a mass")) if isinstance(each, StartAnswer)
    ]
    talk.handle(AnswerFinished(start.turn, at_ms=1_500))
    asked = talk.handle(FinalHeard(1, "is there a mass", (), 6_000, 8_000, ""))
    assert events(asked, ResponseDone)
    say(talk, 2, "Stop.", start_ms=10_000)
    assert talk.document == ""


def test_speech_is_still_said_to_begin_while_something_is_read(talk):
    talk.handle(ReadingAloud(ANSWER, 500))
    assert events(talk.handle(SpeechStarted(1, 900)), SpeechStartedEvent)


@pytest.mark.parametrize("said", ["Wake up.", "Wake up. Wake up.", "wake up wake up wake up", "Hm, wake up"])
def test_one_who_repeats_the_order_to_wake_is_heard(said):
    attention = Attention()
    attention.asleep = True
    assert attention._wakes(said, 0)
    assert not attention._wakes(f"{said} the patient said when he came.", 0)
