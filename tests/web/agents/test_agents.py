"""The pages of agents."""

import pytest

from tests.serving import Sender, Server
from tests.web.agents.edge import Edge
from tests.web.browsing import Visitor, member, signed_in, text_of


@pytest.fixture
def edge(server: Server, sender: Sender) -> Edge:
    return Edge(server, sender, hostname="web-1.example", version="1.4")


@pytest.fixture
def owner(server: Server, sender: Sender) -> Visitor:
    return member(server, sender.project, "olga@example.com", "owner")


def test_without_agents_it_says_how_to_start_one(server: Server, sender: Sender) -> None:
    said = text_of(member(server, sender.project).get("/agents"))
    assert "logserver token create web --kind edge --project project-1" in said
    assert "logserver agent --server http://testserver --ship --follow" in said


def test_the_list_shows_how_each_is(server: Server, sender: Sender, edge: Edge) -> None:
    edge.beat(metrics={"cpu": 12.4, "memory": 93.6, "disk": 250, "load_1m": 0.3})
    Edge(server, sender, "db-1")
    visitor = member(server, sender.project)
    said = text_of(visitor.get("/agents"))
    assert "online web-1 web-1.example" in said
    assert "12 % 94 % 100 % 1.4 just now" in said
    assert "unknown db-1" in said
    assert "db-1" not in text_of(visitor.get("/agents", q="EXAMPLE"))
    assert "web-1" not in text_of(visitor.get("/agents", status="unknown"))
    assert "No agent is like that." in text_of(visitor.get("/agents", q="nobody"))
    assert visitor.get("/agents", status="lost").status_code == 422
    server.wait(100)
    assert "offline web-1" in text_of(visitor.get("/agents"))


@pytest.mark.parametrize("page", ["0", "x", "-3", "999999999", "2"])
@pytest.mark.usefixtures("edge")
def test_any_page_can_be_asked_for(server: Server, sender: Sender, page: str) -> None:
    assert member(server, sender.project).get("/agents", page=page).status_code == 200


def test_only_those_in_its_project_see_an_agent(server: Server, edge: Edge) -> None:
    stranger = member(server, server.sender("other").project, "eve@x.example")
    nobody, admin = Visitor(server), signed_in(server, "root@example.com")
    assert "web-1" not in stranger.get("/agents").text
    assert "web-1" in admin.get("/agents").text
    assert [each.get(edge.page).status_code for each in (stranger, nobody, admin)] == [404, 303, 200]
    for path in ("/config", "/delete", "/live"):
        assert stranger.post(edge.page + path, config="{}", version=1).status_code == 404
    assert stranger.get("/agents/no-such-agent").status_code == 404
    assert server.rows("SELECT count(*), max(config_version) FROM agents") == [(1, 1)]


def test_a_member_reads_and_an_owner_changes(server: Server, sender: Sender, edge: Edge, owner: Visitor) -> None:
    visitor = member(server, sender.project)
    assert "Owners of the project change it." in text_of(visitor.get(edge.page))
    assert visitor.post(f"{edge.page}/config", config="{}", version=1).status_code == 403
    assert visitor.post(f"{edge.page}/delete").status_code == 403
    answer = owner.post(f"{edge.page}/config", config='{"interval": 5}', version=1)
    assert "Version 2 is saved" in text_of(owner.follow(answer))
    assert server.rows("SELECT config, config_version FROM agents") == [('{"interval":5}', 2)]
    assert owner.post(f"{edge.page}/delete").headers["Location"] == "/agents"
    assert server.count("agents") == 0


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "Is not valid JSON"),
        ("[]", "Must be a JSON object."),
        ('{"a": 1e999}', "Is not valid JSON"),
        ('{"a":' * 17 + "1" + "}" * 17, "Must be nested at most 16 levels deep."),
        ("[" * 5_000, "Is not valid JSON"),
        ('{"a": "' + "x" * 33_000 + '"}', "Must be at most 32,768 bytes."),
    ],
)
def test_what_is_no_configuration_is_shown_again(
    server: Server, edge: Edge, owner: Visitor, config: str, said: str
) -> None:
    answer = owner.post(f"{edge.page}/config", config=config, version=1)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert server.rows("SELECT config_version FROM agents") == [(1,)]


def test_two_who_edit_at_once_see_both_versions(server: Server, edge: Edge, owner: Visitor) -> None:
    owner.post(f"{edge.page}/config", config='{"same": 1, "theirs": 2}', version=1)
    answer = owner.post(f"{edge.page}/config", config='{"same":1,"mine":"<i>"}', version=1)
    assert answer.status_code == 409
    said = text_of(answer)
    assert "Somebody saved version 2 while you were editing." in said
    assert "Version 2, and yours" in said
    assert '"theirs": 2 + "mine": "<i>"' in said
    assert "<i>" not in answer.text
    assert 'name="version" value="2"' in answer.text
    again = owner.post(f"{edge.page}/config", config='{"same":1,"mine":3}', version=2)
    assert again.status_code == 303
    assert server.rows("SELECT config, config_version FROM agents") == [('{"same":1,"mine":3}', 3)]


@pytest.mark.parametrize("version", ["", "x", "0", "9" * 30])
def test_a_version_that_is_none_is_not_the_stored_one(edge: Edge, owner: Visitor, version: str) -> None:
    assert owner.post(f"{edge.page}/config", config="{}", version=version).status_code == 409


def test_what_an_agent_says_of_itself_is_text(server: Server, sender: Sender) -> None:
    edge = Edge(server, sender, "<b>w</b>", hostname="<i>", version="<u>", labels={"<s>": "<em>"})
    visitor = member(server, sender.project)
    for page in (visitor.get("/agents"), visitor.get(edge.page)):
        assert not {tag for tag in ("<b>", "<i>", "<u>", "<s>", "<em>") if tag in page.text}
