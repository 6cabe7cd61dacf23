"""What examples/export.md says, typed as it says."""

from pathlib import Path

from logserver.transfer import lines, records
from tests.docs.user import User, blocks, needs, table
from tests.examples import EXAMPLES, README
from tests.whole.process import serving
from tests.whole.raw import log_event

PAGE = EXAMPLES / "export.md"


def typed(user: User, mark: str, page: Path = PAGE) -> list[str]:
    """The lines of the page's block with this in it, with their files in the user's folder."""
    (block,) = [block for block in blocks("text", page) if mark in block]
    for name in ("my-app.jsonl.zst", "rest.jsonl.zst"):
        block = block.replace(name, f"'{user.home}/{name}'")
    return [line for line in block.splitlines() if line]


def test_a_project_moves_as_it_says(user: User, tmp_path: Path) -> None:
    token = user.token()
    (export,), (take_in,) = typed(user, "export my-app"), typed(user, "import my-app")
    export_rest, take_in_rest = typed(user, "export rest")
    assert user.sends(token, log_event("before the move")).status == 201
    user.types(export)
    assert user.sends(token, log_event("after the export")).status == 201
    home = tmp_path / "there"
    home.mkdir()
    with serving(tmp_path / "new") as server:
        there = User(server, home)
        assert "2 records are new" in there.types(take_in)  # the project and its event
        assert there.messages() == {"before the move"}
        user.types(export_rest)
        assert "1 records are new" in there.types(take_in_rest)
        assert there.messages() == {"before the move", "after the export"}


def test_a_project_moves_as_the_readme_says(user: User, tmp_path: Path) -> None:
    assert user.sends(user.token(), log_event("before the move")).status == 201
    export, take_in = typed(user, "export my-app", README)
    user.types(export)
    assert "2 records are new" in user.types(take_in.replace("/srv/other", str(tmp_path / "other")))


def test_the_lines_can_be_read_by_others(user: User) -> None:
    needs("zstd")
    needs("jq")
    failed = {"event": {"event_type": "error", "level": "error", "message": "it failed"}}
    assert user.sends(user.token(), failed).status == 201
    (export,), (read,) = typed(user, "export my-app"), typed(user, "zstd -dc")
    user.types(export)
    assert user.types(read) == '"it failed"\n'


def test_every_record_is_in_the_table() -> None:
    named = {name.strip("` ") for row in table("Record") for name in row[0].split(",")}
    kinds = [each for module in (lines, records) for each in vars(module).values() if isinstance(each, type)]
    tags = {kind.__struct_config__.tag for kind in kinds if issubclass(kind, lines.Line) and kind is not lines.Line}
    assert named == tags
