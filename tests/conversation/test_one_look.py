"""One utterance, one look: it is parsed as a command once, and each piece of it is judged once."""

from collections import Counter

import pytest

from assistant.conversation.core import Conversation
from assistant.conversation.types import AttentionChosen, FinalExpected, ModeChosen, WakePhraseChosen
from assistant.dictation.grammar import Grammar
from assistant.events import CommandDone, IntentEvent
from assistant.intents import split
from tests.conversation.talk import INFO, final, of, started
from tests.session.test_listener import SayingModel, audio, live, saying


@pytest.fixture
def looks(monkeypatch):
    """The texts parsed as a command and those judged, each with how often."""
    parsed, judged = Counter(), Counter()
    parse, meaning = Grammar.parse, split.meaning

    def counted_parse(self, heard):
        parsed[heard] += 1
        return parse(self, heard)

    def counted_meaning(text, context):
        judged[text.strip()] += 1
        return meaning(text, context)

    monkeypatch.setattr(Grammar, "parse", counted_parse)
    monkeypatch.setattr(split, "meaning", counted_meaning)
    return parsed, judged


@pytest.mark.parametrize(
    "said",
    [
        "The lungs are clear.",
        "The lungs are clear. Is there a pneumothorax?",
        "Is there a pneumothorax? What is the differential for a cavitary lesion?",
        "Is there a pneumothorax? The lungs are clear.",
        "scratch that",
        "stop",
        "Correct hypokalemia.",
        "that was a question",
    ],
)
def test_an_expected_final_and_the_final_share_one_look(looks, said):
    parsed, judged = looks
    talk = Conversation(INFO)
    talk.handle(FinalExpected(1, said))
    talk.handle(final(1, said))
    assert parsed == {said: 1}
    assert not judged or max(judged.values()) == 1
    assert len(judged) <= 3


def test_the_look_is_taken_again_when_the_report_has_changed_meanwhile(looks):
    parsed, _ = looks
    talk = Conversation(INFO)
    talk.handle(final(1, "Hypokalemia."))
    (taken,) = of(IntentEvent, talk.handle(final(2, "Correct hypokalemia.")))
    assert taken.intent == "command"
    talk.handle(final(3, "scratch that"))
    talk.handle(final(4, "scratch that"))
    assert parsed["scratch that"] == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The lungs are clear.", None),
        ("The lungs are clear. Is there a pneumothorax?", None),
        ("scratch that", None),
        ("is there a new methorax", "Is there a pneumothorax?"),
        ("there a mass", "There is a mass."),
        ("do we order this", "Do not resuscitate order is in place."),
    ],
)
async def test_the_listener_and_the_conversation_share_the_look_at_each_text(looks, first, second):
    parsed, judged = looks
    talk = Conversation(INFO)
    ears = saying(first, second and SayingModel("general", second), means=talk.means)
    for fact in await live(ears, audio([(0.5, False), (1, True), (2, False)])):
        talk.handle(fact)
    assert parsed == dict.fromkeys(filter(None, [first, second]), 1)
    assert not judged or max(judged.values()) == 1
    assert len(judged) <= 3


def test_asleep_nothing_of_what_was_said_is_kept():
    talk = Conversation(INFO)
    talk.handle(AttentionChosen(asleep=True, by="hand"))
    assert talk.means("Is there a pneumothorax?").intent == "question"
    assert "pneumothorax" not in repr(vars(talk))


def test_what_a_sentence_means_is_told_as_the_session_takes_it():
    talk = Conversation(INFO)
    question, rest = "Is there a pneumothorax?", "The lungs are clear."
    assert talk.means(question).intent == "question"
    assert talk.means(f"{rest} {question}").intent == "dictation"
    assert talk.means("scratch that").command == "scratch"
    talk.handle(ModeChosen("dictation"))
    assert talk.means(question).intent == "dictation"
    talk.handle(ModeChosen("question"))
    assert talk.means(rest).intent == "question"


@pytest.mark.parametrize(
    "said",
    ["correct hypokalemia", "select the largest nodule in the liver", "insert normal gait"],
)
def test_words_of_a_command_that_has_no_place_here_are_text_and_never_asked(said):
    talk = Conversation(INFO)
    (taken,) = of(IntentEvent, talk.handle(final(1, said)))
    assert (taken.intent, started(talk.handle(FinalExpected(2, said)))) == ("dictation", [])
    assert talk.document.casefold() == said


def test_a_command_after_ones_own_wake_phrase_is_obeyed():
    talk = Conversation(INFO)
    talk.handle(WakePhraseChosen("computer"))
    talk.handle(final(1, "The lungs are clear."))
    (done,) = of(CommandDone, talk.handle(final(2, "Computer, scratch that.")))
    assert (done.command, talk.document) == ("scratch", "")
