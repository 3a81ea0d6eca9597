"""``assistant serve``: the server, with every setting as an option."""

import argparse
import json
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from assistant.commands.terminal import Subparsers, say
from assistant.config import Settings
from assistant.errors import BadInput


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="run the server",
        description="Run the server. Every option can also be set in the environment, e.g. ASSISTANT_PORT.",
    )
    add_settings(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = settings_from(args)
    from assistant.server.run import serve  # noqa: PLC0415 (takes a second to import)

    serve(settings, say)
    return 0


def add_settings(parser: argparse.ArgumentParser) -> None:
    """An option for each field of ``Settings``; ``settings_from`` reads them."""
    for name, field in Settings.model_fields.items():
        help_text = (field.description or "").replace("%", "%%")
        default = field.get_default()
        if default not in (None, ()):
            help_text += f" (default: {default})"
        options: dict[str, Any] = {"dest": f"setting_{name}", "default": None, "help": help_text}
        flag = f"--{name.replace('_', '-')}"
        if field.annotation is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, **options)
            continue
        parser.add_argument(flag, metavar=_metavar(name), **options)


def add_some_settings(parser: argparse.ArgumentParser, *names: str) -> None:
    """Options of ``assistant serve`` that another command takes too."""
    for name in names:
        field = name.replace("-", "_")
        parser.add_argument(
            f"--{name}",
            dest=f"setting_{field}",
            metavar=_metavar(field),
            help=f"as in: assistant serve --{name}",
        )


def _metavar(name: str) -> str:
    kind = Settings.model_fields[name].annotation
    if get_origin(kind) is Literal:
        return f"{{{','.join(get_args(kind))}}}"
    return name.rpartition("_")[2].upper()


def settings_from(args: argparse.Namespace) -> Settings:
    """Settings from the options, then the environment. Raises ``BadInput``: ``settings_invalid``."""
    given: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        value = getattr(args, f"setting_{name}", None)
        if value is None:
            continue
        if get_origin(field.annotation) is tuple:
            value = _items(value)
        given[name] = value
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field_name = str(first["loc"][0]) if first["loc"] else ""
        source = f"--{field_name.replace('_', '-')}" if field_name in given else _variable(field_name)
        raise BadInput(f"{source}: {first['msg']}", code="settings_invalid") from None
    except ValueError as error:  # pydantic-settings: a variable that should be JSON
        del error
        raise BadInput(
            "A variable ASSISTANT_* that holds a list is not JSON.", code="settings_invalid"
        ) from None


def _variable(name: str) -> str:
    return f"ASSISTANT_{name.upper()}"


def _items(value: str) -> object:
    """A JSON list, or values separated by commas."""
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise BadInput("This list is not JSON.", code="settings_invalid") from None
    return [part.strip() for part in value.split(",") if part.strip()]
