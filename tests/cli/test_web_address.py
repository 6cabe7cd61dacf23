"""The address under which a server is reached: whatever no link can be made of is refused at the start."""

import pytest

from tests.cli.conftest import Shell

NONE = [
    "logs.example.com",
    "ftp://logs.example.com",
    "HTTPS://logs.example.com",
    "https://",
    "https://logs.example.com?q=1",
    "https://logs.example.com/#top",
    "https://ada:secret@logs.example.com",
    "https://logs.example.com:http",
    "https://logs.example.com/a b",
    "https://[::1",
]


@pytest.mark.parametrize("address", NONE)
def test_what_is_no_address_is_refused(shell: Shell, address: str) -> None:
    for arguments in (("serve", "--port", "0"), ("user", "create", "ada@example.com")):
        said = shell(*arguments, "--public-url", address, code=2).stderr
        assert "--public-url" in said
        assert "expected an address such as https://logs.example.com" in said
    assert not shell.folder.exists()


@pytest.mark.parametrize(
    "address", ["https://logs.example.com/base/", "http://[::1]:8080", " https://logs.example.com "]
)
def test_an_address_is_what_links_begin_with(shell: Shell, address: str) -> None:
    said = shell("user", "create", "ada@example.com", "--public-url", address).stdout
    assert said.startswith(f"{address.strip().rstrip('/')}/reset-password?token=")
