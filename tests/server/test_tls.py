"""The certificate of https is renewed while people dictate; files that cannot be used change nothing."""

import asyncio
import socket
import ssl

import httpx
import pytest

from assistant.errors import BadInput
from assistant.server import tls
from assistant.server.tls import Certificate
from tests.certificates import certificate_for_localhost


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(tls, "LOOK_EVERY_S", 0.02)
    return certificate_for_localhost(tmp_path)


async def shown(server, host="127.0.0.1"):
    """The certificate that a new connection sees. A client names no host if it is an address."""

    def connect():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", server.port), 10) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True))

    return await asyncio.to_thread(connect)


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (a line of the log sets no event)
            await asyncio.sleep(0.01)


async def test_a_renewed_certificate_is_served_without_a_restart_and_an_open_session_goes_on(
    start_server, files, tmp_path, caplog
):
    server = await start_server(tls_cert=files[0], tls_key=files[1])
    old = files[0].read_text()
    assert await shown(server) == await shown(server, "localhost") == old
    client, _ = await server.session(ssl=ssl.create_default_context(cafile=files[0]))
    certificate_for_localhost(tmp_path, days=90)
    await until(lambda: "a new certificate is used" in caplog.text)
    new = files[0].read_text()
    assert new != old
    assert await shown(server) == await shown(server, "localhost") == new
    await client.works()
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=files[0])) as http:
        assert (await http.get(f"{server.http}/healthz")).status_code == 200


def cut_off(cert, key):
    cert.write_bytes(cert.read_bytes()[:200])


def missing(cert, key):
    cert.unlink()


def of_another_key(cert, key):
    old = key.read_bytes()
    certificate_for_localhost(cert.parent)
    key.write_bytes(old)


def swapped(cert, key):
    text = cert.read_bytes()
    cert.write_bytes(key.read_bytes())
    key.write_bytes(text)


def empty(cert, key):
    key.write_bytes(b"")


def ended(cert, key):
    certificate_for_localhost(cert.parent, days=-1)


BAD = (cut_off, missing, of_another_key, swapped, empty, ended)


@pytest.mark.parametrize("spoil", BAD)
async def test_bad_new_files_leave_the_old_certificate_in_use_and_are_said_once(
    start_server, files, tmp_path, caplog, spoil
):
    server = await start_server(tls_cert=files[0], tls_key=files[1])
    old = files[0].read_text()
    spoil(*files)
    await until(lambda: "the old certificate is kept until it ends on" in caplog.text)
    assert await shown(server) == old
    await asyncio.sleep(10 * tls.LOOK_EVERY_S)
    assert caplog.text.count("the old certificate is kept") == 1
    assert "PRIVATE KEY" not in caplog.text
    certificate_for_localhost(tmp_path)
    await until(lambda: "a new certificate is used" in caplog.text)
    assert await shown(server) == files[0].read_text() != old


@pytest.mark.parametrize("spoil", [each for each in BAD if each is not ended])
def test_at_the_start_bad_files_are_refused(files, spoil):
    spoil(*files)
    with pytest.raises(BadInput) as refused:
        Certificate(*files)
    assert refused.value.code == "certificate_unusable"


def test_certificate_and_key_may_be_one_file(files):
    files[0].write_bytes(files[0].read_bytes() + files[1].read_bytes())
    assert Certificate(files[0], None).reload()
