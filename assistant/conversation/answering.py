"""The answers of a conversation: the running one, and one started before its question is final. Pure."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from assistant.conversation.asking import (
    MOST_EARLIER,
    NOT_FOUND,
    NOT_READY,
    Guidelines,
    cited,
    is_about_the_session,
    search_text,
    source_part,
    sources_of,
)
from assistant.conversation.findings import findings
from assistant.conversation.images import choose_images
from assistant.conversation.items import Items, answer_item
from assistant.conversation.past import Past
from assistant.conversation.types import (
    Action,
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    Emit,
    FindPassages,
    ImageAttached,
    ModelThought,
    PassagesFound,
    PromptSent,
    RecordRead,
    StartAnswer,
    StopAnswer,
    WaitEnded,
)
from assistant.engines.base import EngineInfo, Exchange, Question, Sent, Usage
from assistant.engines.pieces import TextPiece
from assistant.events import (
    AnswerThought,
    Attachment,
    ContentPart,
    ContentPartAdded,
    ContentPartDone,
    ContextUsed,
    ConversationItem,
    EngineDescription,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    RecordPart,
    ResponseBody,
    ResponseCreated,
    ResponseDone,
    ResponseRecord,
    ResponseSent,
    ResponseSources,
    TokenUsage,
)
from assistant.imaging.timeline import Attached, in_time, is_one_picture
from assistant.readings.labs import LabReport, parse_labs
from assistant.records.fhir import Resource, named_in

StopReason = Literal["client_cancelled", "turn_detected"]
MOST_SENT = 20
MOST_SENT_BYTES = 64 * 2**20
"""Limit for the images that are kept with what was sent; the latest answer's are always kept."""
REMOVED = TextPiece("(this has been removed from the session)")
"""Answers whose prompt can still be shown."""


@dataclass(slots=True)
class Answer:
    """``asked`` is the question it started with; ``question`` includes the passages found since."""

    turn: int
    asked: Question
    question: Question
    images: tuple[Attachment, ...]
    why_images: str
    question_item_id: str = ""
    wait_ms: int = 0
    metadata: dict[str, str] | None = None
    remembered: bool = True
    """It becomes part of the conversation."""
    pieces: list[str] = field(default_factory=list)
    read: tuple[Resource, ...] = ()
    """The resources read in the attached records."""
    thought: bool = False
    held: list[Action] = field(default_factory=list)
    """The hidden events of an answer started ahead."""
    ended: AnswerFinished | None = None
    """It has ended while it ran ahead."""

    @property
    def response_id(self) -> str:
        return f"resp_{self.turn}"

    @property
    def item_id(self) -> str:
        return answer_item(self.response_id)


class Answering:
    """Questions and answers of one conversation. Facts of a finished turn are ignored."""

    def __init__(
        self,
        engine: EngineInfo,
        text_engine: EngineInfo | None,
        guidelines: Guidelines,
        session_path: str,
        items: Items,
        *,
        wait_ms: int = 0,
    ) -> None:
        """``wait_ms``: how long a spoken question can be stopped before it goes to the engine."""
        self._items = items
        self._wait_ms = wait_ms
        self.instructions = ""
        """Stand before every question."""
        self.max_tokens: int | None = None
        self._session_path = session_path
        self._engine, self._text_engine, self._guidelines = engine, text_engine, guidelines
        self._earlier: deque[tuple[str, Exchange]] = deque(maxlen=MOST_EARLIER)  # by the question's item
        self._turn = 0
        self._questions: dict[str, str] = {}  # by the answer's item: the question's
        self.open_id = ""
        """The attachment that is open on the page."""
        self.running: Answer | None = None
        self._ahead: Answer | None = None
        self.sent: dict[str, Sent] = {}
        """By response: what the engine gave its model; of the last ``MOST_SENT`` answers."""
        self.labs: dict[str, LabReport] = {}
        """By response: the laboratory values it was asked for."""

    def go_on_from(self, past: Past) -> list[Action]:
        """The questions and answers of before; one that was being answered is told to have failed."""
        self._turn = past.turn
        actions: list[Action] = []
        for response_id, answer in past.answers.items():
            asked = answer.created
            item_id = asked.question_item_id
            self._questions[answer_item(response_id)] = item_id
            if answer.status == "in_progress":
                actions.append(Emit(_interrupted(response_id)))
            meant = past.intents.get(item_id)
            deleted = self._items.are_deleted(item_id, answer_item(response_id))
            if answer.text and not deleted and (meant is None or meant.intent != "dictation"):
                self._earlier.append((item_id, Exchange(asked.question, answer.text)))
        return actions

    @property
    def have_begun(self) -> bool:
        """Whether anything was asked."""
        return bool(self._questions)

    def number_from(self, earlier: "Answering") -> None:
        self._turn = earlier._turn

    def use_engine(self, engine: EngineInfo) -> list[Action]:
        """Later questions go to this engine. The running answer goes on; one started ahead is dropped."""
        self._engine = engine
        return self.drop_ahead()

    def ask(
        self,
        item_id: str,
        text: str,
        document: str,
        images: Mapping[str, ImageAttached],
        wanted: AnswerRequested | None = None,
        *,
        as_heard: bool = False,
    ) -> list[Action]:
        """Answer a question now and stop the running answer. An answer started ahead for the same question
        continues. ``wanted``: how the client asked for it. ``as_heard``: nobody has confirmed it, so it
        waits."""
        prepared = self._prepared(text, document, images, wanted)
        ahead = self._ahead
        if ahead is not None and ahead.asked == prepared.asked:
            self._ahead, answer, begin = None, ahead, ahead.held
        else:
            answer = self._next(prepared)
            answer.wait_ms = self._wait_ms if as_heard else 0
            begin = [*self.drop_ahead(), self._begin(answer)]
        stopped = self.stop()
        answer.question_item_id = item_id
        if wanted:
            answer.metadata, answer.remembered = wanted.metadata, wanted.remembered
        self.running = answer
        actions = [*stopped, Emit(self._created(answer)), *self._opened(answer), *begin]
        return actions if answer.ended is None else [*actions, *self.finish(answer.ended)]

    def begin_ahead(self, text: str, document: str, images: Mapping[str, ImageAttached]) -> list[Action]:
        """Start answering before the question is final; nothing is shown yet. Never while another answer
        runs, or where a question waits to be stopped."""
        if self.running is not None or self._wait_ms:
            return self.drop_ahead()
        prepared = self._prepared(text, document, images)
        if self._ahead is not None and self._ahead.asked == prepared.asked:
            return []
        dropped = self.drop_ahead()
        self._ahead = self._next(prepared)
        return [*dropped, self._begin(self._ahead)]

    def drop_ahead(self) -> list[Action]:
        """Discard the early answer: speech continued, or it was not that question."""
        ahead, self._ahead = self._ahead, None
        return [StopAnswer(ahead.turn)] if ahead is not None else []

    def forget(self, question_item_id: str) -> None:
        """Forget an utterance that was not a question, so that later questions do not include it."""
        self._earlier = deque((e for e in self._earlier if e[0] != question_item_id), MOST_EARLIER)

    def forget_item(self, item_id: str) -> None:
        """The same for the item of a question or of an answer."""
        self.forget(self._questions.get(item_id, item_id))

    def stop(self, reason: StopReason = "client_cancelled") -> list[Action]:
        """Stop the running answer, if there is one."""
        if self.running is None:
            return []
        details: dict[str, object] = {"type": "cancelled", "reason": reason}
        return [StopAnswer(self.running.turn), *self._close("cancelled", details)]

    # --- facts of a turn ---

    def passages_found(self, fact: PassagesFound) -> list[Action]:
        answer = self._of(fact.turn)
        if answer is None:
            return []
        answer.question = question = replace(
            answer.question, sources=sources_of(fact.passages), guidelines_searched=fact.ready
        )
        answered = bool(question.sources) or self._guidelines == "first" or is_about_the_session(question)
        told = ResponseSources(
            response_id=answer.response_id,
            sources=list(map(source_part, question.sources)),
            answered=answered,
        )
        shown = self._show(answer, Emit(told))
        if answered:
            return [*shown, self._start(answer)]
        says = self.progress(AnswerProgressed(answer.turn, NOT_FOUND if fact.ready else NOT_READY))
        return [*shown, *says, *self.finish(AnswerFinished(answer.turn))]

    def record_read(self, fact: RecordRead) -> list[Action]:
        answer = self._of(fact.turn)
        if answer is not None:
            answer.read = fact.resources
            answer.question = replace(answer.question, record=fact.facts)
        return []

    def prompt_sent(self, fact: PromptSent) -> list[Action]:
        answer = self._of(fact.turn)
        if answer is not None:
            self.sent[answer.response_id] = fact.sent
            while len(self.sent) > MOST_SENT or (
                len(self.sent) > 1 and sum(map(_bytes, self.sent.values())) > MOST_SENT_BYTES
            ):
                del self.sent[next(iter(self.sent))]
        return []

    def image_removed(self, attachment_id: str) -> None:
        """A removed attachment is also taken out of what was sent."""
        for response_id, sent in self.sent.items():
            self.sent[response_id] = Sent(
                tuple(REMOVED if part.attachment_id == attachment_id else part for part in sent.parts)
            )

    def wait_ended(self, fact: WaitEnded) -> list[Action]:
        answer = self._of(fact.turn)
        return [Emit(ResponseSent(response_id=answer.response_id))] if answer else []

    def progress(self, fact: AnswerProgressed) -> list[Action]:
        answer = self._of(fact.turn)
        if answer is None:
            return []
        answer.pieces.append(fact.piece)
        delta = OutputTextDelta(response_id=answer.response_id, item_id=answer.item_id, delta=fact.piece)
        return self._show(answer, Emit(delta))

    def thought(self, fact: ModelThought) -> list[Action]:
        answer = self._of(fact.turn)
        if answer is None:
            return []
        answer.thought = True
        return self._show(answer, Emit(AnswerThought(response_id=answer.response_id, delta=fact.piece)))

    def finish(self, fact: AnswerFinished) -> list[Action]:
        answer = self._of(fact.turn)
        if answer is None:
            return []
        if answer is self._ahead:
            answer.ended = fact
            return []
        code, message = fact.code, fact.message
        if code is None and answer.thought and not answer.pieces:
            code, message = "only_thoughts", "No tokens were left after thinking. Raise --engine-max-tokens."
        if code is None and fact.cut_off:
            return self._close(
                "incomplete", {"type": "incomplete", "reason": "max_output_tokens"}, fact.usage
            )
        if code is None:
            return self._close("completed", usage=fact.usage)
        details: dict[str, object] = {"error": {"code": code, "message": message}}
        return self._close("failed", details, fact.usage)

    # --- parts ---

    def _of(self, turn: int) -> Answer | None:
        for answer in (self.running, self._ahead):
            if answer is not None and answer.turn == turn:
                return answer
        return None

    def _show(self, answer: Answer, action: Action) -> list[Action]:
        if answer is not self._ahead:
            return [action]
        answer.held.append(action)
        return []

    def _prepared(
        self,
        text: str,
        document: str,
        images: Mapping[str, ImageAttached],
        wanted: AnswerRequested | None = None,
    ) -> Answer:
        """Not begun yet, and without a turn."""
        instructions, most = self.instructions, self.max_tokens
        if wanted:
            instructions = instructions if wanted.instructions is None else wanted.instructions
            if wanted.max_tokens is not None:
                most = None if wanted.max_tokens == "inf" else wanted.max_tokens
        records = tuple(key for key, each in images.items() if each.attachment.kind == "record")
        pictures = [attached_of(each) for key, each in images.items() if key not in records]
        chosen = choose_images(text, pictures, self.open_id)
        attached = tuple(images[key].attachment for key in chosen.ids)
        question = Question(
            text=text,
            instructions=instructions,
            max_tokens=most,
            document=document,
            attachment_ids=chosen.ids,
            record_ids=records,
            earlier=tuple(exchange for _, exchange in self._earlier),
            task=chosen.task,
            comparison=chosen.comparison,
        )
        return Answer(0, question, question, attached, chosen.why)

    def _next(self, prepared: Answer) -> Answer:
        self._turn += 1
        return replace(prepared, turn=self._turn)

    def _begin(self, answer: Answer) -> Action:
        if self._guidelines == "none":
            return self._start(answer)
        return FindPassages(answer.turn, search_text(answer.asked.text, answer.asked.earlier))

    def _start(self, answer: Answer) -> StartAnswer:
        by_text_engine = self._engine_for(answer.question) is self._text_engine
        return StartAnswer(answer.turn, answer.question, by_text_engine, answer.wait_ms)

    def _engine_for(self, question: Question) -> EngineInfo:
        """The engine for this question. Questions about places, slices and changes go to the engine that sees
        images; questions without images go to the text engine, if there is one."""
        return self._engine if question.attachment_ids else self._text_engine or self._engine

    def _created(self, answer: Answer) -> ResponseCreated:
        asked = answer.asked
        engine = self._engine_for(asked)
        return ResponseCreated(
            response=ResponseBody(id=answer.response_id, status="in_progress", metadata=answer.metadata),
            question=asked.text,
            question_item_id=answer.question_item_id,
            attachment_ids=list(asked.attachment_ids),
            wait_ms=answer.wait_ms,
            engine=describe(engine),
            context=ContextUsed(
                document_chars=len(asked.document),
                earlier=len(asked.earlier),
                images=answer.why_images if engine.sees_images else "",
            ),
        )

    def _opened(self, answer: Answer) -> list[Action]:
        """The answer's item and the part of it that the text goes into."""
        item = ConversationItem(id=answer.item_id, role="assistant", status="in_progress")
        added = self._items.begin(item) if answer.remembered else []
        self._questions[answer.item_id] = answer.question_item_id
        ids = {"response_id": answer.response_id, "item_id": answer.item_id}
        return [
            Emit(OutputItemAdded(response_id=answer.response_id, item=item)),
            *added,
            Emit(ContentPartAdded(**ids, part=ContentPart())),
        ]

    def _close(
        self, status: str, details: dict[str, object] | None = None, usage: Usage | None = None
    ) -> list[Action]:
        answer, self.running = self.running, None
        assert answer is not None
        text = "".join(answer.pieces)
        found: list[Action] = []
        if status in ("completed", "incomplete"):
            if answer.question.task == "labs" and (report := parse_labs(text)):
                self.labs[answer.response_id] = report
            found = [
                Emit(each)
                for each in findings(
                    answer.response_id, answer.question, answer.images, text, self._session_path
                )
            ]
        deleted = self._items.are_deleted(answer.question_item_id, answer.item_id)
        if text and answer.remembered and not deleted:
            self._earlier.append((answer.question_item_id, Exchange(answer.question.text, text)))
        item = ConversationItem(
            id=answer.item_id,
            role="assistant",
            status="completed" if status == "completed" else "incomplete",
            content=[{"type": "output_text", "text": text}],
        )
        tokens = usage and TokenUsage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.output_tokens,
            total_tokens=usage.prompt_tokens + usage.output_tokens,
        )
        body = ResponseBody.model_validate(
            {
                "id": answer.response_id,
                "status": status,
                "status_details": details,
                "output": [item],
                "metadata": answer.metadata,
                "usage": tokens,
            }
        )
        return [
            Emit(OutputTextDone(response_id=answer.response_id, item_id=answer.item_id, text=text)),
            Emit(
                ContentPartDone(
                    response_id=answer.response_id, item_id=answer.item_id, part=ContentPart(text=text)
                )
            ),
            Emit(OutputItemDone(response_id=answer.response_id, item=item)),
            *(self._items.end(item) if answer.remembered else []),
            *found,
            *self._named(answer, text),
            Emit(ResponseDone(response=body, cited=cited(text, answer.question.sources))),
        ]

    def _named(self, answer: Answer, text: str) -> list[Action]:
        """The record's resources that the answer cites."""
        if not answer.read:
            return []
        named = [
            RecordPart(label=each.label, reference=each.reference, text=each.text)
            for each in named_in(text, answer.read)
        ]
        told = ResponseRecord(response_id=answer.response_id, read=len(answer.read), named=named)
        return [Emit(told)]


def attached_of(fact: ImageAttached) -> Attached:
    each = fact.attachment
    return Attached(each.id, each.name, is_one_picture(each.kind, each.count), fact.taken, fact.exam)


def reading_order(images: Mapping[str, ImageAttached]) -> tuple[str, ...]:
    """Ids of all attachments, in the order a model reads them when a question names none."""
    return tuple(each.id for each in in_time([attached_of(each) for each in images.values()]))


def describe(info: EngineInfo) -> EngineDescription:
    """The engine's description in the protocol."""
    return EngineDescription(
        name=info.name,
        stand_in=info.stand_in,
        sees_images=info.sees_images,
        notice=info.notice,
        revision=info.revision,
        declines=info.declines,
        why=info.why,
    )


def _bytes(sent: Sent) -> int:
    return sum(len(image.data) for image in sent.images)


def _interrupted(response_id: str) -> ResponseDone:
    message = "The server was restarted while this was being answered. Ask again."
    details: dict[str, object] = {"error": {"code": "server_restarted", "message": message}}
    return ResponseDone(
        response=ResponseBody.model_validate(
            {"id": response_id, "status": "failed", "status_details": details, "output": []}
        )
    )
