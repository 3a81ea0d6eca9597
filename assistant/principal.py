"""The sender of a request, a person or a program, and its rights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

Role = Literal["clinician", "editor", "administrator", "service"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Right = Literal["dictate", "sign", "ask", "transcribe", "watch", "change_models", "administer"]
"""``dictate``: sessions on the page or by a program, and everything of them, except to ``sign`` reports.
``ask``: questions in one request. ``transcribe``: recordings in one request. ``watch``: figures about the
server, without patients. ``change_models``: what hears and answers, for everybody.
``administer``: users, keys, the audit."""
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)

GRANTED: Final[Mapping[Role, frozenset[Right]]] = {
    "clinician": frozenset({"dictate", "sign", "ask", "transcribe"}),
    "editor": frozenset({"dictate", "ask", "transcribe"}),
    "administrator": frozenset({"watch", "change_models", "administer"}),
    "service": frozenset({"dictate", "ask", "transcribe", "watch"}),
}
"""An administrator sees no patient; who does both jobs has both roles."""
SOLE: Final = "local"
"""The id of the only user of a server without users: of this machine, or of everybody with the token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a program, as one request or one socket shows it.

    ``id`` owns sessions and reports and never changes; ``name`` is for people and the audit. ``scopes``: only
    these of its rights, as an API key or a short-lived key has them; None means all.
    """

    id: str
    name: str
    roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()
    scopes: frozenset[Right] | None = None
    credential: str = field(default="", compare=False)
    """The sign-in or key by which it came, so that the end of it ends what it opened; empty for the token."""

    @property
    def rights(self) -> frozenset[Right]:
        granted = frozenset(right for role in self.roles for right in GRANTED[role])
        return granted if self.scopes is None else granted & self.scopes


def sole_user(name: str) -> Principal:
    """Everybody, on a server without users: all rights."""
    return Principal(SOLE, name, frozenset(ROLES))
