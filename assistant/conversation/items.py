"""The items of a conversation as OpenAI's clients know them: what was said, typed and answered. Pure."""

from assistant.conversation.past import Past
from assistant.conversation.types import Action, Emit, refused
from assistant.events import ConversationItem, ItemAdded, ItemDeleted, ItemDone, ItemRetrieved


class Items:
    """In order of time."""

    def __init__(self) -> None:
        self._items: dict[str, ConversationItem] = {}
        self._deleted: set[str] = set()

    @property
    def last_id(self) -> str | None:
        return next(reversed(self._items), None)

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def go_on_from(self, past: Past) -> None:
        """The items of before, in order."""
        for item_id in past.committed:
            heard = past.heard.get(item_id)
            said = [{"type": "input_audio", "transcript": heard.transcript if heard else None}]
            self._items[item_id] = ConversationItem(id=item_id, role="user", content=said)
        for response_id, answer in past.answers.items():
            asked = answer.created
            if asked.question_item_id and asked.question_item_id not in self._items:
                typed = [{"type": "input_text", "text": asked.question}]
                item = ConversationItem(id=asked.question_item_id, role="user", content=typed)
                self._items[item.id] = item
            answer_id = answer_item(response_id)
            told = [{"type": "output_text", "text": answer.text}]
            self._items[answer_id] = ConversationItem(
                id=answer_id,
                role="assistant",
                status="completed" if answer.status == "completed" else "incomplete",
                content=told,
            )
        self._deleted = set(past.deleted)
        for item_id in self._deleted:
            self._items.pop(item_id, None)

    def are_deleted(self, *item_ids: str) -> bool:
        """Whether a client has deleted one of them."""
        return not self._deleted.isdisjoint(item_ids)

    def add(self, item: ConversationItem) -> list[Action]:
        """A whole item."""
        return [*self.begin(item), *self.end(item)]

    def begin(self, item: ConversationItem) -> list[Action]:
        previous, self._items[item.id] = self.last_id, item
        self._deleted.discard(item.id)  # a client may use its id again
        return [Emit(ItemAdded(item=item, previous_item_id=previous))]

    def end(self, item: ConversationItem) -> list[Action]:
        if item.id not in self._items:  # deleted meanwhile
            return []
        self._items[item.id] = item
        newest_first = reversed(self._items)
        for item_id in newest_first:
            if item_id == item.id:
                break
        return [Emit(ItemDone(item=item, previous_item_id=next(newest_first, None)))]

    def heard(self, item_id: str, text: str) -> None:
        """The transcript of what was said."""
        if item := self._items.get(item_id):
            content = [{"type": "input_audio", "transcript": text}]
            self._items[item_id] = item.model_copy(update={"content": content})

    def told(self, item_id: str, event_id: str | None) -> list[Action]:
        item = self._items.get(item_id)
        return [Emit(ItemRetrieved(item=item))] if item else [_unknown(event_id)]

    def delete(self, item_id: str, event_id: str | None) -> list[Action]:
        if self._items.pop(item_id, None) is None:
            return [_unknown(event_id)]
        self._deleted.add(item_id)
        return [Emit(ItemDeleted(item_id=item_id))]


def answer_item(response_id: str) -> str:
    """The item of this answer."""
    return f"answer_{response_id.removeprefix('resp_')}"


def _unknown(event_id: str | None) -> Emit:
    return refused("item_unknown", "There is no such item.", event_id, "item_id")
