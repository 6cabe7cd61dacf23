"""Whose the settings of a project are, and the pages of the server."""

import pytest

from logserver.core.projects import Project
from logserver.web.page import Access, PageRoute
from logserver.web.server.routes import ROUTES as SERVER
from logserver.web.settings.routes import ROUTES as SETTINGS
from tests.serving import Server
from tests.web.browsing import Visitor, member, signed_in


def path_of(route: PageRoute) -> str:
    return route.path.replace("{project}", "shop").replace("{", "").replace("}", "")


def ask(visitor: Visitor, route: PageRoute) -> int:
    return (visitor.get if route.method == "GET" else visitor.post)(path_of(route)).status_code


@pytest.mark.usefixtures("shop")
def test_strangers_are_not_told_that_the_project_is_there(server: Server) -> None:
    stranger = signed_in(server, "eve@example.com", "member")
    assert {ask(stranger, route) for route in SETTINGS} == {404}
    nobody = Visitor(server)
    asked = {
        nobody.get(path_of(route)).headers["Location"].partition("?")[0] for route in SETTINGS if route.method == "GET"
    }
    assert asked == {"/sign-in"}


def test_members_may_not_change_settings(server: Server, shop: Project) -> None:
    visitor = member(server, shop)
    assert {ask(visitor, route) for route in SETTINGS} == {403}


def test_owners_see_every_page_and_change_all_but_the_rates(owner: Visitor) -> None:
    assert {ask(owner, route) for route in SETTINGS if route.method == "GET"} == {200}
    for_admins = [route for route in SETTINGS if route.access is Access.ADMIN]
    assert [route.path.rpartition("/")[2] for route in for_admins] == ["rate", "token"]
    assert {ask(owner, route) for route in for_admins} == {403}
    assert "Requests a minute" not in owner.get("/p/shop/settings/limits").text


@pytest.mark.parametrize("route", SERVER, ids=lambda route: route.path)
def test_the_servers_pages_are_for_admins(server: Server, owner: Visitor, route: PageRoute) -> None:
    assert Visitor(server).get(route.path).status_code == 303
    assert owner.get(route.path).status_code == 403
    assert signed_in(server).get(route.path).status_code == 200


@pytest.mark.usefixtures("shop")
def test_an_admin_of_no_project_sees_all_settings(server: Server) -> None:
    admin = signed_in(server)
    assert {ask(admin, route) for route in SETTINGS if route.method == "GET"} == {200}
    assert admin.get("/p/nothing/settings").status_code == 404
