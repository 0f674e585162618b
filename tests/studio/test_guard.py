"""What the guard keeps out, each line of it by a raw call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

from likewise.studio import api, state
from likewise.studio.session import Run, Settings, file_name
from likewise.studio.tickets import SECONDS, Served, Tickets

from .asgi import HOST, PORT, TOKEN, Studio, studio, websocket

FRAME = pl.DataFrame({"age": [str(20 + k % 50) for k in range(200)], "smokes": ["no", "yes"] * 100})
PATHS = ("/", "/static/app.js", "/static/words.json", "/t/abc", "/api/state", "/api/events", "/nothing")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Studio]:
    with studio(tmp_path) as found:
        yield found


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host",
    [None, "evil.test", f"evil.test:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", f"127.0.0.1.evil.test:{PORT}",
     f"127.0.0.1:{PORT}@evil.test", f"0.0.0.0:{PORT}", f"[::1]:{PORT}x", ""],
)  # fmt: skip
def test_a_name_that_was_pointed_at_this_machine_gets_nothing(page: Studio, path: str, host: str | None) -> None:
    answer = page.call("GET", path, host=host)
    assert answer.status == 403
    assert b"token" not in answer.body


def test_two_host_headers_get_nothing(page: Studio) -> None:
    assert page.call("GET", "/", headers=[("host", HOST)]).status == 403


@pytest.mark.parametrize("host", [HOST, f"localhost:{PORT}", f"LocalHost:{PORT}", f"[::1]:{PORT}"])
def test_this_machines_names_are_answered(page: Studio, host: str) -> None:
    assert page.call("GET", "/", host=host, token=None).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_another_site_gets_nothing_even_with_the_token(page: Studio, path: str, site: str) -> None:
    assert page.call("GET", path, headers=[("sec-fetch-site", site)]).status == 403


@pytest.mark.parametrize("origin", ["null", "http://evil.test", f"https://{HOST}", "http://127.0.0.1:9", ""])
def test_another_origin_gets_nothing_even_with_the_token(page: Studio, origin: str) -> None:
    assert page.call("POST", "/api/demo", {}, headers=[("origin", origin)]).status == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_itself_and_a_typed_address_are_answered(page: Studio, site: str) -> None:
    headers = [("sec-fetch-site", site), ("origin", f"http://{HOST}")]
    assert page.call("GET", "/api/state", headers=headers).status == 200


@pytest.mark.parametrize("token", [None, "", "a-toke", "a-token ", "A-TOKEN", "\xff\xfe", "ä", TOKEN * 1000])
@pytest.mark.parametrize(("method", "path", "_"), api.ROUTES)
def test_no_call_goes_without_the_token(page: Studio, method: str, path: str, _: object, token: str | None) -> None:
    assert page.call(method, path, {}, token=token).status == 401
    assert page.call("POST", "/api/quit", {}, token=token).status == 401


def test_two_tokens_are_none(page: Studio) -> None:
    assert page.call("GET", "/api/state", headers=[("x-likewise-token", TOKEN)]).status == 401


@pytest.mark.parametrize("path", ["/", "/api/state", "/ws", "/api/events"])
@pytest.mark.parametrize("headers", [[], [("host", HOST), ("x-likewise-token", TOKEN)]])
def test_a_websocket_is_closed_unheard(page: Studio, path: str, headers: list[tuple[str, str]]) -> None:
    answer = websocket(page.app, path, headers)
    assert [message["type"] for message in answer.messages] == ["websocket.close"]


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"])
@pytest.mark.parametrize("path", ["/", "/api/state", "/t/x"])
def test_other_methods_are_refused(page: Studio, method: str, path: str) -> None:
    assert page.call(method, path).status == 405


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/t/x"])
def test_nothing_outside_the_api_takes_a_body(page: Studio, path: str) -> None:
    assert page.call("POST", path, {}).status == 405


@pytest.mark.parametrize(
    "path",
    ["/static/../guard.py", "/static/%2e%2e/guard.py", "/static//etc/passwd", "/static/vendor/../../guard.py",
     "/static/..\\guard.py", "/static/", "/static", "/t/../api/state", "/t/..", "/etc/passwd", "//etc/passwd",
     "/static/words.json/x", "/static/app.js\x00"],
)  # fmt: skip
def test_no_path_leads_out(page: Studio, path: str) -> None:
    answer = page.call("GET", path)
    assert answer.status in (404, 410)
    assert b"compare_digest" not in answer.body
    assert b"root:" not in answer.body


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
def test_every_answer_carries_the_headers_and_allows_no_other_origin(page: Studio, path: str) -> None:
    if path == "/api/events":
        return
    for host in (HOST, "evil.test"):
        headers = page.call("GET", path, host=host).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert not any(name.startswith("access-control-") for name in headers)
        assert "set-cookie" not in headers


# ---- uploads ---------------------------------------------------------------------------------------------------------


def test_an_upload_that_says_that_it_is_too_large_is_not_read(page: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MOST_UPLOAD", 1000)
    answer = page.call("PUT", "/api/data", chunks=[b"x"], headers=[("content-length", "1001")], query="name=a.csv")
    assert answer.status == 413
    assert list(page.state.session.folder.iterdir()) == []


@pytest.mark.parametrize("told", ["10", "-5", "x"])
def test_an_upload_is_counted_whatever_it_says(page: Studio, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setattr(state, "MOST_UPLOAD", 1000)
    answer = page.call(
        "PUT", "/api/data", chunks=[b"a,b\n" * 100] * 10, headers=[("content-length", told)], query="name=a.csv"
    )
    assert answer.status == 413
    assert list(page.state.session.folder.iterdir()) == []
    assert page.state.session.source is None


def test_a_said_thing_may_not_be_large(page: Studio) -> None:
    answer = page.call("POST", "/api/settings", chunks=[b" " * 2**19] * 3)
    assert answer.status == 413


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'"x"', b"[" * 100_000, b"\xff", b'{"column": 1, "said": {"kind": 1}}']
)
def test_what_is_no_answerable_request_is_refused(page: Studio, body: bytes) -> None:
    page.open_frame(FRAME)
    assert page.call("POST", "/api/column", chunks=[body]).status == 400


@pytest.mark.parametrize("said", ["skip=-1", "skip=99999999", "delimiter=ab", "encoding=nobody", "decimal=x", "skip=x"])
def test_what_is_no_way_to_write_a_file_is_refused_and_leaves_nothing(page: Studio, said: str) -> None:
    data = FRAME.write_csv().encode()
    assert page.call("PUT", "/api/data", chunks=[data], query=f"name=a.csv&{said}").status == 400
    assert list(page.state.session.folder.iterdir()) == []
    assert page.call("PUT", "/api/data", chunks=[data], query="name=a.csv&header=true&delimiter=,").status == 200


HOSTILE = [
    "../../etc/passwd", "..\\..\\x.csv", "/etc/cron.d/x", "a\x00b.csv", "-rf.csv", ".bashrc", "$(id).csv", "a;id.csv",
    "\x1b[2J.csv", "x" * 5000 + ".csv", "", "a b.csv", "<img src=x onerror=alert(1)>.csv", "表.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_files_name_is_for_people_only(page: Studio, name: str) -> None:
    from urllib.parse import quote

    answer = page.open_frame(FRAME, quote(name))
    assert answer.status == 200
    shown = answer.json["source"]["name"]
    assert shown == file_name(name)
    assert not set(shown) & set("/\\\x00\x1b$;`'\"<>|&*")
    assert 0 < len(shown) <= 120
    assert not shown.startswith(("-", "."))
    (written,) = page.state.session.folder.iterdir()
    assert len(written.name.partition(".")[0]) == 32
    assert set(written.name.partition(".")[0]) <= set("0123456789abcdef")


def test_what_cannot_be_read_leaves_nothing_and_does_not_tell_where_it_lay(page: Studio) -> None:
    answer = page.call("PUT", "/api/data", chunks=[b"PAR1 and then nothing"], query="name=secret.parquet")
    assert answer.status == 400
    assert str(page.state.session.folder) not in str(answer.json["error"])
    assert list(page.state.session.folder.iterdir()) == []


def test_hostile_cells_and_names_stay_data(page: Studio) -> None:
    name = "<script>alert(1)</script>"
    frame = pl.DataFrame({"__proto__": ["1", "2"] * 60, name: ["=cmd|' /C calc'!A0", "<b>x</b>"] * 60})
    answer = page.open_frame(frame)
    assert answer.headers["content-type"] == "application/json"
    assert [column["name"] for column in answer.json["columns"]] == ["__proto__", name]
    assert page.call("POST", "/api/column", {"column": "__proto__", "said": {"kind": "categorical"}}).status == 200
    assert page.call("POST", "/api/column", {"column": "__class__", "said": {"kind": "id"}}).status == 400
    assert page.call("POST", "/api/column", {"column": name, "said": {"__class__": "x"}}).status == 400


# ---- tickets ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_run(page: Studio) -> Studio:
    page.open_frame(FRAME)
    session = page.state.session
    folder = session.folder / "run"
    folder.mkdir()
    (folder / "synthetic.csv").write_text("age\n1\n", encoding="utf-8")
    (folder / "report.html").write_text("<script>fetch('/api/state')</script>", encoding="utf-8")
    session.runs.append(Run("abc", Settings(), session.schema, folder, "job", {"n": 1}))
    return page


def test_a_ticket_is_good_once_and_needs_no_token(with_run: Studio) -> None:
    address = with_run.call("POST", "/api/ticket", {"run": "abc", "what": "rows"}).json["address"]
    first = with_run.call("GET", address, token=None)
    assert first.body == b"age\n1\n"
    assert first.headers["content-disposition"].startswith("attachment")
    assert with_run.call("GET", address, token=None).status == 410
    assert with_run.call("GET", "/t/" + "x" * 32).status == 410


def test_a_ticket_is_kept_from_another_site(with_run: Studio) -> None:
    address = with_run.call("POST", "/api/ticket", {"run": "abc", "what": "rows"}).json["address"]
    assert with_run.call("GET", address, headers=[("sec-fetch-site", "cross-site")]).status == 403
    assert with_run.call("GET", address).status == 200


def test_a_report_is_shown_in_a_box_of_its_own(with_run: Studio) -> None:
    address = with_run.call("POST", "/api/ticket", {"run": "abc", "what": "report", "show": True}).json["address"]
    policy = with_run.call("GET", address, token=None).headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy  # default-src 'none' stands
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("what", ["../run/synthetic.csv", "/etc/passwd", "rows/../..", "model", "", 7])
def test_a_ticket_is_for_known_files_only(with_run: Studio, what: object) -> None:
    assert with_run.call("POST", "/api/ticket", {"run": "abc", "what": what}).status == 400
    assert with_run.call("POST", "/api/ticket", {"run": "../abc", "what": "rows"}).status == 400
    assert with_run.call("POST", "/api/save", {"what": what}).status == 400


def test_only_pages_are_shown_in_frames(with_run: Studio) -> None:
    assert with_run.call("POST", "/api/ticket", {"run": "abc", "what": "rows", "show": True}).status == 400


def test_a_ticket_runs_out(tmp_path: Path) -> None:
    now = [0.0]
    tickets = Tickets(lambda: now[0])
    served = Served(tmp_path, None, "text/html")
    old, new = tickets.give(served), ""
    now[0] = SECONDS - 1
    new = tickets.give(served)
    now[0] = SECONDS + 1
    assert tickets.take(old) is None
    assert tickets.take(new) == served


def test_blind_nothing_of_the_rows_is_told(page: Studio) -> None:
    frame = pl.DataFrame({"age": ["731", "732"] * 73, "word": ["unheard", "unseen"] * 73})
    opened = page.call("PUT", "/api/data", chunks=[frame.write_csv().encode()], query="name=t.csv&blind=1")
    protect = page.call("POST", "/api/protect", {})
    for answer in (opened, protect):
        assert answer.status == 200
        assert not any(told in answer.body for told in (b"731", b"unheard", b"146", b"n_distinct", b"bins"))
    assert page.call("POST", "/api/column/try", {"column": "age", "said": {"kind": "integer"}}).status == 400
    assert page.call("POST", "/api/rules", {}).status == 400
    assert page.call("POST", "/api/advise", {}).status == 400
    said = page.call("POST", "/api/column", {"column": "age", "said": {"kind": "integer", "bounds": [0, 999]}})
    assert said.status == 200
    assert b"731" not in said.body
