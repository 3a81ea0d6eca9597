"""docs/commands.md, from the table of voice commands."""

from assistant.dictation.commands import HELP, TABLE, Refused


def markdown() -> str:
    lines = [
        "<!-- Made by scripts/generated from assistant/dictation/commands.py; do not edit. -->",
        "# Voice commands",
        "",
        "A command is an utterance of its own: pause before it and after it. “Please” and “assistant” may be",
        "added. “What can I say” shows this list on the page. A command that cannot be carried out says why",
        "and leaves the report as it is. If words were taken for one by mistake, say “that was dictation”.",
        "",
        "| say | what it does |",
        "|---|---|",
        *(f"| {say} | {does} |" for say, does in HELP),
        "",
        "## Understood, and not done",
        "",
        "| command | the answer |",
        "|---|---|",
        *(f"| {row.name} | {row.does.message} |" for row in TABLE if isinstance(row.does, Refused)),
        "",
        "## By name",
        "",
        "`assistant.command.done` and `assistant.intent` carry these names.",
        "",
        ", ".join(f"`{row.name}`" for row in TABLE) + ".",
    ]
    return "\n".join(lines) + "\n"
