"""Users, sign-ins and keys in the database, in virtual time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.errors import BadInput
from assistant.principal import RIGHTS, ROLES
from assistant.storage.database import Database
from assistant.storage.users import TOUCH_EVERY_S, Users
from tests.storage.rows import dump

PASSWORD = "correct horse battery"
IDLE_S, LONGEST_S = 600.0, 3600.0


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def users(where: Path | str, clock: Clock) -> AsyncIterator[Users]:
    database = Database(where)
    await database.start()
    yield Users(database, idle_s=IDLE_S, longest_s=LONGEST_S, now=clock)
    await database.close()


async def test_a_password_opens_its_own_user_and_no_other(users: Users) -> None:
    ann = await users.add("ann", ["clinician"], PASSWORD)
    await users.add("bob", ["clinician"], PASSWORD + "!")
    assert await users.with_password("ann", PASSWORD) == ann
    for name, password in (
        ("ann", PASSWORD + "!"),
        ("ann", PASSWORD.upper()),
        ("ann", ""),
        ("ann", PASSWORD * 20),
        ("Ann", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
    ):
        assert await users.with_password(name, password) is None, (name, password)


async def test_the_same_letters_typed_otherwise_are_the_same(users: Users) -> None:
    composed, apart = "Zoé the physician", "Zoe\u0301 the physician"
    await users.add("Zoé", ["clinician"], composed.replace("Zoé", "Röntgen é"))
    assert await users.with_password("Zoe\u0301", apart.replace("Zoe\u0301", "Ro\u0308ntgen e\u0301"))


async def test_nothing_secret_is_in_the_database(users: Users, where: Path | str) -> None:
    ann = await users.add("ann", ["clinician"], PASSWORD)
    token = await users.sign_in(ann.id)
    _, value = await users.add_key("ann", "script", ["dictate"], 1)
    kept = dump(where)
    assert "$argon2id$" in kept
    for secret in (PASSWORD, token, value, value.removeprefix("cva_")):
        assert secret not in kept


@pytest.mark.parametrize(
    ("name", "roles", "password", "code"),
    [
        ("ann", ["clinician"], "short", "password_weak"),
        ("ann", ["clinician"], "aaaaaaaaaaaaaaaa", "password_weak"),
        ("anna", ["clinician"], "anna-anna-anna-1234", "password_weak"),
        ("ann", ["clinician"], PASSWORD * 20, "password_weak"),
        ("ann", ["surgeon"], PASSWORD, "role_unknown"),
        ("ann", [], PASSWORD, "role_unknown"),
        ("", ["clinician"], PASSWORD, "name_invalid"),
        ("ann\n", ["clinician"], PASSWORD, "name_invalid"),
        ("a" * 65, ["clinician"], PASSWORD, "name_invalid"),
        ("\x1b[2J", ["clinician"], PASSWORD, "name_invalid"),
    ],
)
async def test_what_cannot_be_a_user_is_refused(
    users: Users, name: str, roles: list[str], password: str, code: str
) -> None:
    with pytest.raises(BadInput) as refused:
        await users.add(name, roles, password)
    assert refused.value.code == code
    assert await users.all() == []


async def test_a_name_means_one_person_for_ever(users: Users) -> None:
    ann = await users.add("ann", ["clinician"], PASSWORD)
    token = await users.sign_in(ann.id)
    _, key = await users.add_key("ann", "script", ["dictate"], 1)
    await users.remove("ann")
    assert await users.all() == []
    assert await users.with_password("ann", PASSWORD) is None
    assert await users.signed_in(token) is None
    assert await users.of_key(key) is None
    for again in (users.add("ann", ["clinician"], PASSWORD), users.remove("ann")):
        with pytest.raises(BadInput):
            await again


async def test_a_sign_in_ends_when_nobody_uses_it_and_in_any_case(users: Users, clock: Clock) -> None:
    ann = await users.add("ann", ["clinician"], PASSWORD)
    token = await users.sign_in(ann.id)
    principal = await users.signed_in(token)
    assert principal and principal.id == ann.id
    assert principal.rights == {"dictate", "sign", "ask", "transcribe"}
    idle = await users.sign_in(ann.id)
    for _ in range(round(LONGEST_S / (IDLE_S - 1))):
        assert await users.by_credential(principal.credential, used=True)
        clock.now += IDLE_S - 1
    assert await users.signed_in(idle) is None
    assert await users.signed_in(token)
    clock.now = 1_800_000_000.0 + LONGEST_S
    assert await users.signed_in(token) is None
    assert await users.by_credential(principal.credential, used=True) is None


async def test_looking_at_a_sign_in_does_not_use_it(users: Users, clock: Clock) -> None:
    ann = await users.add("ann", ["clinician"], PASSWORD)
    principal = await users.signed_in(await users.sign_in(ann.id))
    assert principal
    clock.now += TOUCH_EVERY_S + 1
    assert await users.by_credential(principal.credential, used=False)
    clock.now += IDLE_S - TOUCH_EVERY_S
    assert await users.by_credential(principal.credential, used=False) is None


async def test_signing_out_ends_one_sign_in_and_a_new_password_all(users: Users) -> None:
    ann = await users.add("ann", ["clinician"], PASSWORD)
    first, second = await users.sign_in(ann.id), await users.sign_in(ann.id)
    principal = await users.signed_in(first)
    assert principal
    await users.sign_out(principal.credential)
    assert await users.signed_in(first) is None
    assert await users.signed_in(second)
    _, key = await users.add_key("ann", "script", ["dictate"], 1)
    await users.set_password("ann", "another " + PASSWORD)
    assert await users.signed_in(second) is None
    assert await users.of_key(key) is None
    assert await users.with_password("ann", PASSWORD) is None
    assert await users.with_password("ann", "another " + PASSWORD)


async def test_a_key_has_its_scopes_and_never_more_than_its_user(users: Users, clock: Clock) -> None:
    await users.add("robot", ["service"], PASSWORD)
    key, value = await users.add_key("robot", "dashboard", ["watch", "ask"], 2)
    principal = await users.of_key(value)
    assert principal and principal.rights == {"watch", "ask"}
    await users.set_roles("robot", ["clinician"])
    principal = await users.of_key(value)
    assert principal and principal.rights == {"ask"}
    assert [each.id for each in await users.keys()] == [key.id]
    clock.now += 2 * 86_400
    assert await users.of_key(value) is None
    assert await users.keys() == []


async def test_a_revoked_key_is_over(users: Users) -> None:
    await users.add("robot", ["service"], PASSWORD)
    key, value = await users.add_key("robot", "script", ["dictate"], 2)
    principal = await users.of_key(value)
    assert principal
    await users.revoke_key(key.id)
    assert await users.of_key(value) is None
    assert await users.by_credential(principal.credential, used=True) is None
    with pytest.raises(BadInput):
        await users.revoke_key(key.id)


@pytest.mark.parametrize(
    ("scopes", "days", "code"),
    [
        (["administer"], 1, "scope_not_granted"),
        (["everything"], 1, "scope_unknown"),
        ([], 1, "scope_unknown"),
        (["dictate"], 0, "days_invalid"),
        (["dictate"], 4000, "days_invalid"),
    ],
)
async def test_what_cannot_be_a_key_is_refused(users: Users, scopes: list[str], days: int, code: str) -> None:
    await users.add("ann", ["clinician"], PASSWORD)
    with pytest.raises(BadInput) as refused:
        await users.add_key("ann", "script", scopes, days)
    assert refused.value.code == code


async def test_every_role_can_be_given_and_changed(users: Users) -> None:
    ann = await users.add("ann", ROLES, PASSWORD)
    assert ann.principal("").rights == set(RIGHTS)
    token = await users.sign_in(ann.id)
    await users.set_roles("ann", ["administrator"])
    principal = await users.signed_in(token)
    assert principal and "dictate" not in principal.rights
