"""The utterances of a conversation and the intent of each. Pure."""

from dataclasses import dataclass
from typing import Literal

from assistant.conversation.types import Emit
from assistant.dictation.gaps import NOT_BESIDE, Beside
from assistant.events import Intent, IntentEvent
from assistant.intents.detect import Decision


@dataclass(slots=True)
class Item:
    """One utterance, a part of one, or a typed question, with its intent."""

    id: str
    heard: str
    text: str
    """As it went into the report or the question."""
    intent: Intent | Literal["echo"]
    nearly: str | None = None
    """The command that its words resemble."""
    beside: Beside = NOT_BESIDE
    """Lost sound; over once a person has written what was said."""


class Utterances:
    """In the order in which they were taken."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}

    def get(self, item_id: str) -> Item | None:
        return self._items.get(item_id)

    def put(self, item: Item) -> None:
        self._items[item.id] = item

    def take(
        self,
        item_id: str,
        heard: str,
        decision: Decision,
        *,
        text: str | None = None,
        part_of: str | None = None,
        nearly: str | None = None,
        beside: Beside = NOT_BESIDE,
    ) -> Emit:
        """Keep an utterance as it was decided, and tell so. ``text`` is what was made of ``heard``, if not
        the same."""
        text = heard if text is None else text
        self.put(Item(item_id, heard, text, decision.intent, nearly, beside))
        return Emit(
            IntentEvent(
                item_id=item_id,
                intent=decision.intent,
                confidence=decision.confidence,
                reason=decision.reason,
                text=text,
                doubtful=decision.doubtful,
                part_of=part_of,
                command=decision.command if decision.intent == "command" else None,
                nearly=nearly,
            )
        )

    def last_taken_otherwise(self, meant: Intent) -> str | None:
        """The newest utterance with an intent other than ``meant``: the one that "that" refers to."""
        spoken = (item for item in reversed(self._items.values()) if item.intent != "command")
        newest = next(spoken, None)
        return newest.id if newest and newest.intent != meant else None
