"""Events as the store takes them."""

from assistant.conversation.log import Logged


def logged(events):
    return [Logged(event.seq, event.type, event.model_dump_json()) for event in events]
