"""The server from begin to end: where it listens, what it leaves behind, and that it does not load what it need not."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

from likewise.errors import InputError, OutputError
from likewise.studio.server import serve


class Serving(threading.Thread):
    """A studio in a thread of this process."""

    def __init__(self, folder: Path, **more: object) -> None:
        super().__init__(daemon=True)
        self.folder, self.told, self.more = folder, [""], more

    def run(self) -> None:
        serve(tell=self.told.append, **{"open_browser": False, **self.more})  # type: ignore[arg-type]

    def address(self) -> str:
        ends = time.monotonic() + 60
        while len(self.told) < 2 and time.monotonic() < ends:
            time.sleep(0.02)
        return self.told[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def get(address: str, token: str | None = None) -> int:
    headers = {} if token is None else {"X-Likewise-Token": token}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_it_listens_here_only_and_ends_when_nobody_asks(folder: Path, tmp_path: Path) -> None:
    pl.DataFrame({"a": ["1", "2"] * 20, "b": ["x", "y"] * 20}).write_csv(tmp_path / "t.csv")
    serving = Serving(folder, file=tmp_path / "t.csv", idle_seconds=3.0)
    serving.start()
    bare, _, token = serving.address().partition("#token=")
    (own,) = folder.iterdir()
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert get(f"{bare}api/state", token) == 200
    assert get(f"{bare}api/state") == 401
    assert get(bare) == 200
    port = int(bare.rstrip("/").rpartition(":")[2])
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for other in others:
        with socket.socket() as trying:
            trying.settimeout(2)
            assert trying.connect_ex((other, port)) != 0
    serving.join(60)
    assert not serving.is_alive()
    assert list(folder.iterdir()) == []
    assert (tmp_path / "t.csv").is_file()  # which is the person's own


def test_an_open_page_keeps_it_alive_and_its_end_does_not(folder: Path) -> None:
    serving = Serving(folder, idle_seconds=1.0)
    serving.start()
    bare, _, token = serving.address().partition("#token=")
    request = urllib.request.Request(f"{bare}api/events", headers={"X-Likewise-Token": token})
    with urllib.request.urlopen(request, timeout=60):
        time.sleep(3)
        assert serving.is_alive()
    serving.join(60)
    assert not serving.is_alive()


def test_what_a_browser_is_called_with_is_good_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other users of a machine can read the words that a program is called with."""
    called: list[str] = []
    monkeypatch.setattr("webbrowser.open", called.append)
    serving = Serving(folder, idle_seconds=2.0, open_browser=True)
    serving.start()
    token = serving.address().partition("#token=")[2]
    ends = time.monotonic() + 30
    while not called and time.monotonic() < ends:
        time.sleep(0.02)
    assert token not in called[0]
    bare, _, key = called[0].partition("#enter=")
    with urllib.request.urlopen(f"{bare}t/{key}", timeout=30) as answer:
        assert json.load(answer) == {"token": token}
    assert get(f"{bare}t/{key}") == 410
    serving.join(60)


def test_what_cannot_begin_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        serve(tmp_path / "nothing.csv", open_browser=False)
    with pytest.raises(InputError, match="cannot be read"):
        serve(plan=tmp_path / "nothing.toml", open_browser=False)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OutputError, match="cannot be taken"):
        serve(port=taken.getsockname()[1], open_browser=False)
    assert list(folder.iterdir()) == []


def test_the_server_loads_no_torch() -> None:
    code = "import sys, likewise.studio.server as s; assert 'torch' not in sys.modules; print(len(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
