"""Signing in with a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.surfing import NARROW, WIDE, Surfer

Surf = Callable[..., Surfer]
PASSWORD = "a long walk in the rain"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_person_signs_in_and_out(surf: Surf, *, scripts: bool) -> None:
    surfer = surf(scripts=scripts)
    surfer.sign_in()
    surfer.give_password("ada@example.com", PASSWORD)
    surfer.context.clear_cookies()
    page = surfer.go("/sign-in?next=/no/such/page")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Nothing is here")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_form_is_accessible(surf: Surf, size: tuple[int, int], colours: str) -> None:
    surfer = surf(size=size, colours=colours)
    surfer.go("/sign-in")
    surfer.require_accessible()
