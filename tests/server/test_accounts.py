"""Users sign in, programs show keys: over real connections to a real server with a real database."""

import asyncio
import sqlite3

import httpx
import pytest
import websockets

from assistant.server import app as application
from assistant.server.auth import MOST_TRIES
from assistant.server.rights import NEEDS, PREFIX
from tests.postgres import needs_postgres
from tests.server.conftest import PATIENCE_S
from tests.server.test_owner import of_a_session, routes

PASSWORD = "correct horse battery"


in_both = pytest.mark.parametrize(
    "server", ["sqlite", pytest.param("postgresql", marks=needs_postgres)], indirect=True
)


@pytest.fixture
async def server(start_server, request, tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.server.auth.LOOK_AGAIN_S", 0.05)
    in_postgres = getattr(request, "param", "") == "postgresql"
    store = request.getfixturevalue("postgres") if in_postgres else tmp_path
    server = await start_server(sign_in="accounts", store=store, store_files=tmp_path / "files")
    for name, role in (("ann", "clinician"), ("bob", "clinician"), ("root", "administrator")):
        await server.hub.accounts.users.add(name, [role], PASSWORD)
    return server


def browser(server):
    return httpx.AsyncClient(
        base_url=server.http, timeout=PATIENCE_S, trust_env=False, headers={"Origin": server.http}
    )


async def sign_in(http, name, password=PASSWORD):
    return await http.post("/v1/sign-in", json={"name": name, "password": password})


def shown(http):
    """The headers of the browser's WebSocket."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items())}


async def open_session(server, http, **options):
    return await server.session(additional_headers=shown(http), origin=server.http, **options)


async def test_a_stranger_is_sent_to_the_page_where_users_sign_in(server):
    async with browser(server) as http:
        page = await http.get("/", headers={"Accept": "text/html"}, follow_redirects=True)
        assert page.url.path == "/sign-in"
        for loaded in ("sign-in.js", "sign-in.css", "favicon.svg"):
            assert loaded in page.text
            assert (await http.get(f"/{loaded}")).status_code == 200
        for path in ("/index.html", "/app.js", "/v1/models", "/v1/me", "/metrics"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_in_missing")


@in_both
async def test_a_user_signs_in_dictates_and_signs_out(server):
    async with browser(server) as http:
        answer = await sign_in(http, "ann")
        assert answer.status_code == 204
        flags = answer.headers["set-cookie"].lower()
        assert "httponly" in flags and "samesite=strict" in flags
        assert (await http.get("/v1/me")).json()["name"] == "ann"
        assert "Report" in (await http.get("/", headers={"Accept": "text/html"})).text
        client, created = await open_session(server, http)
        await client.works()
        assert server.hub.find(created["session"]["id"]).person.name == "ann"
        (row,) = [row for row in server.hub.writer.store.audit() if row.what == "session_opened"]
        assert row.who == "ann"
        assert (await http.post("/v1/sign-out")).status_code == 204
        assert await client.until_closed() == application.SIGNED_OUT
        assert (await http.get("/v1/me")).status_code == 401


async def test_one_user_cannot_hold_all_sessions(start_server, tmp_path):
    server = await start_server(sign_in="accounts", store=tmp_path, max_sessions_per_user=2)
    async with browser(server) as ann, browser(server) as bob:
        for http, name in ((ann, "ann"), (bob, "bob")):
            await server.hub.accounts.users.add(name, ["clinician"], PASSWORD)
            await sign_in(http, name)
        for _ in range(2):
            client, _ = await open_session(server, ann)
            await client.works()
        third = await server.connect(additional_headers=shown(ann), origin=server.http)
        assert await third.code() == "too_many_sessions"
        assert await third.until_closed() == 1013
        client, _ = await open_session(server, bob)
        await client.works()


async def test_a_name_or_password_that_is_wrong_gets_one_answer_and_no_cookie(server, caplog):
    async with browser(server) as http:
        answers = [await sign_in(http, *each) for each in (("ann", "wrong"), ("nobody-here", PASSWORD))]
        for answer in answers:
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "password_wrong")
            assert "set-cookie" not in answer.headers
        assert answers[0].text == answers[1].text
        assert "a name or password from 127.0.0.1 is wrong" in caplog.text
        assert "nobody-here" not in caplog.text


async def test_guessing_is_slowed_down_by_address_and_no_account_is_locked(server):
    async with browser(server) as http, browser(server) as elsewhere:
        elsewhere.headers["X-Forwarded-For"] = "192.0.2.7"
        for _ in range(MOST_TRIES):
            server.hub.tries.wrong("127.0.0.1", "a name or password")
        assert (await sign_in(http, "ann")).status_code == 429
        assert (await sign_in(elsewhere, "ann")).status_code == 204


async def test_with_the_cookie_another_site_can_change_nothing(server):
    async with browser(server) as http:
        await sign_in(http, "ann")
        del http.headers["Origin"]
        refused = await http.post("/v1/sign-out")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_missing")
        refused = await http.post("/v1/sign-out", headers={"Origin": "https://evil.example"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_not_allowed")
        with pytest.raises(websockets.InvalidStatus):
            await server.connect(additional_headers=shown(http))
        assert (await http.get("/v1/me")).status_code == 200
        assert (await http.post("/v1/sign-out", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 204


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_site_cannot_sign_anybody_in(server, origin):
    async with browser(server) as http:
        body = '{"name": "ann", "password": "correct horse battery"}'
        for headers in (
            {"Origin": origin, "Content-Type": "application/json"},
            {"Content-Type": "text/plain"},
        ):
            answer = await http.post("/v1/sign-in", content=body, headers=headers)
            assert answer.status_code in (400, 403)
            assert "set-cookie" not in answer.headers


async def test_two_users_have_sessions_of_their_own(server):
    async with browser(server) as ann, browser(server) as bob:
        await sign_in(ann, "ann")
        await sign_in(bob, "bob")
        client, created = await open_session(server, ann)
        session = created["session"]
        _, other = await open_session(server, bob, resume=session["resume_token"])
        assert other["session"]["id"] != session["id"]
        headers = {"X-Session-Token": session["resume_token"]}
        address = f"/v1/sessions/{session['id']}/words"
        assert (await bob.get(address, headers=headers)).status_code == 404
        assert (await ann.get(address, headers=headers)).status_code == 200
        await client.works()


@pytest.mark.parametrize("end", ["remove", "password", "role", "idle"])
async def test_whoever_may_no_longer_is_disconnected(server, end):
    users = server.hub.accounts.users
    async with browser(server) as http:
        await sign_in(http, "ann")
        client, _ = await open_session(server, http)
        match end:
            case "remove":
                await users.remove("ann")
            case "password":
                await users.set_password("ann", "another " + PASSWORD)
            case "role":
                await users.set_roles("ann", ["administrator"])
            case "idle":
                users._idle_s = 0
        assert await client.until_closed() == application.SIGNED_OUT


async def test_a_user_changes_the_password_and_the_other_sign_ins_end(server):
    _, value = await server.hub.accounts.users.add_key("ann", "script", ["dictate"], 1)
    new = "another " + PASSWORD
    async with browser(server) as http, browser(server) as elsewhere, browser(server) as bob:
        for each, name in ((http, "ann"), (elsewhere, "ann"), (bob, "bob")):
            await sign_in(each, name)
        client, _ = await open_session(server, elsewhere)
        here, _ = await open_session(server, http)
        for given, status, code in (
            ({"old": "wrong " + PASSWORD, "new": new}, 403, "password_wrong"),
            ({"old": PASSWORD, "new": "short"}, 400, "password_weak"),
            ({"new": new}, 400, "parameter_invalid"),
        ):
            answer = await http.post("/v1/me/password", json=given)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        given = {"old": PASSWORD, "new": new}
        headers = {"Authorization": f"Bearer {value}"}
        async with httpx.AsyncClient(base_url=server.http, trust_env=False) as program:
            answer = await program.post("/v1/me/password", json=given, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "sign_in_needed")
            assert (await http.post("/v1/me/password", json=given)).status_code == 204
            assert (await program.get("/v1/models", headers=headers)).status_code == 200
        assert await client.until_closed() == application.SIGNED_OUT
        assert (await elsewhere.get("/v1/me")).status_code == 401
        assert (await bob.get("/v1/me")).status_code == 200
        assert (await http.get("/v1/me")).json()["has_password"] is True
        await here.works()
        assert (await sign_in(elsewhere, "ann")).status_code == 401
        assert (await sign_in(elsewhere, "ann", new)).status_code == 204
    rows = await server.hub.accounts.log.rows(who="ann")
    assert {"changed the password", "refused: a new password"} <= {row.what for row in rows}
    assert PASSWORD not in str(rows)


async def test_an_administrator_keeps_users_groups_and_keys_and_each_change_is_in_the_access_log(server):
    base = "/v1/administration"
    async with browser(server) as root, browser(server) as ann, browser(server) as eve:
        await sign_in(root, "root")
        await sign_in(ann, "ann")
        assert (await ann.get(base)).json()["error"]["code"] == "right_missing"
        new = {"name": "eve", "roles": ["clinician"], "password": PASSWORD}
        made = await root.post(f"{base}/users", json=new)
        assert made.status_code == 201
        user = f"{base}/users/{made.json()['id']}"
        assert (await sign_in(eve, "eve")).status_code == 204
        changed = await root.patch(user, json={"roles": ["editor"], "groups": ["mri", "mri", " "]})
        assert (changed.json()["roles"], changed.json()["groups"]) == (["editor"], ["mri"])
        await root.post("/v1/shared/words?group=mri", json={"written": "Groupine"})
        assert [each["written"] for each in (await eve.get("/v1/own")).json()["words"]] == ["Groupine"]
        wanted = {"user": "eve", "name": "script", "scopes": ["dictate"], "days": 1}
        key = (await root.post(f"{base}/keys", json=wanted)).json()
        found = (await root.get(base)).json()
        assert key["value"] not in str(found) and PASSWORD not in str(found)
        assert [each["name"] for each in found["people"]["users"]] == ["ann", "bob", "eve", "root"]
        assert [each["name"] for each in found["people"]["keys"]] == ["script"]
        assert found["limits"]["storage_gb"] == 0
        assert found["health"]["ready"] and found["models"]["hears"] == server.model.name
        assert (await root.delete(f"{base}/keys/{key['id']}")).status_code == 204
        assert (await root.patch(user, json={"password": "another " + PASSWORD})).status_code == 200
        assert (await eve.get("/v1/me")).status_code == 401
        assert (await root.delete(user)).status_code == 204
        root_id = next(each["id"] for each in found["people"]["users"] if each["name"] == "root")
        for method, address, body, code in (
            ("DELETE", user, None, "user_unknown"),
            ("DELETE", f"{base}/users/{root_id}", None, "last_administrator"),
            ("PATCH", f"{base}/users/{root_id}", {"roles": ["clinician"]}, "last_administrator"),
            ("PATCH", f"{base}/users/{root_id}", {"groups": ["x" * 129]}, "group_invalid"),
            ("POST", f"{base}/users", {**new, "name": "ann"}, "name_taken"),
            ("POST", f"{base}/users", {**new, "name": "eva", "roles": []}, "role_unknown"),
            (
                "POST",
                f"{base}/keys",
                {**wanted, "scopes": ["watch"], "user": "ann"},
                "scope_not_granted",
            ),
            ("DELETE", f"{base}/keys/none", None, "key_unknown"),
        ):
            answer = await root.request(method, address, json=body)
            assert answer.json()["error"]["code"] == code
    rows = await server.hub.accounts.log.rows(who="root")
    done = [row.what for row in rows if not row.what.startswith(("GET", "POST", "PATCH", "DELETE"))]
    assert done == [
        "signed in",
        "user added",
        "roles changed: editor",
        "groups changed",
        "shared added: words",
        "key added",
        "key revoked",
        "password changed",
        "user removed",
    ]
    assert {row.about for row in rows if row.what == "user added"} == {made.json()["id"]}


async def test_what_is_shared_is_changed_by_administrators_only_and_each_change_is_in_the_access_log(server):
    async with browser(server) as ann, browser(server) as root:
        await sign_in(ann, "ann")
        await sign_in(root, "root")
        word = {"written": "Xylophagine"}
        assert (await ann.post("/v1/shared/words", json=word)).json()["error"]["code"] == "right_missing"
        assert (await root.post("/v1/own/words", json=word)).json()["error"]["code"] == "right_missing"
        for _ in range(2):
            thing_id = (await root.post("/v1/shared/words", json=word)).json()["id"]
            assert (await ann.get("/v1/own")).json()["words"][0]["of"] == "shared"
            assert (await root.put(f"/v1/shared/words/{thing_id}", json=word)).status_code == 200
            assert (await root.delete(f"/v1/shared/words/{thing_id}")).status_code == 204
    rows = [row.what for row in await server.hub.accounts.log.rows(who="root")]
    for what in ("shared added: words", "shared changed: words", "shared deleted: words"):
        assert rows.count(what) == 2
    assert "Xylophagine" not in str(rows)


@in_both
async def test_a_program_works_with_its_key_and_within_its_scopes(server):
    key, value = await server.hub.accounts.users.add_key("ann", "script", ["dictate"], 1)
    headers = {"Authorization": f"Bearer {value}"}
    client, created = await server.session(additional_headers=headers)
    await client.works()
    browser_like = await server.connect(subprotocols=["realtime", f"openai-insecure-api-key.{value}"])
    await browser_like.until("session.created")
    assert server.hub.find(created["session"]["id"]).person.name == "ann"
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False) as http:
        assert (await http.get("/v1/models", headers=headers)).status_code == 200
        refused = await http.post("/v1/chat/completions", headers=headers, json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "right_missing")
        wrong = await http.get("/v1/models", headers={"Authorization": "Bearer cva_wrong"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "key_invalid")
        await server.hub.accounts.users.revoke_key(key.id)
        assert (await http.get("/v1/models", headers=headers)).status_code == 401
    assert await client.until_closed() == application.SIGNED_OUT


async def test_an_administrator_changes_models_and_sees_no_patient(server):
    async with browser(server) as http:
        await sign_in(http, "root")
        assert (await http.get("/metrics")).status_code == 200
        with pytest.raises(websockets.InvalidStatus):
            await open_session(server, http)
        await sign_in(http, "ann")
        assert (await http.get("/metrics")).status_code == 403


async def test_while_the_database_fails_nobody_is_let_in_and_nobody_is_thrown_out(server, monkeypatch):
    async with browser(server) as http:
        await sign_in(http, "ann")
        client, _ = await open_session(server, http)

        async def fails(*_, **__):
            from assistant.errors import AssistantError

            raise AssistantError("The database failed.", code="database_failed")

        monkeypatch.setattr(server.hub.accounts.users, "signed_in", fails)
        monkeypatch.setattr(server.hub.accounts.users, "by_credential", fails)
        answer = await http.get("/v1/me")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_failed")
        await asyncio.sleep(0.2)
        await client.works()


async def test_https_gets_a_cookie_that_no_other_host_can_set(server):
    async with browser(server) as http:
        http.headers["X-Forwarded-Proto"] = "https"
        http.headers["Origin"] = server.http.replace("http:", "https:")
        cookie = (await sign_in(http, "ann")).headers["set-cookie"]
    assert cookie.startswith("__Host-assistant_sign_in")
    assert "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie


async def test_a_server_without_accounts_has_no_sign_in(start_server):
    server = await start_server()
    async with browser(server) as http:
        answer = await sign_in(http, "ann")
        assert answer.json()["error"]["code"] == "accounts_not_set"
        assert (await http.get("/v1/me")).json()["signs_out"] is False


@in_both
async def test_the_access_log_has_every_use_of_a_right_and_no_words(server):
    log = server.hub.accounts.log
    async with browser(server) as http:
        await sign_in(http, "ann", "wrong " + PASSWORD)
        await sign_in(http, "ann")
        client, created = await open_session(server, http)
        server.model.texts[3] = "The xylophagous lungs are clear."
        await client.works()
        session = created["session"]
        headers = {"X-Session-Token": session["resume_token"]}
        for method, address in of_a_session(server.app, session["id"]):
            await http.request(method, f"{address}?format=txt&name=xylophagous", headers=headers)
        await http.get("/metrics")
        await open_session(server, http, resume=session["resume_token"])
        async with browser(server) as bob:
            await sign_in(bob, "bob")
            await bob.get(f"/v1/sessions/{session['id']}/export", headers=headers)
        await http.post("/v1/sign-out")
    rows = await log.rows()
    assert {row.address for row in rows} == {"127.0.0.1"}
    ann = [row for row in rows if row.who == "ann"]
    done = {row.what for row in ann}
    assert {"signed in", "session begun", "session resumed", "signed out", "refused: GET /metrics"} <= done
    for path, methods in routes(server.app):
        if path.startswith(PREFIX):
            for method in methods:
                allowed = NEEDS[path] != "change_models"
                assert (f"{method} {path}" if allowed else f"refused: {method} {path}") in done
    assert {row.about for row in ann if PREFIX in row.what} == {session["id"]}
    assert all(row.user_id and row.credential for row in ann)
    assert "refused: another's session" in {row.what for row in rows if row.who == "bob"}
    assert "refused: a name or password" in {row.what for row in rows if row.who == "unknown"}
    assert "xylophagous" not in str(rows) and PASSWORD not in str(rows)
    assert session["resume_token"] not in str(rows)
    await log.verify()


async def test_checkpoints_show_an_audit_whose_end_was_cut_off(start_server, tmp_path, capsys):
    from assistant.cli import main
    from assistant.storage.database import FILE

    store, file, key = tmp_path / "store", tmp_path / "elsewhere", tmp_path / "key.pem"
    server = await start_server(sign_in="accounts", store=store, audit_checkpoints=file, audit_key=key)
    await server.hub.accounts.users.add("ann", ["clinician"], PASSWORD)
    async with browser(server) as http:
        await sign_in(http, "ann")
        client, _ = await open_session(server, http)
        await client.works()
    await server.stop()
    assert await asyncio.to_thread(main, ["audit", "key", str(key)]) == 0
    (tmp_path / "public.pem").write_text(capsys.readouterr().out)
    options = ["--checkpoints", str(file), "--public-key", str(tmp_path / "public.pem")]

    async def verify():
        status = await asyncio.to_thread(main, ["audit", "verify", "--store", str(store), *options])
        return status, capsys.readouterr()

    status, out = await verify()
    assert status == 0 and "2 checkpoints" in out.err
    (store / FILE).with_name("before").write_bytes((store / FILE).read_bytes())
    for table, trigger in (("access_log", "access_stays"), ("audit", "audit_stays")):
        with sqlite3.connect(store / FILE) as connection:
            connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute(f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})")
        connection.close()
        status, out = await verify()
        assert status == 2 and ("[audit_cut]" in out.err or "[audit_broken]" in out.err)
        (store / FILE).write_bytes((store / FILE).with_name("before").read_bytes())
