"""Orders in each kind of store: a file, an encrypted file, PostgreSQL."""

import pytest

from assistant.errors import BadInput
from assistant.events import Order, Patient
from assistant.orders.hl7 import orders_in
from assistant.orders.modality import placed_of as of_worklist
from assistant.orders.order import PlacedOrder
from assistant.storage.database import Database
from assistant.storage.keys import Key, use_key
from assistant.storage.orders import Orders
from tests.orders.test_hl7 import message
from tests.orders.test_modality import entry
from tests.postgres import needs_postgres
from tests.storage.test_encryption import SECRET, holding

MARIA = {"id": "P-1", "name": "Muster, Maria", "born": "1950-02-01"}
MAX = {"id": "P-2", "name": "Beispiel, Max", "born": "1960-03-02"}


def placed(key="1", accession="A-1", patient=MARIA, source="fhir", exam="CT chest", **fields):
    order = Order(accession=accession, exam=exam)
    return PlacedOrder(source=source, key=key, patient=Patient(**patient), order=order, **fields)


@pytest.fixture(params=["sqlite", "encrypted", pytest.param("postgresql", marks=needs_postgres)])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.storage.keys._keys", {})
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")
    if request.param == "encrypted":
        use_key(tmp_path, Key(SECRET))
    return tmp_path


@pytest.fixture
async def database(place):
    made = Database(place)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def orders(database):
    return Orders(database)


async def test_an_order_is_added_changed_taken_and_released(place, orders):
    assert await orders.put([placed(), placed("2", "A-2", MAX)]) == []
    one, other = sorted(await orders.listed("ann"), key=lambda each: each.patient.id)
    assert (one.patient, one.order.accession, one.state) == (Patient(**MARIA), "A-1", "open")
    assert (await orders.take(one.id, "ann", "sess_1")).id == one.id
    for person in ("ann", "bob"):
        with pytest.raises(BadInput) as refused:
            await orders.take(one.id, person, "sess_2")
        assert refused.value.code in ("order_not_open", "order_unknown")
    assert [each.id for each in await orders.listed("bob")] == [other.id]
    (news,) = await orders.put([placed(exam="CT abdomen")])
    assert (news.report_id, news.what) == ("sess_1", "changed")
    assert (await orders.news_of("sess_1")).what == "changed"
    assert set(await orders.keys("fhir", ["active"])) == {"1", "2"}
    await orders.release("sess_1")
    assert {each.state for each in await orders.listed("bob")} == {"open"}
    again = Database(place)
    await again.start()
    assert len(await Orders(again).listed("bob")) == 2
    await again.close()


async def test_one_number_for_two_patients_is_refused_or_marked(orders):
    await orders.put([placed(source="hl7")])
    for how in ("refuse", "mark"):
        with pytest.raises(BadInput) as refused:
            await orders.put([placed(source="hl7", patient=MAX)], other_patient=how)
        assert refused.value.code == "order_other_patient"
        (one,) = await orders.listed("ann")
        assert (one.patient.id, one.doubt) == ("P-1", "" if how == "refuse" else "patient_changed")
    with pytest.raises(BadInput) as refused:
        await orders.take(one.id, "ann", "sess_1")
    assert refused.value.code == "order_doubtful"
    await orders.put([placed(source="hl7")])
    assert [each.doubt for each in await orders.listed("ann")] == [""]


async def test_an_order_by_hand_is_its_writers_and_old_orders_go(database):
    now = [1_000_000.0]
    orders = Orders(database, now=lambda: now[0])
    own = await orders.write(Patient(**MARIA), Order(accession="A-1", exam="CT"), "ann")
    await orders.put([placed("2", "A-2", MAX)])
    assert [each.patient.id for each in await orders.listed("bob")] == ["P-2"]
    for order_id, person, code in (
        (own.id, "bob", "order_unknown"),
        ((await orders.listed("bob"))[0].id, "bob", "order_not_by_hand"),
    ):
        with pytest.raises(BadInput) as refused:
            await orders.remove(order_id, person)
        assert refused.value.code == code
    await orders.remove(own.id, "ann")
    now[0] += 31 * 86_400
    await orders.delete_old(30)
    assert await orders.listed("ann") == []


@pytest.mark.parametrize("source", ["fhir", "dicom", "hl7", "hand"])
async def test_a_list_that_names_an_order_twice_is_taken_whole_and_its_last_word_counts(orders, source):
    """Pages of a search move while they are read; a message may change the order that it places."""
    first, other, last = (
        placed(key, "", source=source, exam=exam)
        for key, exam in (("1", "CT chest"), ("2", "CT brain"), ("1", "CT abdomen"))
    )
    for _ in range(2):
        assert await orders.put([first, other, last]) == []
        assert sorted(each.order.exam for each in await orders.listed("")) == ["CT abdomen", "CT brain"]


NULL = "CT\0chest"


async def test_text_with_characters_that_no_database_keeps_is_taken_without_them(orders):
    """U+0000 in a field is no reason to lose an order, or all orders of a list."""
    made = entry(accession="A\0-3")
    made.RequestedProcedureDescription = NULL
    by_hl7 = orders_in(message(exam="X^CT\0chest^L").replace(b"PL1", b"PL\0001"))
    await orders.put([placed("k\0ey", "A\0-1", {**MARIA, "name": "Mus\0ter"}, exam=NULL, note="n\0")])
    await orders.put(by_hl7)
    await orders.put([of_worklist(made)])
    await orders.write(Patient(**MARIA), Order(accession="B\0", exam=NULL), "ann")
    for _ in range(2):  # what was kept is the same order again
        await orders.put([placed("k\0ey", "A\0-1", {**MARIA, "name": "Mus\0ter"}, exam=NULL, note="n\0")])
    found = await orders.listed("ann")
    assert "\0" not in repr(found) and "x00" not in repr(found)


async def test_no_word_of_an_order_is_in_a_file_of_an_encrypted_store(tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.storage.keys._keys", {tmp_path.resolve(): Key(SECRET)})
    database = Database(tmp_path)
    await database.start()
    await Orders(database).put([placed(patient={**MARIA, "name": "Quintessa"}, exam="xylophagous")])
    assert holding(tmp_path) == []
    await database.close()
    assert holding(tmp_path) == []
