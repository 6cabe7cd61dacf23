"""What systemd reads of a unit, as far as a test needs it."""

import shlex
from collections.abc import Mapping
from pathlib import Path


class Unit:
    """A unit of examples/systemd; ``settings`` are all values of each name of its [Service], in their order."""

    def __init__(self, path: Path) -> None:
        self.settings: dict[str, list[str]] = {}
        section = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                section = line
            elif line and not line.startswith("#"):
                name, _, value = line.partition("=")
                if section == "[Service]":
                    self.settings.setdefault(name, []).append(value)

    def one(self, name: str) -> str:
        (value,) = self.settings[name]
        return value

    def command(self, environment: Mapping[str, str]) -> list[str]:
        """What is started: its words, with variables in braces as systemd fills them in."""
        words = shlex.split(self.one("ExecStart"))
        for name, value in environment.items():
            words = [word.replace(f"${{{name}}}", value) for word in words]
        return words

    def environment(self, states: Path) -> dict[str, str]:
        """The variables that it sets itself, where %S is this folder."""
        given = [value.replace("%S", str(states)) for value in self.settings.get("Environment", [])]
        return dict(value.split("=", 1) for value in given)


def variables(path: Path) -> dict[str, str]:
    """The variables of an EnvironmentFile."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
