import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from logserver.api.certificates import Certificate, Unusable
from logserver.core.clock import SystemClock
from tests.certificates import Authority, Pair
from tests.fakes import FakeClock

DAY_SECONDS = 86_400


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shown(certificate: Certificate, authority: Authority) -> int:
    """The serial number of the certificate that a client is shown; raises ssl.SSLError where it trusts it not."""
    ends = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
    server = certificate.context.wrap_bio(ends[0][0], ends[1][0], server_side=True)
    client = authority.client().wrap_bio(ends[1][0], ends[0][0], server_hostname="127.0.0.1")
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    told = client.getpeercert()
    assert told is not None
    return int(str(told["serialNumber"]), 16)


def passes(certificate: Certificate, now_ms: int) -> None:
    anyio.run(certificate.one_pass, now_ms)


def test_a_renewed_certificate_is_shown_without_a_restart(authority: Authority, clock: FakeClock) -> None:
    pair = authority.issue("server")
    certificate = Certificate(*pair)
    first = shown(certificate, authority)
    passes(certificate, clock.now_ms())
    assert shown(certificate, authority) == first
    authority.issue("server")
    passes(certificate, clock.now_ms())
    assert shown(certificate, authority) != first


def test_a_half_renewed_pair_changes_nothing(
    authority: Authority, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    pair, other = authority.issue("server"), authority.issue("other")
    certificate = Certificate(*pair)
    first = shown(certificate, authority)
    pair.cert.write_bytes(other.cert.read_bytes())
    for _ in range(3):
        passes(certificate, clock.now_ms())
        clock.turn(10)
    assert shown(certificate, authority) == first
    assert [record.getMessage() for record in caplog.records] == [
        f"{pair.key} is not the key of the certificate in {pair.cert}; the certificate of before stays in use"
    ]
    pair.key.write_bytes(other.key.read_bytes())
    passes(certificate, clock.now_ms())
    assert shown(certificate, authority) != first


def test_a_pair_that_vanishes_stays_in_use(authority: Authority, clock: FakeClock) -> None:
    pair = authority.issue("server")
    certificate = Certificate(*pair)
    pair.cert.unlink()
    passes(certificate, clock.now_ms())
    assert shown(certificate, authority)


def missing(_authority: Authority, pair: Pair) -> str:
    pair.key.unlink()
    return f"{pair.key}: No such file or directory"


def swapped(authority: Authority, pair: Pair) -> str:
    pair.key.write_bytes(authority.issue("other").key.read_bytes())
    return f"{pair.key} is not the key of the certificate in {pair.cert}"


def protected(authority: Authority, pair: Pair) -> str:
    authority.issue("server", passphrase=b"open sesame")
    return f"{pair.key} is protected by a passphrase; give a key without one"


def no_certificate(_authority: Authority, pair: Pair) -> str:
    pair.cert.write_text("hello")
    return f"{pair.cert} holds no certificate (PEM)"


def no_key(_authority: Authority, pair: Pair) -> str:
    pair.key.write_text("hello")
    return f"{pair.key} holds no private key (PEM) that can be used"


@pytest.mark.parametrize("spoil", [missing, swapped, protected, no_certificate, no_key])
def test_a_pair_that_cannot_be_used_is_refused(authority: Authority, spoil: Callable[[Authority, Pair], str]) -> None:
    pair = authority.issue("server")
    said = spoil(authority, pair)
    with pytest.raises(Unusable) as refused:
        Certificate(*pair)
    assert str(refused.value) == said


@pytest.mark.parametrize(("days", "said"), [(10, "ends"), (-1, "ended"), (16, None)])
def test_the_end_of_a_certificate_is_told_once_a_day(
    authority: Authority, caplog: pytest.LogCaptureFixture, days: float, said: str | None
) -> None:
    certificate = Certificate(*authority.issue("server", days=days))
    clock = FakeClock(SystemClock().now_ms())
    for _ in range(3):
        passes(certificate, clock.now_ms())
        clock.turn(DAY_SECONDS / 2)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == (0 if said is None else 2)
    assert all(f" {said} 20" in line for line in told)


def test_a_key_that_anybody_may_read_is_told_of(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    pair = authority.issue("server")
    pair.key.chmod(0o644)
    Certificate(*pair)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(pair.key) in caplog.text


def test_old_versions_of_the_protocol_are_not_spoken(authority: Authority) -> None:
    assert Certificate(*authority.issue("server")).context.minimum_version >= ssl.TLSVersion.TLSv1_2
