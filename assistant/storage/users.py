"""Users with their passwords, sign-ins and API keys, in the database.

Passwords are hashed with Argon2id; of sign-ins and keys, which are random, only a SHA-256 is kept. A user who
was removed keeps the row, so that the name in the audit never means two people.
"""

import asyncio
import hashlib
import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assistant.errors import BadInput
from assistant.principal import RIGHTS, ROLES, Principal, Right, Role
from assistant.storage.database import Database

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
LONGEST_GROUP = 128
HASHES_AT_ONCE = 2
"""Each takes 64 MB and a tenth of a second of a core."""
SIGN_IN_PREFIX: Final = "sign_in_"
KEY_PREFIX: Final = "cva_"
TOKEN_PREFIX: Final = "token_"
"""The credential of a provider's token is ``token_END_USER``."""
LONGEST_KEY_DAYS = 366
TOUCH_EVERY_S = 30.0
"""Precision of the time at which a sign-in was used last."""
_UNNAMEABLE = re.compile(r"[^\w.@+' -]+")
_NAME = re.compile(r"[\w][\w.@+' -]{0,62}[\w.]|[\w]")

_tables = sa.MetaData()
_users = sa.Table(
    "users",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("password", sa.Text),
    sa.Column("issuer", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("roles", sa.JSON),
    sa.Column("groups", sa.JSON),
    sa.Column("made_at", sa.Float),
    sa.Column("removed_at", sa.Float),
)
_sign_ins = sa.Table(
    "sign_ins",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text),
    sa.Column("token_sha256", sa.Text),
    sa.Column("seen_at", sa.Float),
    sa.Column("ends_at", sa.Float),
)
_keys = sa.Table(
    "api_keys",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("key_sha256", sa.Text),
    sa.Column("scopes", sa.JSON),
    sa.Column("made_at", sa.Float),
    sa.Column("ends_at", sa.Float),
)


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    roles: frozenset[Role]
    groups: frozenset[str]
    has_password: bool

    def principal(self, credential: str, scopes: frozenset[Right] | None = None) -> Principal:
        return Principal(self.id, self.name, self.roles, self.groups, scopes, credential)


@dataclass(frozen=True, slots=True)
class Key:
    """The description of an API key; the key itself is shown once, when it is made."""

    id: str
    user: str
    name: str
    scopes: frozenset[Right]
    ends_at: float


class Users:
    """``idle_s``: a sign-in that nobody uses for so long ends; ``longest_s``: and any after this time.

    Every method raises ``AssistantError`` (``database_failed``) where the database does not answer.
    """

    def __init__(
        self,
        database: Database,
        *,
        idle_s: float = 1800,
        longest_s: float = 43_200,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._idle_s, self._longest_s, self._now = database, idle_s, longest_s, now
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._nobodys = ""

    # --- users ---

    async def add(self, name: str, roles: Collection[str], password: str) -> User:
        """Raises ``BadInput``: ``name_invalid``, ``name_taken``, ``role_unknown``, ``password_weak``."""
        name, chosen = _checked_name(name), _checked_roles(roles)
        hashed = await self._hashed(name, password)
        async with self._database.write() as connection:
            if (await connection.execute(sa.select(_users.c.id).where(_users.c.name == name))).first():
                raise BadInput(f"There is or was a user {name}. Choose another name.", code="name_taken")
            user = {"id": _new_id("user"), "name": name, "password": hashed, "roles": sorted(chosen)}
            await connection.execute(_users.insert().values(**user, groups=[], made_at=self._now()))
        return User(user["id"], name, chosen, frozenset(), has_password=True)  # type: ignore[arg-type]

    async def all(self) -> list[User]:
        """By name, without those who were removed."""
        query = sa.select(_users).where(_users.c.removed_at.is_(None)).order_by(_users.c.name)
        async with self._database.read() as connection:
            return [_user(row) for row in (await connection.execute(query)).mappings()]

    async def remove(self, name: str) -> User:
        """End the user's sign-ins and keys, for ever. What they made stays. Raises ``BadInput``:
        ``user_unknown``."""
        return await self._change(name, removed_at=self._now(), password=None)

    async def has_password(self, user_id: str) -> bool:
        """Whether the user signs in with a password here."""
        query = sa.select(_users.c.password).where(_users.c.id == user_id)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar() is not None

    async def set_password(self, name: str, password: str) -> User:
        """Ends every sign-in and key too. Raises ``BadInput``: ``user_unknown``, ``password_weak``."""
        return await self._change(name, password=await self._hashed(name, password))

    async def change_password(self, asks: Principal, old: str, new: str) -> bool:
        """A new password of the user who asks; False if ``old`` is not theirs. Their other sign-ins end,
        their keys stay. Raises ``BadInput``: ``password_weak``."""
        user = await self.with_password(asks.name, old)
        if user is None or user.id != asks.id:
            return False
        hashed = await self._hashed(user.name, new)
        others = (_sign_ins.c.user_id == user.id) & (_sign_ins.c.id != asks.credential)
        async with self._database.write() as connection:
            await connection.execute(_users.update().where(_users.c.id == user.id).values(password=hashed))
            await connection.execute(_sign_ins.delete().where(others))
        return True

    async def set_roles(self, name: str, roles: Collection[str]) -> User:
        """Raises ``BadInput``: ``user_unknown``, ``role_unknown``."""
        chosen = sorted(_checked_roles(roles))
        async with self._database.write() as connection:
            user = await _named(connection, name)
            await connection.execute(_users.update().where(_users.c.id == user.id).values(roles=chosen))
        return User(user.id, user.name, frozenset(chosen), user.groups, user.has_password)

    async def set_groups(self, name: str, groups: Collection[str]) -> User:
        """Those of a user of an identity provider come back at the next sign-in. Raises ``BadInput``:
        ``user_unknown``, ``group_invalid``."""
        chosen = sorted({each.strip() for each in groups} - {""})
        if any(len(each) > LONGEST_GROUP for each in chosen):
            raise BadInput(
                f"The name of a group has at most {LONGEST_GROUP} characters.", code="group_invalid"
            )
        async with self._database.write() as connection:
            user = await _named(connection, name)
            await connection.execute(_users.update().where(_users.c.id == user.id).values(groups=chosen))
        return User(user.id, user.name, user.roles, frozenset(chosen), user.has_password)

    async def _change(self, name: str, **values: object) -> User:
        async with self._database.write() as connection:
            user = await _named(connection, name)
            await connection.execute(_users.update().where(_users.c.id == user.id).values(**values))
            for table in (_sign_ins, _keys):
                await connection.execute(table.delete().where(table.c.user_id == user.id))
        return user

    async def with_password(self, name: str, password: str) -> User | None:
        """The user with this name and password. An unknown name takes as long as a wrong password."""
        query = sa.select(_users).where(_users.c.name == _normal(name), _users.c.removed_at.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        hashed = row["password"] if row else None
        if not await self._fits(hashed, password):
            return None
        assert row is not None
        if self._hasher.check_needs_rehash(row["password"]):
            again = await self._in_thread(self._hasher.hash, _normal(password))
            async with self._database.write() as connection:
                await connection.execute(
                    _users.update().where(_users.c.id == row["id"]).values(password=again)
                )
        return _user(row)

    async def _fits(self, hashed: str | None, password: str) -> bool:
        if len(password) > LONGEST_PASSWORD:
            return False
        if not self._nobodys:
            self._nobodys = await self._in_thread(self._hasher.hash, secrets.token_urlsafe(16))
        try:
            await self._in_thread(self._hasher.verify, hashed or self._nobodys, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    async def _hashed(self, name: str, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or len(set(password)) < 5:
            raise BadInput(
                f"A password needs {SHORTEST_PASSWORD} characters, five of them different; "
                f"{LONGEST_PASSWORD} at most.",
                code="password_weak",
            )
        if len(name) > 3 and _normal(name).casefold() in _normal(password).casefold():
            raise BadInput("The password may not hold the user's name.", code="password_weak")
        return str(await self._in_thread(self._hasher.hash, _normal(password)))

    async def _in_thread(self, work: Callable[..., Any], *arguments: str) -> Any:
        async with self._hashing:
            return await asyncio.to_thread(work, *arguments)

    # --- users of an identity provider ---

    async def of_provider(
        self, issuer: str, subject: str, name: str, roles: Collection[Role], groups: Collection[str]
    ) -> User | None:
        """The user who is this subject there, with these roles and groups from now on; a new one if need be.
        None for one who was removed here. A name that somebody else has here gets a number."""
        now_has = {"roles": sorted(roles), "groups": sorted(groups)}
        which = (_users.c.issuer == issuer) & (_users.c.subject == subject)
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(_users).where(which))).mappings().first()
        if row is not None and row["removed_at"] is not None:
            return None
        if row is not None and all(row[key] == value for key, value in now_has.items()):
            return _user(row)
        async with self._database.write() as connection:
            row = (await connection.execute(sa.select(_users).where(which))).mappings().first()
            if row is not None:
                await connection.execute(_users.update().where(which).values(**now_has))
                return User(row["id"], row["name"], frozenset(roles), frozenset(groups), has_password=False)
            base = _UNNAMEABLE.sub(".", _normal(name)).strip(" .-'@+")[:56] or "user"
            free, number = base, 1
            while (await connection.execute(sa.select(_users.c.id).where(_users.c.name == free))).first():
                number += 1
                free = f"{base} {number}"
            user = User(_new_id("user"), free, frozenset(roles), frozenset(groups), has_password=False)
            await connection.execute(
                _users.insert().values(
                    id=user.id, name=free, issuer=issuer, subject=subject, made_at=self._now(), **now_has
                )
            )
        return user

    async def _of_token(self, credential: str) -> Principal | None:
        """The owner of a provider's token that opened a socket, until the token ends."""
        _, ends_at, user_id = credential.split("_", 2)
        query = sa.select(_users).where(_users.c.id == user_id, _users.c.removed_at.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return _user(row).principal(credential) if row and float(ends_at) > self._now() else None

    # --- sign-ins ---

    async def sign_in(self, user_id: str) -> str:
        """Begin a sign-in of this user; returns the secret that a browser keeps."""
        token, now = secrets.token_urlsafe(32), self._now()
        row = {"id": _new_id("sign_in"), "user_id": user_id, "token_sha256": _sha256(token), "seen_at": now}
        async with self._database.write() as connection:
            await connection.execute(_sign_ins.delete().where(self._is_over()))
            await connection.execute(_sign_ins.insert().values(**row, ends_at=now + self._longest_s))
        return token

    async def sign_out(self, credential: str) -> None:
        """End one sign-in."""
        async with self._database.write() as connection:
            await connection.execute(_sign_ins.delete().where(_sign_ins.c.id == credential))

    async def signed_in(self, token: str) -> Principal | None:
        """The owner of this sign-in, which counts as used now."""
        return await self._of_sign_in(_sign_ins.c.token_sha256 == _sha256(token), used=True)

    def _is_over(self) -> "sa.ColumnElement[bool]":
        now = self._now()
        return (_sign_ins.c.ends_at <= now) | (_sign_ins.c.seen_at <= now - self._idle_s)

    async def _of_sign_in(self, which: "sa.ColumnElement[bool]", *, used: bool) -> Principal | None:
        query = (
            sa.select(_users, _sign_ins.c.id.label("credential"), _sign_ins.c.seen_at)
            .join(_sign_ins, _sign_ins.c.user_id == _users.c.id)
            .where(which, ~self._is_over(), _users.c.removed_at.is_(None))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            return None
        if used and row["seen_at"] + TOUCH_EVERY_S < self._now():
            seen = _sign_ins.update().where(_sign_ins.c.id == row["credential"]).values(seen_at=self._now())
            async with self._database.write() as connection:
                await connection.execute(seen)
        return _user(row).principal(row["credential"])

    # --- keys ---

    async def add_key(self, user: str, name: str, scopes: Collection[str], days: int) -> tuple[Key, str]:
        """The key and what it is: it is not shown again. Raises ``BadInput``: ``user_unknown``,
        ``scope_unknown``, ``scope_not_granted``, ``days_invalid``."""
        chosen = frozenset(right for right in RIGHTS if right in scopes)
        if len(chosen) != len(set(scopes)) or not chosen:
            raise BadInput(f"A scope is one of: {', '.join(RIGHTS)}.", code="scope_unknown")
        if not 1 <= days <= LONGEST_KEY_DAYS:
            raise BadInput(f"A key lasts 1 to {LONGEST_KEY_DAYS} days.", code="days_invalid")
        value, now = KEY_PREFIX + secrets.token_urlsafe(32), self._now()
        async with self._database.write() as connection:
            owner = await _named(connection, user)
            if missing := chosen - owner.principal("").rights:
                raise BadInput(
                    f"{owner.name} has no role with: {', '.join(sorted(missing))}.", code="scope_not_granted"
                )
            key = Key(_new_id("key"), owner.name, name[:64], chosen, now + days * 86_400)
            await connection.execute(
                _keys.insert().values(
                    id=key.id,
                    user_id=owner.id,
                    name=key.name,
                    key_sha256=_sha256(value),
                    scopes=sorted(chosen),
                    made_at=now,
                    ends_at=key.ends_at,
                )
            )
        return key, value

    async def keys(self) -> list[Key]:
        """Those that are valid, by user."""
        query = (
            sa.select(_keys, _users.c.name.label("user"))
            .join(_users, _keys.c.user_id == _users.c.id)
            .where(_keys.c.ends_at > self._now())
            .order_by(_users.c.name, _keys.c.made_at)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings()
            return [
                Key(row["id"], row["user"], row["name"], frozenset(row["scopes"]), row["ends_at"])
                for row in rows
            ]

    async def revoke_key(self, key_id: str) -> None:
        """Raises ``BadInput``: ``key_unknown``."""
        async with self._database.write() as connection:
            done = await connection.execute(_keys.delete().where(_keys.c.id == key_id))
        if not done.rowcount:
            raise BadInput("There is no such key. See: assistant keys list", code="key_unknown")

    async def of_key(self, value: str) -> Principal | None:
        """The owner of this key, with its scopes."""
        return await self._of_key(_keys.c.key_sha256 == _sha256(value))

    async def _of_key(self, which: "sa.ColumnElement[bool]") -> Principal | None:
        query = (
            sa.select(_users, _keys.c.id.label("credential"), _keys.c.scopes)
            .join(_keys, _keys.c.user_id == _users.c.id)
            .where(which, _keys.c.ends_at > self._now(), _users.c.removed_at.is_(None))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return _user(row).principal(row["credential"], frozenset(row["scopes"])) if row else None

    # ---

    async def by_credential(self, credential: str, *, used: bool) -> Principal | None:
        """The owner of this sign-in or key, if it is still valid; ``used``: it counts as used now."""
        if credential.startswith(TOKEN_PREFIX):
            return await self._of_token(credential)
        if credential.startswith("key_"):
            return await self._of_key(_keys.c.id == credential)
        return await self._of_sign_in(_sign_ins.c.id == credential, used=used)


async def _named(connection: Any, name: str) -> User:
    query = sa.select(_users).where(_users.c.name == _normal(name), _users.c.removed_at.is_(None))
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise BadInput("There is no such user. See: assistant users list", code="user_unknown")
    return _user(row)


def _user(row: Any) -> User:
    roles = frozenset(role for role in ROLES if role in row["roles"])
    return User(row["id"], row["name"], roles, frozenset(row["groups"]), row["password"] is not None)


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name := _normal(name)):
        raise BadInput(
            "A user's name has at most 64 letters and digits; inside it, also . _ @ + ' - and spaces.",
            code="name_invalid",
        )
    return name


def _checked_roles(roles: Collection[str]) -> frozenset[Role]:
    chosen = frozenset(role for role in ROLES if role in roles)
    if len(chosen) != len(set(roles)) or not chosen:
        raise BadInput(f"A role is one of: {', '.join(ROLES)}.", code="role_unknown")
    return chosen


def _normal(text: str) -> str:
    """The same letters typed on another keyboard are the same text."""
    return unicodedata.normalize("NFKC", text)


def _new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_urlsafe(12)}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
