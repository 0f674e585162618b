"""Real servers: PostgreSQL and MariaDB of this machine, each started once on a socket in a folder of its own, as a user
who is not root; and a new, empty database in any of the four kinds."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "s3cret-w0rd"


def programme(name: str) -> str | None:
    """Where a programme of a server is; Debian keeps those of PostgreSQL apart."""
    places = [*sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True), "/usr/sbin", "/usr/bin"]
    return shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))


@dataclass(frozen=True)
class Server:
    """A server that runs: what connects to it, and databases by name."""

    dialect: str
    folder: Path
    connect: Callable[[str], Any]
    of: Callable[[str, str, str], str]
    numbers: Iterator[int]

    def url(self, database: str, user: str = "likewise", password: str = PASSWORD) -> str:
        return self.of(database, user, password)

    def new(self, *statements: str) -> str:
        """The URL of a new database, in which some statements were run."""
        name = f"shop{next(self.numbers)}"
        self.run("postgres" if self.dialect == "postgresql" else "mysql", f"CREATE DATABASE {name}")
        self.run(name, *statements)
        return self.url(name)

    def run(self, database: str, *statements: str) -> list[Any]:
        """Run statements, each committed; the rows of the last."""
        with contextlib.closing(self.connect(database)) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if statements and cursor.description else []

    def wait_until_left(self, database: str) -> None:
        """Until the server sees that whoever was connected has gone, and holds no lock for them."""
        own, held = (
            ("pg_backend_pid()", "pg_stat_activity WHERE datname = '{}' AND pid <> {}")
            if self.dialect == "postgresql"
            else ("connection_id()", "information_schema.processlist WHERE db = '{}' AND id <> {}")
        )
        query = "SELECT count(*) FROM " + held.format(database, own)
        until = time.monotonic() + 60
        while self.run(database, query)[0][0]:
            assert time.monotonic() < until, "the server still holds a connection"
            time.sleep(0.05)


@contextlib.contextmanager
def running(user: str, programmes: list[str], steps: Callable[[Path, dict[str, str]], list[str]]) -> Iterator[Path]:
    """Prepare a folder and run a server in it, as a user who is not root."""
    found = {name: programme(name) for name in programmes}
    if missing := [name for name, path in found.items() if path is None]:
        pytest.skip(f"{', '.join(missing)} not installed: apt-get install postgresql mariadb-server")
    if os.getuid() == 0 and user not in [entry.pw_name for entry in pwd.getpwall()]:
        pytest.skip(f"there is no user {user}, and the server does not run as root")
    # Not in pytest's own folder, which other users may not enter; short, for the path of a socket is.
    folder = Path(tempfile.mkdtemp(prefix="lw"))
    if os.getuid() == 0:
        shutil.chown(folder, user)
    folder.chmod(0o755)
    command = steps(folder, {name: str(path) for name, path in found.items()})
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **as_user(user))
    try:
        yield folder
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def as_user(user: str) -> dict[str, Any]:
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}


def wait_for(connect: Callable[[], Any], folder: Path, socket: str) -> None:
    """Until a server answers."""
    for _ in range(200):
        with contextlib.suppress(Exception):
            if (folder / socket).exists():
                connect().close()
                return
        time.sleep(0.1)
    raise RuntimeError((folder / "log").read_text(errors="replace")[-300:])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    psycopg = pytest.importorskip("psycopg")

    def steps(folder: Path, found: dict[str, str]) -> list[str]:
        word = folder / "word"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        data = str(folder / "data")
        how = [
            "-U",
            "likewise",
            "-A",
            "scram-sha-256",
            f"--pwfile={word}",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C.UTF-8",
        ]
        subprocess.run(
            [found["initdb"], "-D", data, *how], check=True, capture_output=True, cwd=folder, **as_user("postgres")
        )
        return [found["postgres"], "-D", data, "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]

    with running("postgres", ["initdb", "postgres"], steps) as folder:

        def of(database: str, user: str, password: str) -> str:
            return f"postgresql://{user}:{password}@/{database}?host={folder}"

        def connect(database: str) -> Any:
            return psycopg.connect(
                host=str(folder), dbname=database, user="likewise", password=PASSWORD, autocommit=True
            )

        wait_for(lambda: connect("postgres"), folder, ".s.PGSQL.5432")
        yield Server("postgresql", folder, connect, of, count())


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    pymysql = pytest.importorskip("pymysql")

    def steps(folder: Path, found: dict[str, str]) -> list[str]:
        data = f"--datadir={folder / 'data'}"
        (folder / "first.sql").write_text(
            f"CREATE USER likewise@localhost IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO likewise@localhost WITH GRANT OPTION;\n"
        )
        (folder / "first.sql").chmod(0o644)
        how = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        subprocess.run(
            [found["mariadb-install-db"], "--no-defaults", data, *how], check=True, capture_output=True, cwd=folder,
            **as_user("mysql"),
        )  # fmt: skip
        return [
            found["mariadbd"], "--no-defaults", data, f"--socket={folder / 'sock'}", "--skip-networking",
            f"--pid-file={folder / 'pid'}", f"--init-file={folder / 'first.sql'}", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
        ]  # fmt: skip

    with running("mysql", ["mariadb-install-db", "mariadbd"], steps) as folder:

        def of(database: str, user: str, password: str) -> str:
            return f"mysql://{user}:{password}@localhost/{database}?unix_socket={folder / 'sock'}"

        def connect(database: str) -> Any:
            return pymysql.connect(
                unix_socket=str(folder / "sock"), database=database, user="likewise", password=PASSWORD, autocommit=True
            )

        wait_for(lambda: connect("mysql"), folder, "sock")
        yield Server("mysql", folder, connect, of, count())


@pytest.fixture(params=["sqlite", "duckdb", "postgresql", "mysql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database of each kind."""
    if request.param in ("sqlite", "duckdb"):
        pytest.importorskip("sqlalchemy" if request.param == "sqlite" else "duckdb")
        return str(tmp_path / f"shop.{request.param}")
    server: Server = request.getfixturevalue("postgres" if request.param == "postgresql" else "mariadb")
    return server.new()
