import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.errors.masking import LONGEST, LONGEST_FRAME, mask, top_frame

FIRST = '  File "a.py", line 1, in main\n    run()\n'
LAST = '  File "b.py", line 2, in run\n    1 / 0\n'
LAST_LINE = 'File "b.py", line 2, in run'


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("order 4711 failed", "order # failed"),
        ("took 3 s", "took # s"),
        ("took 3.25 s", "took # s"),
        ("took 1e-7 s", "took # s"),
        ("took 12ms", "took #ms"),
        ("balance is -5", "balance is #"),
        ("balance is -5.5e10 now", "balance is # now"),
        ("1,234,567 rows", "# rows"),
        ("at 2026-01-26", "at #-#-#"),
        ("at 12:30:59.5", "at #"),
        ("from 10.0.0.17:8080", "from #"),
        ("from fe80:0:0:1:200:f8ff:fe21:67cf", "from #"),
        ("from 00:1b:44:11:3a:b7", "from #"),
        ("user 550e8400-e29b-41d4-a716-446655440000 is gone", "user # is gone"),
        ("user 550E8400E29B41D4A716446655440000 is gone", "user # is gone"),
        ("pointer 0xdeadbeef", "pointer #"),
        ("pointer 0x7f3a12", "pointer #"),
        ("commit 4f8c2d1a", "commit #"),
        ("key abcdefghijklmnop9", "key #"),
        ("id req_8fJx2kQ", "id req_#"),
        ("user-789 and ORD-12345", "user-# and ORD-#"),
        ("S3 failed", "S# failed"),
        ("EC2 failed", "EC# failed"),
        ("deadbeef cafe", "deadbeef cafe"),
        ("add:bad:cab:dad", "add:bad:cab:dad"),
        ("no such file: /etc/passwd", "no such file: /etc/passwd"),
        ("größe ١٢", "größe ١٢"),
        ("", ""),
    ],
)
def test_numbers_and_ids_go_and_words_stay(text: str, masked: str) -> None:
    assert mask(text) == masked


@given(st.text(max_size=3_000))
def test_no_digit_is_left_and_nothing_is_masked_twice(text: str) -> None:
    masked = mask(text)
    assert not re.search("[0-9]", masked)
    assert len(masked) <= LONGEST
    assert mask(masked) == masked


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="0123456789"), max_size=9)), st.data())
def test_messages_that_differ_in_their_numbers_are_one(words: list[str], data: st.DataObject) -> None:
    def said() -> str:
        return "".join(f"{word} {data.draw(st.integers(0, 10**9))} " for word in words)

    assert mask(said()) == mask(said())


@pytest.mark.parametrize("piece", ["1", "1.", "-", "-1", "a1", "1:", "0f:", "0f1e2d3c-", "1e-", "::", "0x"])
def test_what_is_looked_at_is_bounded(piece: str) -> None:
    assert len(mask(piece * 1_000_000)) <= LONGEST


@pytest.mark.parametrize(
    ("frames", "heading", "top"),
    [
        (["at pay (payment.ts:45)", "at checkout (checkout.ts:120)"], "", "at pay (payment.ts:45)"),
        (["TypeError: no", "    at pay (payment.ts:45)", "    at x"], "TypeError", "at pay (payment.ts:45)"),
        (["java.io.IOException: gone", "\tat com.shop.Pay.pay(Pay.java:5)"], "", "at com.shop.Pay.pay(Pay.java:5)"),
        ([FIRST, LAST], "", LAST_LINE),
        (["Traceback (most recent call last):", *FIRST.splitlines(), *LAST.splitlines(), "E: 'a'"], "E", LAST_LINE),
        (["app/models/order.rb:12:in 'pay'", "app/main.rb:3"], "", "app/models/order.rb:12:in 'pay'"),
        (["goroutine 17 [running]:", "main.pay(...)", "\t/app/main.go:12"], "", "main.pay(...)"),
        (["PaymentError", "pay.x:1"], "PaymentError", "pay.x:1"),
        (["PaymentErrors.pay:1"], "PaymentError", "PaymentErrors.pay:1"),
        (["", "  ", "frame"], "", "frame"),
        ([], "", ""),
        (["Traceback (most recent call last):"], "", ""),
    ],
)  # fmt: skip
def test_the_top_frame_of_a_stack(frames: list[str], heading: str, top: str) -> None:
    assert top_frame(frames, heading=heading) == top


def test_a_frame_is_bounded() -> None:
    assert len(top_frame(["at " + "x" * 10_000])) == LONGEST_FRAME
