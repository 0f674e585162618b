from __future__ import annotations

import time

import likewise as lw


def test_a_message_of_any_length_is_held_to_passwords_in_no_time() -> None:
    for text in ("x" * 10**6, "a:" * 10**5, "p@" * 10**5, "postgres:" * 10**5):
        begun = time.process_time()
        assert len(str(lw.InputError(text))) < 11_000
        assert time.process_time() - begun < 5
    assert "s3cret" not in str(lw.InputError("no file 'postgres:/ann:s3cret@host/shop'" + "x" * 10**5))


def test_a_password_where_a_message_is_cut_is_not_shown() -> None:
    for before in range(9_970, 10_001):
        assert "s3cret" not in str(lw.InputError("x" * before + " sqlite:///ann:s3cret@host/shop was not found"))
