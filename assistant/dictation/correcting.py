"""Commands that correct a word: by number, or letter by letter. Pure; each raises ``BadInput`` if it cannot be done."""

from dataclasses import replace

from assistant.dictation.alternatives import alternatives
from assistant.dictation.desk import Command, Desk, Outcome, in_one_section, text_at
from assistant.dictation.document import Document, Position, Range, Run
from assistant.dictation.insertion import bare, without_second_mark
from assistant.dictation.places import unit_at
from assistant.dictation.spelling import spelled
from assistant.errors import BadInput


def with_choices(outcome: Outcome, desk: Desk) -> Outcome:
    """Add to a selection the alternatives that may replace it."""
    document = outcome.document
    if len(document.selected) != 1:
        return outcome
    where = document.selected[0]
    text = text_at(document, where)
    found = alternatives(text, document.text, desk.readings(document, where), desk.own)
    return replace(outcome, choices=found)


def choices_of(document: Document, desk: Desk) -> tuple[str, ...]:
    """The pick list of the field that is selected, or what was offered for the words that are."""
    if len(document.selected) != 1:
        return ()
    where = document.selected[0]
    field = next((field for place, field in document.fields() if place == where), None)
    if field is not None:
        return field.choices
    offered = desk.offered
    is_open = offered is not None and offered.where == where and offered.text == text_at(document, where)
    return offered.choices if offered is not None and is_open else ()


def can_choose(command: Command, document: Document, desk: Desk) -> bool:
    choices = choices_of(document, desk)
    return bool(choices) and (not command.target or _named(command.target, choices) is not None)


def choose(command: Command, document: Document, desk: Desk) -> Outcome:
    choices = choices_of(document, desk)
    if not choices:
        raise BadInput("There is nothing to choose from.", code="nothing_to_choose")
    if command.target:
        text = _named(command.target, choices)
    else:
        text = choices[command.count - 1] if 1 <= command.count <= len(choices) else None
    if text is None:
        raise BadInput(
            f"There are {len(choices)} to choose from: say “choose one”.", code="nothing_to_choose"
        )
    return Outcome(chosen(document, document.selected[0], Run(text, desk.item_id)), f"Wrote “{text}”.")


def _named(said: str, choices: tuple[str, ...]) -> str | None:
    return next((choice for choice in choices if bare(choice) == bare(said)), None)


def chosen(document: Document, where: Range, run: Run) -> Document:
    """``run`` in place of a field, without a second full stop; or of words, which keep their utterance, and behind
    which the report goes on at the section's end."""
    after = document.section(where.section_id).text[where.end :]
    run = replace(run, text=without_second_mark(run.text, after))
    if any(place == where for place, _ in document.fields()):
        return document.replace(where, [run])
    document = document.replace(where, [replace(run, item_id=document.item_at(where) or run.item_id)])
    return document.move(Position(where.section_id, document.section(where.section_id).length))


def is_spelled(command: Command, document: Document, _: Desk) -> bool:
    return not command.text or spelled(command.text) is not None


def spell(command: Command, document: Document, desk: Desk) -> Outcome:
    """Letters in place of what is selected, or of the last word; without letters they are waited for."""
    where = _to_spell(document)
    old = text_at(document, where)
    letters = spelled(command.text) if command.text else None
    if letters is None:
        return Outcome(document.select(where), f"Spell “{old}”: its letters, or alpha, bravo, charlie.")
    if old[:1].isupper() and letters.islower():
        letters = letters[:1].upper() + letters[1:]
    return Outcome(chosen(document, where, Run(letters, desk.item_id)), f"Wrote “{letters}” for “{old}”.")


def _to_spell(document: Document) -> Range:
    if document.selected:
        return in_one_section(document)
    cursor = document.cursor
    text = document.section(cursor.section_id).text
    span = unit_at(text, cursor.offset, "word", "last")
    if span is None:
        raise BadInput("There is no word here to spell. Select one first.", code="nothing_there")
    start, end = span
    return Range(cursor.section_id, start, start + len(text[start:end].rstrip(".,;:?!")))
