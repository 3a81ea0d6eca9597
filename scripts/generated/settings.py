"""docs/settings.md, from the settings."""

from typing import Any

from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic.fields import FieldInfo

from assistant.commands.settings import flag, is_secret, metavar, variable
from assistant.config import GROUPS, Settings

SIGNS: dict[type, tuple[str, str]] = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}


def markdown() -> str:
    lines = [
        "<!-- Made by scripts/generated from assistant/config.py; do not edit. -->",
        "# Settings",
        "",
        "Each is an option of `assistant serve`, or an environment variable: `--port 8443` is",
        "`ASSISTANT_PORT=8443`, and the option wins. A list is JSON. `assistant doctor` takes the same",
        "options and says whether the server would start with them. Settings that do not go together are",
        "refused at the start, in a sentence that names both. Secrets stand in a file or in the environment,",
        "never on the command line, which every user of a machine can list; `ASSISTANT_TOKEN_FILE` names a",
        "file, too.",
        "",
    ]
    for group in GROUPS:
        lines += [f"## {group.__doc__}", "", "| option | default | range | |", "|---|---|---|---|"]
        lines += [_row(name, Settings.model_fields[name]) for name in group.model_fields]
        lines += [""]
    return "\n".join(lines)


def _row(name: str, field: FieldInfo) -> str:
    option = f"`{flag(name)} {metavar(name)}`"
    if is_secret(name):
        option = f"`{flag(name)}-file FILE`, or `{variable(name)}`"
    elif field.annotation is bool:
        option = f"`{flag(name)}`, `--no-{flag(name)[2:]}`"
    return f"| {option} | {_default(field.get_default())} | {_range(field)} | {field.description} |"


def _default(value: Any) -> str:
    match value:
        case None | ():
            return ""
        case bool():
            return "on" if value else "off"
        case _:
            return f"`{value}`"


def _range(field: FieldInfo) -> str:
    limits = [
        f"{sign} {getattr(rule, name):g}"
        for rule in field.metadata
        for kind, (sign, name) in SIGNS.items()
        if isinstance(rule, kind)
    ]
    limits += [f"at most {rule.max_length} letters" for rule in field.metadata if isinstance(rule, MaxLen)]
    return ", ".join(limits)
