"""A PostgreSQL server of one's own, in a folder of its own, reached over a Unix socket: to test with."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from assistant.storage.store import Store

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
"""Folders of Debian's package."""
LACKS = "" if INSTALLED else "needs PostgreSQL: apt-get install postgresql"


class Postgres:
    """Running. Each ``new_database`` has the tables of the newest version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self.made: list[str] = []
        self._as_postgres(
            "initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-Upg"
        )
        self.start()
        self.sql("postgres", "CREATE DATABASE template_of_tests")
        Store(self.url("template_of_tests")).close()

    def start(self) -> None:
        settings = f"-c unix_socket_directories={self.folder} -c listen_addresses=''"
        settings += " -c fsync=off -c wal_recycle=off"  # quick, and as docs/operations.md has it
        self._as_postgres("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", settings, "start")

    def stop(self) -> None:
        """At once, as when its machine is switched off."""
        self._as_postgres("pg_ctl", "-w", "-m", "immediate", "stop")

    def signal(self, number: int) -> None:
        """To all of its processes."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
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

    def _as_postgres(self, program: str, *options: str) -> None:
        """It refuses to run as root."""
        command = [str(INSTALLED[-1] / program), "-D", str(self.folder / "data"), *options]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        with (self.folder / "errors").open("w") as errors:  # not a pipe: the server would keep it open
            subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=errors, check=True)


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
