"""The one-file program: complete on a machine without Python, one process, unpacked once."""

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.whole.agents import INTERVALS, until
from tests.whole.executable import Machine, executable
from tests.whole.process import PATIENCE, environment, serving
from tests.whole.raw import EVENTS, ask, log_event, request
from tests.whole.small_disk import small_disk


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = tmp_path_factory.getbasetemp()
    return executable(shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs are unpacked in a test."""
    folder = tmp_path / "cache"
    for name in ("CACHE_DIRECTORY", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / f"logserver-{os.getuid()}"


def runs(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, env=environment() | variables, check=False
    )


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - of the server of this test
        return str(answer.read().decode())


def test_it_is_complete_on_a_machine_without_python(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path / "machine", program)
    for name, value in machine.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with serving(machine.root / "data", "--data", "/data", program=machine.program) as server:
        setup = server.says("/welcome?token=").replace("localhost", server.host)
        assert "/logserver user create" in server.says("user create")

        token = machine.runs("token", "create", "app", "--project", "app", "--data", "/data").strip()
        said = machine.runs("verify", server.base_url, token)
        assert "audit" in said
        assert "check-in" in said

        # Templates and the files beside them, the description of the API and what draws it.
        styled = page(setup)
        styles = re.findall(r'href="(/static/[^"]+\.css)"', styled)
        assert styles
        assert all("{" in page(server.base_url + style) for style in styles)
        assert '"openapi"' in page(f"{server.base_url}/openapi.json")
        assert "swagger" in page(f"{server.base_url}/docs")

        key = machine.runs("token", "create", "edge", "--kind", "edge", "--project", "app", "--data", "/data").strip()
        (machine.root / "app.log").write_text("GET /from-a-file zurück\n", encoding="utf-8")
        agent = subprocess.Popen(
            [*machine.program, "agent", "--ship", "--from-start", "--state", "/state", *INTERVALS, "/app.log"],
            env=machine.environment() | {"LOGSERVER_AGENT_SERVER": server.base_url, "LOGSERVER_AGENT_KEY": key},
            stderr=subprocess.PIPE,
        )
        try:
            until(lambda: "zurück" in machine.runs("search", "agent:*", "--data", "/data"), server.log)
            agent.terminate()
            assert agent.wait(PATIENCE) == 0
        finally:
            agent.kill()
            agent.communicate()
        assert "running" in machine.runs("status", "--data", "/data")
        machine.runs("audit", "verify", "--project", "app", "--data", "/data")
    machine.runs("demo", "--days", "1", "--data", "/demo")
    assert machine.runs("groups", "--data", "/demo")


def test_a_killed_server_is_one_process_and_leaves_nothing_behind(program: Path, tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder, program=(str(program),)) as server:
        # The process that was started is the server itself: signals and the supervisor reach it, and nobody between.
        (unpacked,) = cache.iterdir()
        assert Path(f"/proc/{server.pid}/exe").resolve() == unpacked / "logserver"
        assert children(server.pid) == ""
        made = runs(program, "token", "create", "app", "--project", "app", "--data", folder)
        token = made.stdout.strip()
        assert ask(server, request(EVENTS, token, log_event("before"))).status == 201
        server.kill()
    with serving(folder, program=(str(program),)) as server:
        assert server.stop(signal.SIGTERM) == 0
    assert "before" in runs(program, "search", "--data", folder).stdout
    assert [path.name for path in cache.iterdir()] == [unpacked.name]


def children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").strip()


def test_it_is_unpacked_once_however_many_start_at_the_same_time(program: Path, cache: Path) -> None:
    started = [subprocess.Popen([program, "--version"], stdout=subprocess.PIPE, env=environment()) for _ in range(4)]
    assert {(each.communicate(timeout=PATIENCE)[0][:9], each.returncode) for each in started} == {(b"logserver", 0)}
    (unpacked,) = cache.iterdir()
    assert cache.stat().st_mode & 0o777 == 0o700
    before = (unpacked / "logserver").stat()

    assert runs(program, "--version").returncode == 0

    after = (unpacked / "logserver").stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_what_other_versions_left_goes_unless_it_runs(program: Path, cache: Path) -> None:
    cat = shutil.which("cat")
    assert cat is not None
    for name in ("0.0.1-runs", "0.0.2-rests"):
        (cache / name).mkdir(parents=True)
        shutil.copy(cat, cache / name / "logserver")
    with subprocess.Popen([cache / "0.0.1-runs" / "logserver"], stdin=subprocess.PIPE):
        assert runs(program, "--version").returncode == 0
        assert {path.name[:6] for path in cache.iterdir()} == {"0.0.1-", runs(program, "--version").stdout[-6:-1] + "-"}


def test_the_next_place_is_taken_where_the_first_is_no_good(program: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / f"logserver-{os.getuid()}").symlink_to(tmp_path)

    done = runs(
        program,
        "--version",
        LOGSERVER_UNPACK_TO=str(tmp_path / "file"),
        CACHE_DIRECTORY=str(foreign),
        XDG_CACHE_HOME=str(tmp_path / "last"),
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "foreign", "last"}


def test_nothing_is_left_where_programs_cannot_be_run(program: Path, tmp_path: Path, cache: Path) -> None:
    with small_disk(tmp_path, "noexec") as disk:
        said = runs(program, "--version", LOGSERVER_UNPACK_TO=str(disk))
        assert (said.returncode, said.stderr) == (0, "")
        assert [path for path in disk.rglob("*") if not path.is_dir()] == []
        assert cache.is_dir()

        elsewhere = dict.fromkeys(("XDG_CACHE_HOME", "HOME", "TMPDIR"), str(disk))
        refused = runs(program, "--version", **elsewhere)
        assert refused.returncode == 1
        assert f"programs in {disk}" in refused.stderr


def test_without_any_place_it_says_what_to_do(program: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    nowhere = dict.fromkeys(("CACHE_DIRECTORY", "XDG_CACHE_HOME", "HOME", "TMPDIR"), str(file))

    done = runs(program, "--version", **nowhere)

    assert done.returncode == 1
    assert "LOGSERVER_UNPACK_TO" in done.stderr


def test_a_file_that_was_cut_off_is_not_unpacked(program: Path, tmp_path: Path, cache: Path) -> None:
    cut = tmp_path / "logserver"
    cut.write_bytes(program.read_bytes()[:2_000_000])
    cut.chmod(0o755)

    done = runs(cut, "--version", TMPDIR=str(tmp_path))

    assert done.returncode == 1
    assert "no place to unpack" in done.stderr
    assert list(cache.iterdir()) == []
