"""The certificate of https, and those of orders. New files of https are used without a restart; unusable
ones change nothing."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from assistant import telemetry
from assistant.config import Settings
from assistant.errors import BadInput

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
"""Time between two looks at the files. A change is acted on at the look after the one that saw it, so that a
certificate whose key is still being written is left alone."""

Stamp = tuple[tuple[int, int, int] | None, ...]


class Certificate:
    """A certificate and its key, as they are in their files.

    ``context`` is for the listening socket. Each new connection gets the files that were read last;
    connections that are open keep theirs.
    """

    def __init__(self, cert: Path, key: Path | None) -> None:
        """Raises ``BadInput`` (``certificate_unusable``)."""
        self._files = (cert, key or cert)
        self._tried = self._stamp()
        self.context, self.ends_at = self._read()
        self._current = self.context
        self.context.sni_callback = self._choose
        telemetry.certificate_ends.set(self.ends_at.timestamp())
        if self.ends_at < datetime.now(UTC):
            log.warning("tls: the certificate ended on %s", _day(self.ends_at))

    def reload(self) -> bool:
        """Read the files again; False, with a line in the log, if they cannot be used. Blocks for
        milliseconds."""
        self._tried = self._stamp()
        try:
            context, ends_at = self._read()
        except BadInput as error:
            self._keep(error.message)
            return False
        if ends_at < datetime.now(UTC):
            self._keep(f"The new certificate ended on {_day(ends_at)}.")
            return False
        self._current, self.ends_at = context, ends_at
        telemetry.certificate_ends.set(ends_at.timestamp())
        log.warning("tls: a new certificate is used; it ends on %s", _day(ends_at))
        return True

    async def keep_fresh(self) -> None:
        """Reload the files whenever they have changed. Runs until cancelled."""
        before = self._tried
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now = await asyncio.to_thread(self._stamp)
            if now == before and now != self._tried:
                self.reload()
            before = now

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        """Called in each handshake, also of clients that name no host."""
        connection.context = self._current

    def _keep(self, why: str) -> None:
        log.error("tls: the old certificate is kept until it ends on %s. %s", _day(self.ends_at), why)

    def _read(self) -> tuple[ssl.SSLContext, datetime]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(*self._files, password=lambda: "")
            ends_at = x509.load_pem_x509_certificate(self._files[0].read_bytes()).not_valid_after_utc
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            raise BadInput(
                "--tls-cert and --tls-key cannot be used. Name a certificate and its key: two readable PEM "
                "files without a password.",
                code="certificate_unusable",
            ) from None
        return context, ends_at

    def _stamp(self) -> Stamp:
        return tuple(map(_stamp_of, self._files))


def certificate_of(settings: Settings) -> Certificate | None:
    """None where https is not wanted. Raises ``BadInput`` (``certificate_unusable``)."""
    if settings.tls_cert is None:
        if settings.tls_key is not None:
            raise BadInput("--tls-key needs --tls-cert.", code="certificate_unusable")
        return None
    return Certificate(settings.tls_cert, settings.tls_key)


def client_tls(ca: Path | None, cert: Path | None) -> ssl.SSLContext | None:
    """Asks a worklist: ``ca`` has the authorities that its certificate may be of, else the system's; ``cert``
    is shown to it. None without either. Raises ``BadInput`` (``certificate_unusable``)."""
    if ca is None and cert is None:
        return None
    with _usable("--orders-dicom-ca and --orders-dicom-cert"):
        context = ssl.create_default_context(cafile=ca)
        if cert is not None:
            context.load_cert_chain(cert, password=lambda: "")
    return context


def server_tls(cert: Path | None, ca: Path | None) -> ssl.SSLContext | None:
    """Hears senders of orders: with ``ca`` only those with a certificate of these authorities. None without
    ``cert``. Raises ``BadInput`` (``certificate_unusable``)."""
    if cert is None:
        return None
    with _usable("--orders-mllp-cert and --orders-mllp-ca"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, password=lambda: "")
        if ca is not None:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.contextmanager
def _usable(flags: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise BadInput(
            f"{flags} cannot be used. Name readable PEM files without a password; a certificate's file has "
            "its key too.",
            code="certificate_unusable",
        ) from None


def _stamp_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _day(time: datetime) -> str:
    return time.strftime("%Y-%m-%d")
