"""Exports: everything that a search finds, harmless to spreadsheets, with their progress."""

import csv
import io

import msgspec
import pytest

from logserver.core.searching import export
from logserver.core.searching.export import harmless
from tests.serving import Sender, Server
from tests.web.browsing import member
from tests.web.logs.sending import of, send


def test_json_lines_have_everything_newest_first(
    server: Server, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_EVENTS", 3)
    for n in range(8):
        send(server, sender, f"n{n}", context={"n": n}, occurred_at=server.clock.now_ms() - n)
    visitor = member(server, sender.project)
    answer = visitor.get(of(sender, "/logs/export"), q="n:>0", format="jsonl", name="mine")
    found = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert [each["message"] for each in found] == [f"n{n}" for n in range(1, 8)]
    assert found[0]["context"]["n"] == 1
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{sender.project.slug}-20260921141330.jsonl"'
    said = visitor.get(of(sender, "/logs/export/progress"), name="mine").json()
    assert said == {"events": 7, "bytes": len(answer.content), "state": "done", "reason": ""}


def test_csv_is_harmless_to_spreadsheets(server: Server, sender: Sender) -> None:
    send(server, sender, '=HYPERLINK("http://evil.example")', context={"who": "@SUM(1)", "n": -5, "text": 'a,"b"\nc'})
    answer = member(server, sender.project).get(of(sender, "/logs/export"), format="csv", columns="who,n,text,=cmd")
    head, row = csv.reader(io.StringIO(answer.text, newline=""))
    cells = dict(zip(head, row, strict=True))
    assert cells["message"] == '\'=HYPERLINK("http://evil.example")'
    assert (cells["who"], cells["n"], cells["text"], cells["'=cmd"]) == ("'@SUM(1)", "-5", 'a,"b"\nc', "")
    assert msgspec.json.decode(cells["context"])["n"] == -5


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n=1", "\uff1d1"])
def test_a_formula_is_a_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"x{text}") == f"x{text}"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"q": "("}, "q: "),
        ({"format": "xlsx"}, "format: must be jsonl or csv"),
        ({"name": "a b"}, "name: must be"),
        ({"from": "never"}, "from: "),
    ],
)
def test_what_cannot_be_exported_is_refused(server: Server, sender: Sender, query: dict[str, str], said: str) -> None:
    answer = member(server, sender.project).get(of(sender, "/logs/export"), **query)
    assert (answer.status_code, said in answer.text) == (422, True)


def test_nothing_found_is_an_empty_file(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    assert visitor.get(of(sender, "/logs/export")).text == ""
    assert visitor.get(of(sender, "/logs/export"), format="csv").text.count("\n") == 1


def test_there_are_three_of_a_user_at_a_time_and_each_is_the_users_own(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    user = next(uuid for (uuid,) in server.rows("SELECT uuid FROM users"))
    exports = server.app.site.exports
    held = [exports.begin(user, f"n{n}") for n in range(3)]
    assert visitor.get(of(sender, "/logs/export")).status_code == 409
    other = member(server, sender.project, "carol@example.com")
    assert other.get(of(sender, "/logs/export"), name="n0").status_code == 200
    assert other.get(of(sender, "/logs/export/progress"), name="n1").status_code == 404
    for progress in held:
        exports.end(progress)
    said = visitor.get(of(sender, "/logs/export/progress"), name="n1").json()
    assert (said["state"], said["reason"]) == ("broken", "The download was broken off.")
    assert visitor.get(of(sender, "/logs/export"), name="n1").status_code == 409
    server.clock.turn(121)
    assert visitor.get(of(sender, "/logs/export"), name="n1").status_code == 200
