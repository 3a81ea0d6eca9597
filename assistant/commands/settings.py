"""The settings as options of a command, in their groups, and what is wrong with them in words."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from assistant.config import GROUPS, Settings
from assistant.errors import BadInput, fault_of
from assistant.vad.endpoint import SettingsClash


def add_settings(parser: argparse.ArgumentParser) -> None:
    """An option for each field of ``Settings``; ``settings_from`` reads them."""
    for group in GROUPS:
        section = parser.add_argument_group(group.__doc__ or "")
        for name in group.model_fields:
            field = Settings.model_fields[name]
            help_text = (field.description or "").replace("%", "%%")
            default = field.get_default()
            if default not in (None, ()):
                help_text += f" (default: {default})"
            options: dict[str, Any] = {"dest": f"setting_{name}", "default": None, "help": help_text}
            if is_secret(name):
                _add_secret(section, name, help_text)
            elif field.annotation is bool and name.startswith("no_"):  # argparse reads --no-X as false
                section.add_argument(flag(name), action="store_const", const=True, **options)
            elif field.annotation is bool:
                section.add_argument(flag(name), action=argparse.BooleanOptionalAction, **options)
            else:
                section.add_argument(flag(name), metavar=metavar(name), **options)


def add_some_settings(parser: argparse.ArgumentParser, *names: str) -> None:
    """Options of ``assistant serve`` that another command takes too."""
    for given in names:
        name = given.replace("-", "_")
        if is_secret(name):
            _add_secret(parser, name, f"as in: assistant serve {flag(name)}-file")
            continue
        if Settings.model_fields[name].annotation is bool:
            parser.add_argument(
                flag(name),
                dest=f"setting_{name}",
                action=argparse.BooleanOptionalAction,
                default=None,
                help=f"as in: assistant serve {flag(name)}",
            )
            continue
        parser.add_argument(
            flag(name),
            dest=f"setting_{name}",
            metavar=metavar(name),
            help=f"as in: assistant serve {flag(name)}",
        )


def add_store_settings(parser: argparse.ArgumentParser, *others: str) -> None:
    """The store's place, and its key."""
    keys = ("encryption-key", "encryption-key-command", "encryption-keyring")
    add_some_settings(parser, "store", *keys, *others)


def is_secret(name: str) -> bool:
    """A setting that no command line may hold: other users of a machine can list its processes."""
    return SecretStr in get_args(Settings.model_fields[name].annotation)


def _add_secret(parser: argparse._ActionsContainer, name: str, help_text: str) -> None:
    """The option that names its file, and the option that would hold it, which is refused in words."""
    wanted = f"File that holds it, or {variable(name)} in the environment. {help_text}"
    parser.add_argument(f"{flag(name)}-file", dest=f"file_of_{name}", metavar="FILE", help=wanted)
    parser.add_argument(flag(name), dest=f"setting_{name}", help=argparse.SUPPRESS)


def _secret(name: str, args: argparse.Namespace) -> str | None:
    """The content of a secret's file. Raises ``BadInput``: ``settings_invalid``."""
    if getattr(args, f"setting_{name}", None) is not None:
        raise BadInput(
            f"{flag(name)} on the command line can be read by every user of this machine. Put it into a file "
            f"and give that, {flag(name)}-file FILE, or into {variable(name)}.",
            code="settings_invalid",
        )
    file = getattr(args, f"file_of_{name}", None) or os.environ.get(f"{variable(name)}_FILE")
    if not file:
        return None
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        raise BadInput(f"{flag(name)}-file: {file} cannot be read, or is empty.", code="settings_invalid")
    return secret


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return "://" in url and (parts.password is not None or "password" in parse_qs(parts.query))
    except ValueError:
        return False  # it is refused as a URL


def flag(name: str) -> str:
    """The option of a setting."""
    return f"--{name.replace('_', '-')}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"ASSISTANT_{name.upper()}"


def metavar(name: str) -> str:
    """A setting's placeholder in the help: its choices, or the last word of its name."""
    kind = Settings.model_fields[name].annotation
    if get_origin(kind) is Literal:
        return f"{{{','.join(get_args(kind))}}}"
    return name.rpartition("_")[2].upper()


def settings_from(args: argparse.Namespace) -> Settings:
    """Settings from the options, then the environment. Raises ``BadInput``: ``settings_invalid``."""
    given: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        value = _secret(name, args) if is_secret(name) else getattr(args, f"setting_{name}", None)
        if name == "store" and isinstance(value, str) and _has_password(value):
            raise BadInput(
                f"A password in {flag(name)} on the command line can be read by every user of this machine. "
                f"Put the URL into {variable(name)}, or the password into ~/.pgpass.",
                code="settings_invalid",
            )
        if value is not None:
            given[name] = _items(value) if get_origin(field.annotation) is tuple else value
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadInput(_said(error, given), code="settings_invalid") from None
    except ValueError as error:  # pydantic-settings: a variable that should be JSON
        del error
        raise BadInput(
            "A variable ASSISTANT_* that holds a list is not JSON.", code="settings_invalid"
        ) from None


def _said(error: ValidationError, given: Mapping[str, Any]) -> str:
    """The problem, with the name that the user used: the option or the variable."""
    first = error.errors(include_input=False, include_url=False)[0]
    clash = first.get("ctx", {}).get("error")
    if isinstance(clash, SettingsClash):
        named = {name: _named(name, value, given) for name, value in clash.values.items()}
        return clash.rule.format(**named)
    name = str(first["loc"][0]) if first["loc"] else ""
    if is_secret(name):
        return f"{variable(name)}: {fault_of(first)}"
    return f"{flag(name) if name in given else variable(name)}: {fault_of(first)}"


def _named(name: str, value: object, given: Mapping[str, Any]) -> str:
    """A setting and its value, as they stand or would stand on the command line."""
    field: FieldInfo = Settings.model_fields[name]
    if field.annotation is bool:
        return flag(name) if value else f"--no-{flag(name)[2:]}"
    if value is None:
        return flag(name)
    if name in given:
        return f"{flag(name)} {value}"
    is_default = value == field.get_default()
    return f"{flag(name)} {value} (the default)" if is_default else f"{variable(name)}={value}"


def _items(value: str) -> object:
    """A JSON list, or values separated by commas."""
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise BadInput("This list is not JSON.", code="settings_invalid") from None
    return [part.strip() for part in value.split(",") if part.strip()]
