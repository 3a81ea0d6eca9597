"""The session object sent to clients: its settings, and the server's models and abilities."""

from dataclasses import asdict

from assistant import __version__
from assistant.components.components import Components
from assistant.config import Settings
from assistant.conversation.answering import describe
from assistant.conversation.core import Conversation
from assistant.events import (
    AudioFormat,
    AudioInput,
    GuidelineShelf,
    HouseStyle,
    ImageMatcher,
    Recogniser,
    SessionAudio,
    SessionState,
)


def session_state(
    settings: Settings,
    components: Components,
    conversation: Conversation,
    *,
    session_id: str,
    resume_token: str,
    rate_hz: int,
) -> SessionState:
    """``rate_hz`` is the rate of the PCM sent over the WebSocket."""
    return SessionState(
        id=session_id,
        resume_token=resume_token,
        grace_s=settings.grace_s,
        mode=conversation.mode,
        asleep=conversation.asleep,
        wake_phrase=conversation.wake_phrase,
        style=HouseStyle.model_validate(asdict(conversation.dictation.formatter.options)),
        guidelines=_shelf(components),
        audio=SessionAudio(input=AudioInput(format=AudioFormat(rate=rate_hz))),
        recogniser=Recogniser(name=components.model.name, takes_keywords=components.model.takes_phrases),
        engine=describe(components.engine.info),
        ice_servers=list(settings.ice_servers),
        version=__version__,
        mark_below=settings.mark_below,
        keep_audio_min=settings.keep_audio_min,
        archive=settings.dicomweb_url is not None,
        stored=settings.store is not None,
        image_matcher=_matcher(components),
    )


def _shelf(components: Components) -> GuidelineShelf | None:
    if components.guidelines is None:
        return None
    shelf = components.guidelines.shelf
    return GuidelineShelf(
        ready=shelf.ready, files=shelf.files, passages=shelf.passages, problems=list(shelf.problems)
    )


def _matcher(components: Components) -> ImageMatcher | None:
    if components.embedder is None:
        return None
    return ImageMatcher(name=components.embedder.loaded.name, revision=components.embedder.loaded.revision)
