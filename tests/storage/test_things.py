"""Own words, templates, macros and settings, in a database and in memory."""

import pytest

from assistant.errors import BadInput
from assistant.storage import things as module
from assistant.storage.database import FILE, Database
from assistant.storage.things import SHARED, Things
from tests.postgres import needs_postgres


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres), "memory"])
async def things(request, tmp_path):
    place = request.getfixturevalue("postgres") if request.param == "postgresql" else tmp_path
    made = Things(None if request.param == "memory" else Database(place), Clock())
    await made.start()
    yield made
    await made.close()


async def test_things_are_added_changed_and_deleted_by_owner(things):
    word = await things.put("ann", "words", "zyvondra", {"written": "Zyvondra"})
    await things.put("bob", "words", "zyvondra", {"written": "Zyvondra"})
    await things.put(SHARED, "macros", "normal heart", {"text": "Normal."})
    assert [each.body for each in await things.of("ann")] == [{"written": "Zyvondra"}]
    assert await things.of("ann") is await things.of("ann")
    changed = await things.put("ann", "words", "zyvondra", {"written": "zyvondra"}, word.id)
    assert changed.id == word.id
    assert [each.body for each in await things.of("ann")] == [{"written": "zyvondra"}]
    assert await things.delete("ann", "words", [word.id]) == 1
    assert await things.of("ann") == ()
    assert len(await things.of("bob")) == len(await things.of(SHARED)) == 1
    assert await things.delete("bob", "words") == 1


async def test_another_owners_thing_is_unknown_and_a_name_is_taken_once(things):
    word = await things.put("ann", "words", "zyvondra", {})
    for owner, kind in (("bob", "words"), ("ann", "macros")):
        with pytest.raises(BadInput) as error:
            await things.put(owner, kind, "other", {}, word.id)
        assert error.value.code == "thing_unknown"
    assert await things.delete("bob", "words", [word.id]) == 0
    with pytest.raises(BadInput) as error:
        await things.put("ann", "words", "zyvondra", {})
    assert error.value.code == "name_taken"


async def test_there_are_limits_and_the_oldest_correction_goes(things, monkeypatch):
    monkeypatch.setattr(module, "MOST", {"words": 2, "corrections": 2})
    for name in ("one", "two"):
        await things.put("ann", "words", name, {})
    with pytest.raises(BadInput) as error:
        await things.put("ann", "words", "three", {})
    assert error.value.code == "too_many"
    for name in ("1", "2", "3"):
        things._now.now += 1
        await things.put("ann", "corrections", name, {})
    assert [each.name for each in await things.of("ann") if each.kind == "corrections"] == ["2", "3"]


async def test_they_last_and_another_server_sees_them(tmp_path):
    clock = Clock()
    one, other = Things(Database(tmp_path), clock), Things(Database(tmp_path), clock)
    await one.start()
    await other.start()
    assert await other.of("ann") == ()
    word = await one.put("ann", "words", "zyvondra", {"written": "Zyvondra"})
    clock.now += module.READ_AGAIN_S
    assert await other.of("ann") == (word,)
    await other.delete("ann", "words")
    assert all(b"Zyvondra" not in file.read_bytes() for file in tmp_path.glob(f"{FILE}*"))
    clock.now += module.READ_AGAIN_S
    assert await one.of("ann") == ()
    await one.close()
    await other.close()
