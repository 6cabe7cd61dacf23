"""The Containerfile: what it names is there; and, where a base image is at hand, the image that it makes serves."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from logserver.cli import main
from tests.docs.user import needs
from tests.examples import EXAMPLES, ROOT
from tests.whole.executable import BUILD_PATIENCE
from tests.whole.process import PATIENCE, serving

FILE = EXAMPLES / "container" / "Containerfile"
IMAGE = "localhost/logserver-tested"


def instructions(name: str) -> list[str]:
    """What stands behind a word of the file, lines that go on joined."""
    text = FILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", text, re.MULTILINE)


def variables() -> dict[str, str]:
    (given,) = instructions("ENV")
    return dict(pair.split("=", 1) for pair in given.split())


def test_what_is_copied_from_the_clone_is_there() -> None:
    copied = [words.split()[:-1] for words in instructions("COPY") if not words.startswith("--from")]
    assert copied
    assert all((ROOT / name).exists() for names in copied for name in names)


def test_its_commands_and_variables_are_those_of_the_program() -> None:
    (entry,), (words,) = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) == ["logserver"]
    (name,) = json.loads(words)
    settings = {str(option.envvar) for option in main.commands[name].params if option.envvar}
    known = re.findall(r"LOGSERVER_[A-Z_]+", " ".join(settings))
    assert {name for name in variables() if name.startswith("LOGSERVER_")} <= set(known)
    (health,) = instructions("HEALTHCHECK")
    program, command, *options = json.loads(health.partition(" CMD ")[2])
    assert program == "logserver"
    assert {option for parameter in main.commands[command].params for option in parameter.opts} >= set(options)
    assert isinstance(main.commands[command], click.Command)


def test_nobody_is_root_in_it_and_its_data_outlives_it() -> None:
    (user,) = instructions("USER")
    assert user.split(":")[0] not in {"0", "root"}
    assert instructions("VOLUME") == [variables()["LOGSERVER_DATA"]]


@contextmanager
def mounted(image: str) -> Iterator[Path]:
    """The files of a container made of an image."""
    buildah = needs("buildah")

    def does(*words: str) -> str:
        return subprocess.run(
            [buildah, *words], capture_output=True, text=True, timeout=PATIENCE, check=True
        ).stdout.strip()

    container = does("from", image)
    try:
        yield Path(does("mount", container))
    finally:
        does("umount", container)
        does("rm", container)


def test_the_image_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = os.environ.get("LOGSERVER_CONTAINER_BASE")
    if base is None:
        pytest.skip("LOGSERVER_CONTAINER_BASE names no image of Debian to build on, and its building takes a minute")
    if os.getuid() != 0:
        pytest.skip("only root can enter the files of an image without a container engine")
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    options = os.environ.get("LOGSERVER_CONTAINER_OPTIONS", "").split()
    built = ["buildah", "build", "--format", "docker", "--build-arg", f"BASE={base}", *options, "-t", IMAGE, "-f"]
    subprocess.run([*built, str(FILE), str(ROOT)], check=True, timeout=BUILD_PATIENCE, capture_output=True)
    chroot = shutil.which("chroot", path=f"{os.environ['PATH']}:/usr/sbin")
    assert chroot is not None
    with mounted(IMAGE) as files:
        (user,) = instructions("USER")
        inside = (chroot, f"--userspec={user}", str(files), "logserver")
        for name, value in variables().items():
            monkeypatch.setenv(name, value)
        (health,) = instructions("HEALTHCHECK")
        check = [*inside, *json.loads(health.partition(" CMD ")[2])[1:]]

        def healthy() -> bool:
            return subprocess.run(check, capture_output=True, timeout=PATIENCE, check=False).returncode == 0

        assert not healthy()
        with serving(tmp_path / "data", "--data", variables()["LOGSERVER_DATA"], program=inside) as server:
            token = subprocess.run(
                [*inside, "token", "create", "app", "--project", "app"], capture_output=True, text=True, check=True
            ).stdout.strip()
            subprocess.run([*inside, "verify", server.base_url, token], check=True, capture_output=True)
            assert healthy()
        assert not healthy()
        assert (files / "data" / "logserver.db").stat().st_uid == int(user.split(":")[0])
