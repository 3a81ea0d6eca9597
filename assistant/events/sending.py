"""Whether an event can be sent: it must be JSON. Pure."""

from assistant.characters import whole_parts
from assistant.events import Notice, ServerEvent


def sendable(event: ServerEvent) -> ServerEvent:
    """The event itself, if it can be written as JSON; else with its texts ``whole``; else a notice instead.

    What cannot be sent must not be logged either: every later connection would be given it again.
    """
    try:
        event.model_dump_json()
        return event
    except ValueError:
        pass
    try:
        mended = type(event).model_validate(whole_parts(event.model_dump()))
        mended.model_dump_json()
        return mended
    except ValueError:
        return Notice(
            level="warning",
            code="event_not_sendable",
            message=f"The server could not send one of its messages ({event.type}). Check the report.",
        )
