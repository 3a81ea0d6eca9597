"""Orders over HTTP and from hospital systems: listed, opened as reports, followed, kept from others."""

import asyncio

import httpx
import pytest

from assistant.export.report import read_report
from assistant.server.tls import client_tls
from assistant.storage.database import Database
from assistant.storage.orders import Orders
from tests.orders.test_fhir import Server, patient, request
from tests.orders.test_hl7 import message
from tests.orders.test_modality import answering, authority, entry, free_port
from tests.server.test_signing import exported, sign
from tests.server.test_worklist import CHANGED, said, until
from tests.server.test_wrong_user import ByName, as_user

MARIA = {"id": "P-1", "name": "Muster, Maria", "born": "1950-02-01", "sex": "female"}
CT = {"accession": "A-77", "exam": "CT chest", "at": "2026-03-01T10:30"}


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
async def kept(start_server, tmp_path):
    return await start_server(store=tmp_path / "kept", user="ann")


async def orders(http, server, who=None, **query):
    headers = as_user(who) if who else {}
    return (await http.get(f"{server.http}/v1/orders", params=query, headers=headers)).json()["orders"]


async def write(http, server, who=None, patient=MARIA, **order):
    headers = as_user(who) if who else {}
    body = {"patient": patient, "order": {**CT, **order}}
    return await http.post(f"{server.http}/v1/orders", json=body, headers=headers)


async def open_order(http, server, order_id, who=None):
    headers = as_user(who) if who else {}
    return await http.post(f"{server.http}/v1/orders/{order_id}/open", headers=headers)


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


async def test_an_order_by_hand_is_listed_found_and_opened_as_a_report_with_its_fields(kept, pcm, http):
    made = await write(http, kept)
    assert made.status_code == 201
    (order,) = await orders(http, kept)
    assert (order["sources"], order["state"], order["by_hand"]) == (["hand"], "open", True)
    assert await orders(http, kept, text="muster ct a-77") == [order]
    assert await orders(http, kept, text="brain") == []
    opened = (await open_order(http, kept, order["id"])).json()
    client, created = await kept.session(resume=opened["token"])
    assert created["session"]["id"] == opened["id"]
    described = await client.until("assistant.report.described")
    assert described["patient"] == MARIA
    assert {name: described["order"][name] for name in CT} == CT
    assert await orders(http, kept) == []
    (taken,) = await orders(http, kept, state="taken")
    assert taken["report_id"] == opened["id"]
    again = (await open_order(http, kept, order["id"])).json()
    assert again["id"] == opened["id"], "it is gone on with, not begun twice"
    await http.delete(f"{kept.http}/v1/reports/{opened['id']}")
    assert [each["id"] for each in await orders(http, kept)] == [order["id"]], "to be reported again"
    assert (await http.delete(f"{kept.http}/v1/orders/{order['id']}")).status_code == 204
    assert await orders(http, kept) == []


BAD = [
    ({"id": "", "name": " "}, CT, "patient_missing"),
    (MARIA, {"exam": "", "accession": ""}, "order_empty"),
    ({**MARIA, "born": "yesterday"}, CT, "parameter_invalid"),
    ({**MARIA, "id": "9" * 65}, CT, "parameter_invalid"),
    (MARIA, {**CT, "at": "soon"}, "parameter_invalid"),
]


@pytest.mark.parametrize(("patient", "order", "expected"), BAD)
async def test_an_order_that_says_too_little_or_nonsense_is_refused(kept, http, patient, order, expected):
    answer = await http.post(f"{kept.http}/v1/orders", json={"patient": patient, "order": order})
    assert code(answer) == (400, expected)
    assert await orders(http, kept, state="all") == []
    for body in (b"", b"[]", b"{", b'{"patient": {}}', b"x" * 9000):
        answer = await http.post(f"{kept.http}/v1/orders", content=body)
        assert 400 <= answer.status_code < 500


async def test_a_number_that_another_patient_has_is_refused_by_hand(kept, http):
    await write(http, kept)
    answer = await write(http, kept, patient={**MARIA, "id": "P-2", "name": "Beispiel, Max"})
    assert code(answer) == (400, "order_other_patient")
    (order,) = await orders(http, kept, state="all")
    assert (order["patient"]["id"], order["doubt"]) == ("P-1", "")


async def test_another_user_sees_neither_own_orders_nor_taken_ones(start_server, tmp_path, http):
    server = await start_server(store=tmp_path / "kept", identifier=ByName())
    await write(http, server, "ann")
    (own,) = await orders(http, server, "ann")
    assert await orders(http, server, "bob", state="all") == []
    assert code(await open_order(http, server, own["id"], "bob")) == (404, "order_unknown")
    gone = await http.delete(f"{server.http}/v1/orders/{own['id']}", headers=as_user("bob"))
    assert code(gone) == (404, "order_unknown")
    from assistant.orders.hl7 import orders_in

    await server.hub.orders.put(orders_in(message().replace(b"A-77", b"A-78")))
    (shared,) = await orders(http, server, "bob")
    assert code(await http.delete(f"{server.http}/v1/orders/{shared['id']}", headers=as_user("bob"))) == (
        400,
        "order_not_by_hand",
    )
    both = await asyncio.gather(*(open_order(http, server, shared["id"], who) for who in ("ann", "bob")))
    assert sorted(each.status_code for each in both) == [201, 404], "two at once: one has it"
    loser = ("ann", "bob")[[each.status_code for each in both].index(404)]
    assert "A-78" not in str(await orders(http, server, loser, state="all"))


async def test_without_a_store_there_are_no_orders(server, http):
    assert code(await http.get(f"{server.http}/v1/orders")) == (400, "nothing_kept")


async def test_orders_of_a_fhir_server_come_change_and_leave_and_are_in_exports(
    start_server, tmp_path, pcm, http
):
    async with Server() as fhir:
        fhir.pages = [[request("r1"), request("r2", "P-2"), patient(), patient("P-2")]]
        server = await start_server(
            store=tmp_path / "kept", orders_fhir=fhir.url, orders_every_s=1, user="ann"
        )

        async def numbers(state="open"):
            return sorted(each["order"]["accession"] for each in await orders(http, server, state=state))

        await until_async(numbers, ["A-r1", "A-r2"])
        sources = (await http.get(f"{server.http}/v1/orders")).json()["sources"]
        assert [(each["source"], each["works"]) for each in sources] == [("fhir", True)]
        one = next(each for each in await orders(http, server) if each["order"]["accession"] == "A-r1")
        opened = (await open_order(http, server, one["id"])).json()
        client, _ = await server.session(resume=opened["token"])
        fhir.pages = [[request("r1", code={"text": "MR chest"}), patient()]]
        fhir.single = {"r2": request("r2", "P-2", status="revoked")}
        await client.until("assistant.notice", code="order_changed")
        await until_async(lambda: numbers("cancelled"), ["A-r2"])
        fhir.pages, fhir.single = [[]], {"r1": request("r1", status="revoked")}
        await client.until("assistant.notice", code="order_cancelled")
        fhir.status = 500
        await until(lambda: not server.hub.feeds[0].works)
        assert await numbers("cancelled") == ["A-r1", "A-r2"], "a failure changes nothing"
        await client.send("assistant.mode.set", mode="dictation")
        changed = await said(server, client, pcm, "The lungs are clear.")
        await sign(client, changed)
        session = {"id": opened["id"], "resume_token": opened["token"]}
        based_on = (await exported(http, server, session, "fhir")).json()["basedOn"]
        assert based_on[0]["reference"] == f"{fhir.url}/ServiceRequest/r1"
        assert based_on[0]["identifier"]["value"] == "A-r1"


async def until_async(ask, expected):
    async with asyncio.timeout(60):
        while await ask() != expected:  # noqa: ASYNC110 - nothing tells a test
            await asyncio.sleep(0.05)


async def test_a_worklist_entry_that_leaves_is_still_to_be_reported(start_server, tmp_path, http):
    there = [entry()]

    def handler(event):
        for each in there:
            yield 0xFF00, each
        yield 0x0000, None

    with answering(handler) as peer:
        address = f"{peer.title}@{peer.host}:{peer.port}"
        server = await start_server(store=tmp_path / "kept", orders_dicom=address, orders_every_s=1)

        async def told():
            return [(each["order"]["study"], each["state"]) for each in await orders(http, server)]

        await until_async(told, [("1.2.3.4", "open")])
        there.clear()

        async def left():
            return len(await server.hub.orders.keys("dicom", {"left"}))

        await until_async(left, 1)
        assert await told() == [("1.2.3.4", "open")]


async def sent(port, *messages, tls=None):
    """The answers to these messages, on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    answers = []
    try:
        for each in messages:
            writer.write(b"\x0b" + each + b"\x1c\r")
            answers.append((await reader.readuntil(b"\x1c\r")).strip(b"\x0b\x1c\r").decode())
    finally:
        writer.close()
    return answers


async def test_messages_over_mllp_are_stored_then_acknowledged_or_refused_with_a_code(
    start_server, tmp_path, pcm, http
):
    port = free_port()
    server = await start_server(store=tmp_path / "kept", orders_mllp=f"127.0.0.1:{port}", user="ann")
    await until(lambda: server.hub.feeds[0].works)
    other = message(control="XO").replace(b"P-1", b"P-2").replace(b"Muster", b"Beispiel")
    (taken,) = await sent(port, message())
    assert "MSA|AA|4711" in taken
    (order,) = await orders(http, server)
    (refused, kind) = await sent(port, other, message(kind="ADT^A01^ADT_A01"))
    assert "MSA|AE|4711" in refused and "ERR|||205^" in refused
    assert "MSA|AR|4711" in kind and "ERR|||200^" in kind
    (doubtful,) = await orders(http, server)
    assert (doubtful["patient"]["id"], doubtful["doubt"]) == ("P-1", "patient_changed")
    assert code(await open_order(http, server, order["id"])) == (400, "order_doubtful")
    await sent(port, message(control="XO", exam="CTA^CT angio^L"))
    opened = (await open_order(http, server, order["id"])).json()
    client, _ = await server.session(resume=opened["token"])
    described = await client.until("assistant.report.described")
    assert described["order"]["placer"] == "PL1" and described["order"]["exam"] == "CT angio"
    (cancelled,) = await sent(port, message(control="CA"))
    assert "MSA|AA|" in cancelled
    await client.until("assistant.notice", code="order_cancelled")
    await client.send("assistant.mode.set", mode="dictation")
    await said(server, client, pcm, "The lungs are clear.")
    session = {"id": opened["id"], "resume_token": opened["token"]}
    made = (await exported(http, server, session, "hl7")).text
    segments = {line.split("|")[0]: line.split("|") for line in made.split("\r") if line}
    assert segments["ORC"][2:4] == segments["OBR"][2:4] == ["PL1", "FI1"]
    assert segments["OBR"][18] == "A-77"
    assert read_report((await exported(http, server, session, "json")).content).order.study == "1.2.840.1"


async def test_a_sender_that_is_not_named_is_not_heard(start_server, tmp_path):
    port = free_port()
    server = await start_server(
        store=tmp_path / "kept", orders_mllp=f"127.0.0.1:{port}", orders_mllp_from=("10.0.0.5",)
    )
    await until(lambda: server.hub.feeds[0].works)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await sent(port, message())
    assert await server.hub.orders.keys("hl7", {"active"}) == {}


async def test_messages_over_mllp_and_tls_are_taken_from_senders_with_a_certificate(
    start_server, tmp_path, http
):
    port = free_port()
    ours, others = (authority(tmp_path / name) for name in ("ours", "others"))
    server = await start_server(
        store=tmp_path / "kept", orders_mllp=f"127.0.0.1:{port}", orders_mllp_cert=ours, orders_mllp_ca=ours
    )
    await until(lambda: server.hub.feeds[0].works)
    for tls in (None, client_tls(ours, None), client_tls(ours, others), client_tls(others, ours)):
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await sent(port, message(), tls=tls)
    assert await orders(http, server) == []
    (taken,) = await sent(port, message(), tls=client_tls(ours, ours))
    assert "MSA|AA|4711" in taken
    assert len(await orders(http, server)) == 1


async def test_messages_in_a_folder_are_taken_and_bad_ones_set_aside_with_their_answer(
    start_server, tmp_path, http
):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.hl7").write_bytes(message())
    (folder / "2.hl7").write_bytes(b"nonsense")
    (folder / "3.part").write_bytes(message(placer="PL9"))
    server = await start_server(store=tmp_path / "kept", orders_hl7_folder=folder)
    await until(lambda: (folder / "failed" / "2.hl7.ack").exists() and not (folder / "1.hl7").exists())
    assert [each["order"]["placer"] for each in await orders(http, server)] == ["PL1"]
    assert "MSA|AR|" in (folder / "failed" / "2.hl7.ack").read_text()
    assert (folder / "3.part").exists()


async def test_orders_outlive_their_server_and_old_ones_are_deleted(tmp_path):
    now = [1_000_000.0]
    database = Database(tmp_path)
    await database.start()
    kept = Orders(database, now=lambda: now[0])
    from assistant.orders.hl7 import orders_in

    await kept.put(orders_in(message()))
    await kept.put(orders_in(message(placer="PL2").replace(b"A-77", b"A-2")))
    (one, *_) = await kept.listed("ann")
    await kept.take(one.id, "ann", "sess_1")
    now[0] += 31 * 86_400
    await kept.delete_old(0)
    assert len(await kept.listed("ann")) == 2
    await kept.delete_old(30)
    assert [each.report_id for each in await kept.listed("ann")] == ["sess_1"], "one of a report stays"
    await database.close()
    again = Database(tmp_path)
    await again.start()
    assert len(await Orders(again).listed("ann")) == 1
    await again.close()


async def test_no_log_line_holds_what_an_order_says(start_server, tmp_path, http, caplog):
    caplog.set_level("DEBUG")
    port = free_port()
    folder = tmp_path / "in"
    folder.mkdir()
    marked = message(exam="X^Xylophagous^L").replace(b"Muster", b"Xylophagous")
    (folder / "Bad.hl7").write_bytes(marked.replace(b"ORC|NW", b"ORC|ZZ"))
    async with Server() as fhir:
        fhir.pages = [[request(code={"text": "Xylophagous"}), patient()]]
        server = await start_server(
            store=tmp_path / "kept", orders_fhir=fhir.url, orders_mllp=f"127.0.0.1:{port}",
            orders_hl7_folder=folder,
        )  # fmt: skip
        await until(lambda: all(each.works for each in server.hub.feeds))
        await sent(port, marked, marked.replace(b"P-1", b"P-2"), b"Xylophagous")
        await until((folder / "failed" / "Bad.hl7.ack").exists)
        await open_order(http, server, (await orders(http, server))[0]["id"])
        await server.stop()
    assert "ylophagous" not in caplog.text and CHANGED not in caplog.text
