"""The session object sent to clients: its settings, and the server's models and abilities."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal

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
    Keeping,
    Recogniser,
    SemanticVad,
    ServerVad,
    SessionAudio,
    SessionState,
    TranscriptionConfig,
)
from assistant.principal import SOLE, Principal
from assistant.session.choices import Choices
from assistant.storage.database import place_of
from assistant.storage.keys import key_of
from assistant.vad.endpoint import EndpointSettings

DELAYS: dict[str, Literal["low", "medium", "high"]] = {
    "fast": "low",
    "balanced": "medium",
    "accurate": "high",
}
"""OpenAI's words for the presets."""

LABELS = {
    "moonshine-tiny-en": "General English: check drug names",
    "moonshine-clinical": "Clinical dictation (beta): check drug names",
    "medasr": "Medical dictation (beta)",
    "medasr-export": "Medical dictation (beta)",
    "lasr-mini": "Test recogniser: not for use",
}
"""The page's name of a recogniser, by its bundle."""


def session_state(
    settings: Settings,
    components: Components,
    conversation: Conversation,
    *,
    session_id: str,
    resume_token: str,
    choices: Choices,
    person: Principal,
    is_stored: bool,
) -> SessionState:
    """``choices`` are the client's; the state says what is in effect."""
    endpoint = choices.endpoint(components.endpoint)
    transcribes = choices.kind == "transcription"
    return SessionState(
        id=session_id,
        resume_token=resume_token,
        grace_s=settings.grace_s,
        type=choices.kind,
        model=components.model.name if transcribes else components.engine.info.name,
        instructions=choices.instructions,
        max_output_tokens=choices.max_output_tokens or "inf",
        include=list(choices.include),
        mode=conversation.mode,
        asleep=conversation.asleep,
        wake_phrase=conversation.wake_phrase,
        style=HouseStyle.model_validate(asdict(conversation.dictation.formatter.options)),
        guidelines=_shelf(components),
        audio=SessionAudio(
            input=AudioInput(
                format=AudioFormat(type=choices.form.type, rate=choices.form.rate_hz),
                transcription=_transcription(settings, components, choices),
                turn_detection=_detection(choices, endpoint),
            )
        ),
        recogniser=Recogniser(
            name=components.model.name,
            label=LABELS.get(components.model.name, f"Own recogniser: {components.model.name}"),
            takes_keywords=components.model.takes_phrases,
        ),
        engine=describe(components.engine.info),
        ice_servers=list(settings.ice_servers),
        version=__version__,
        mark_below=settings.mark_below,
        keep_audio_min=settings.keep_audio_min,
        archive=settings.dicomweb_url is not None,
        stored=is_stored,
        signer=None if person.id == SOLE else person.name,
        may_sign="sign" in person.rights,
        keeping=_keeping(settings) if is_stored else None,
        image_matcher=_matcher(components),
    )


def _transcription(settings: Settings, components: Components, choices: Choices) -> TranscriptionConfig:
    """Hints are told as far as the recogniser can use them."""
    used = components.model.takes_phrases
    return TranscriptionConfig(
        model=components.model.name,
        language="en",
        keywords=list(choices.keywords) if used else [],
        prompt=choices.prompt if used else "",
        delay=DELAYS[settings.asr_preset],
    )


def _detection(choices: Choices, endpoint: EndpointSettings) -> ServerVad | SemanticVad | None:
    match choices.turn_detection:
        case ServerVad():
            return ServerVad(
                threshold=endpoint.vad_start,
                prefix_padding_ms=endpoint.pre_roll_ms,
                silence_duration_ms=endpoint.silence_ms,
                create_response=choices.answers_speech and choices.kind == "realtime",
                interrupt_response=choices.speech_stops,
            )
        case SemanticVad(eagerness=eagerness):
            return SemanticVad(
                type="semantic_vad",
                eagerness=eagerness or "auto",
                create_response=choices.answers_speech and choices.kind == "realtime",
                interrupt_response=choices.speech_stops,
            )
        case None:
            return None


def _shelf(components: Components) -> GuidelineShelf | None:
    if components.guidelines is None:
        return None
    shelf = components.guidelines.shelf
    return GuidelineShelf(
        ready=shelf.ready, files=shelf.files, passages=shelf.passages, problems=list(shelf.problems)
    )


def _keeping(settings: Settings) -> Keeping | None:
    if settings.store is None:
        return None
    return Keeping(
        where=place_of(settings.store),
        encrypted=isinstance(settings.store, Path) and key_of(settings.store) is not None,
        drafts_days=settings.keep_drafts_days,
        finals_days=settings.keep_finals_days,
    )


def _matcher(components: Components) -> ImageMatcher | None:
    if components.embedder is None:
        return None
    return ImageMatcher(name=components.embedder.loaded.name, revision=components.embedder.loaded.revision)
