"""Events as the store takes them."""

from collections.abc import Iterable

from assistant.conversation.log import Logged
from assistant.events import ServerEvent


def logged(events: Iterable[ServerEvent]) -> list[Logged]:
    return [Logged(event.seq, event.type, event.model_dump_json()) for event in events]
