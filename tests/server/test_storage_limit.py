"""A limit to what a user's reports hold refuses attachments and nothing that is said."""

import io

import httpx
import numpy as np
import PIL.Image
import pytest

from assistant.session.attachments import held_bytes, kept_bytes
from assistant.storage.keys import Key, use_key
from tests.imaging.bad_files import png
from tests.postgres import needs_postgres
from tests.server.conftest import PATIENCE_S
from tests.server.test_accounts import PASSWORD, browser, open_session, sign_in
from tests.server.test_realtime import image, message
from tests.server.test_worklist import said, written
from tests.storage.test_encryption import SECRET

FULL = (413, "storage_full_for_user")


@pytest.fixture(params=["sqlite", "encrypted", pytest.param("postgresql", marks=needs_postgres)])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.storage.keys._keys", {})
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")
    if request.param == "encrypted":
        use_key(tmp_path, Key(SECRET))
    return tmp_path


def noise():
    """A picture that no format makes smaller than its 750 kB."""
    values = np.random.default_rng(7).integers(0, 256, (500, 500, 3), np.uint8)
    PIL.Image.fromarray(values).save(data := io.BytesIO(), "PNG")
    return data.getvalue()


async def attach(http, session, data):
    headers = {"X-Session-Token": session["resume_token"]}
    return await http.post(
        f"/v1/sessions/{session['id']}/attachments?name=a.png", headers=headers, content=data
    )


def outcome(answer):
    return answer.status_code, answer.json()["error"]["code"]


async def test_what_goes_over_the_limit_is_refused_until_a_report_is_deleted(
    start_server, place, tmp_path, pcm
):
    server = await start_server(
        sign_in="accounts", store=place, store_files=tmp_path / "files", storage_gb_per_user=0.002
    )
    store = server.hub.writer.store
    ids = {}
    for name, role in (("ann", "clinician"), ("bob", "clinician"), ("root", "administrator")):
        ids[name] = (await server.hub.accounts.users.add(name, [role], PASSWORD)).id
    async with browser(server) as ann, browser(server) as bob, browser(server) as root:
        for http, name in ((ann, "ann"), (bob, "bob"), (root, "root")):
            await sign_in(http, name)
        first, created = await open_session(server, ann)
        await first.send("assistant.mode.set", mode="dictation")
        kept, size = created["session"], 0
        for _ in range(16):
            size = kept_bytes(store.files_of(kept["id"]))
            answer = await attach(ann, kept, noise())
            if answer.status_code != 201:
                break
        assert outcome(answer) == FULL and size > 0
        assert "Delete reports" in answer.json()["error"]["message"]
        assert kept_bytes(store.files_of(kept["id"])) == size <= 0.002 * 2**30
        assert written(await said(server, first, pcm, "The lungs are clear.")) == "The lungs are clear."
        assert "The lungs are clear." in str(store.events(kept["id"]))

        second, created = await open_session(server, ann)
        await second.works()
        assert outcome(await attach(ann, created["session"], noise())) == FULL
        _, of_bob = await open_session(server, bob)
        assert (await attach(bob, of_bob["session"], noise())).status_code == 201

        shown_held = (await root.get("/v1/administration/storage")).json()["users"]
        assert shown_held[ids["ann"]] >= size > shown_held[ids["bob"]] > 0
        assert (await root.get("/v1/administration")).json()["limits"]["storage_gb"] == 0.002
        assert (await ann.get("/v1/administration/storage")).status_code == 403

        assert (await ann.delete(f"/v1/reports/{kept['id']}")).status_code == 204
        assert held_bytes(store, ids["ann"])[ids["ann"]] < size / 2
        assert (await attach(ann, created["session"], noise())).status_code == 201


async def test_when_words_alone_fill_it_every_way_to_attach_is_refused_before_anything_is_sent(
    start_server, tmp_path, pcm
):
    server = await start_server(store=tmp_path, storage_gb_per_user=1e-7)
    client, created = await server.session()
    session = created["session"]
    await client.send("assistant.mode.set", mode="dictation")
    assert written(await said(server, client, pcm, "The lungs are clear.")) == "The lungs are clear."
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False) as http:
        assert outcome(await attach(http, session, png())) == FULL
        begun = await http.post(
            f"/v1/sessions/{session['id']}/uploads", headers={"X-Session-Token": session["resume_token"]}
        )
        assert outcome(begun) == FULL
    assert kept_bytes(server.hub.writer.store.files_of(session["id"])) == 0
    assert written(await said(server, client, pcm, "The heart is normal.", 0.5)).endswith(
        "The heart is normal."
    )
    assert "The heart is normal." in str(server.hub.writer.store.events(session["id"]))
    await client.send("conversation.item.create", item=message(image(png())))
    assert await client.code() == FULL[1]
    _, created = await server.session("?keep=nothing")
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False) as http:
        assert (await attach(http, created["session"], png())).status_code == 201
