"""A PostgreSQL server of one's own, in a folder of its own, reached over a Unix socket: to test with."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from assistant.storage.store import Store

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
"""Folders of Debian's package."""
START_S = 30
LACKS = "" if INSTALLED else "needs PostgreSQL: apt-get install postgresql"


class Postgres:
    """Running. Each ``new_database`` has the tables of the newest version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self.made: list[str] = []
        options = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-Upg")
        made = subprocess.run(self._command("initdb", *options), cwd="/", check=False, capture_output=True)
        assert made.returncode == 0, made.stderr.decode()
        self.start()
        self.sql("postgres", "CREATE DATABASE template_of_tests")
        Store(self.url("template_of_tests")).close()

    def start(self) -> None:
        """It ends with this process, however that ends."""
        options = {
            "unix_socket_directories": self.folder,
            "listen_addresses": "",
            "fsync": "off",  # quick
            "wal_recycle": "off",  # as docs/operations.md has it
        }
        settings = [each for name, value in options.items() for each in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                self._command("postgres", *settings),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_S
        while True:
            try:
                self.sql("postgres", "SELECT 1")
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """At once, as when its machine is switched off."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_S)

    def signal(self, number: int) -> None:
        """To all of its processes."""
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for each in (first, *map(int, children)):
            os.kill(each, number)

    def url(self, name: str) -> str:
        return f"postgresql://pg@/{name}?host={self.folder}"

    def new_database(self, template: str = "template_of_tests") -> str:
        """Its URL."""
        self.made.append(f"test_{next(self._numbers)}")
        self.sql("postgres", f"CREATE DATABASE {self.made[-1]} TEMPLATE {template}")
        return self.url(self.made[-1])

    def drop_databases(self) -> None:
        while self.made:
            self.sql("postgres", f"DROP DATABASE IF EXISTS {self.made.pop()} WITH (FORCE)")

    def sql(self, database: str, statement: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def _command(self, program: str, *options: str) -> list[str]:
        """It refuses to run as root."""
        user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        command = [str(INSTALLED[-1] / program), "-D", str(self.folder / "data"), *options]
        return ["setpriv", "--pdeathsig=QUIT", *user, *command]


@contextmanager
def running() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path is 107 bytes at most
    try:
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
        server = Postgres(folder)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
