"""Sizes as people write them."""

import click
import pytest

from logserver.cli.sizes import Size

LEAST = 16_000_000


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("20GB", 20_000_000_000),
        ("20 gb", 20_000_000_000),
        ("1.5TB", 1_500_000_000_000),
        ("512MiB", 512 * 1024**2),
        ("500M", 500_000_000),
        ("16000000", 16_000_000),
        ("16000000B", 16_000_000),
        ("0", 0),
        ("", 0),
        ("0GB", 0),
        (0, 0),
    ],
)
def test_what_is_said_is_understood(said: object, meant: int) -> None:
    assert Size(LEAST).convert(said, None, None) == meant


@pytest.mark.parametrize("said", ["-1", "many", "20 parsecs", "GB", "1e9", "1,5GB", "20GB!", "\u0661GB", "inf"])
def test_what_is_no_size_is_refused(said: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 20GB"):
        Size(LEAST).convert(said, None, None)


@pytest.mark.parametrize("said", ["1", "15MB", "15999kB"])
def test_what_is_too_small_is_refused(said: str) -> None:
    with pytest.raises(click.BadParameter, match="at least 16MB"):
        Size(LEAST).convert(said, None, None)
