import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from logserver.core.posting import targets
from logserver.core.posting.outbound import MAX_ANSWER, Outbound, Patience
from logserver.core.posting.post import Outcome
from tests.core.posting.posting import SHORT
from tests.fakes import START_MS
from tests.receiver import Behaviour, Receiver, answer, endless, hang, reset, says

BODY = b'{"type": "alert.triggered"}'
OK = b"HTTP/1.1 200 OK\r\n"


def to(*addresses: str) -> Callable[[str], Awaitable[list[str]]]:
    """A resolver that knows these addresses for every name."""

    async def resolve(_host: str) -> list[str]:
        return list(addresses)

    return resolve


def sent(url: str, *, patience: Patience | None = None, allow_private: bool = True, **values: object) -> Outcome:
    async def run() -> Outcome:
        outbound = Outbound(allow_private=allow_private, patience=patience or Patience(), **values)  # type: ignore[arg-type] # as the test says
        return await outbound.post(targets.read(url), {"Content-Type": "application/json"}, BODY, START_MS)

    return asyncio.run(run())


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_taken(status: int) -> None:
    with Receiver(answer(status, b"" if status == 204 else b"anything")) as receiver:
        assert sent(receiver.url) == Outcome(status=status)
        (request,) = receiver.requests
        assert request.body == BODY


@pytest.mark.parametrize("status", [400, 401, 404, 418, 429, 500, 503])
def test_nothing_else_is_and_what_it_says_is_not_repeated(status: int) -> None:
    with Receiver(answer(status, b"secret body")) as receiver:
        assert sent(receiver.url) == Outcome(status=status, error=f"answered with {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with Receiver(answer(status, location="/elsewhere")) as receiver:
        assert sent(receiver.url) == Outcome(status=status, error="a redirect, and these are not followed")
        assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (says(b""), "the answer is not HTTP, or not whole"),
        (says(b"\x00\xff garbage \r\n\r\n"), "the answer is not HTTP, or not whole"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "the answer is not HTTP, or not whole"),
        (says(b"HTTP/1.1 abc\r\n\r\n"), "the answer is not HTTP, or not whole"),
        (says(OK + b"Content-Length: nonsense\r\n\r\n"), "the answer is not HTTP, or not whole"),
        (says(OK + b"Content-Length: 100\r\n\r\nshort"), "the answer is not HTTP, or not whole"),
        (says(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "the answer is not HTTP, or not whole"),
        (says(OK[:9]), "the answer is not HTTP, or not whole"),
        (reset, "the connection broke off"),
        (
            says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
            "the answer is not HTTP, or not whole",
        ),
        (endless(OK, b"X-More: and more\r\n" * 100), f"the answer is longer than {MAX_ANSWER:,} bytes"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), f"the answer is longer than {MAX_ANSWER:,} bytes"),
        (endless(OK + b"\r\n", b"x" * 10_000), f"the answer is longer than {MAX_ANSWER:,} bytes"),
        (
            endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000),
            f"the answer is longer than {MAX_ANSWER:,} bytes",
        ),
    ],
)
def test_garbage_is_a_failure_with_a_short_reason(behaviour: Behaviour, error: str) -> None:
    with Receiver(behaviour) as receiver:
        assert sent(receiver.url) == Outcome(error=error)


@pytest.mark.parametrize(
    "behaviour",
    [
        hang,
        endless(b"", b"H", slowly=True),
        endless(OK, b"X: y\r\n", slowly=True),
        endless(OK + b"\r\n", b"x", slowly=True),
        endless(OK + b"Content-Length: 9999\r\n\r\n", b"x", slowly=True),
    ],
)
def test_who_never_comes_to_an_end_is_not_waited_for(behaviour: Behaviour) -> None:
    with Receiver(behaviour) as receiver:
        outcome = sent(receiver.url, patience=SHORT)
        # The one that repeats a letter breaks HTTP before it takes too long.
        assert outcome.error in {"no whole answer within 0.4 s", "the answer is not HTTP, or not whole"}


def test_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert sent(f"http://127.0.0.1:{port}/") == Outcome(error="no connection: Connection refused")


def test_a_private_address_is_refused_when_it_is_connected_to() -> None:
    refused = Outcome(error="the name leads to a private or local address")
    with Receiver() as receiver:
        named = receiver.url.replace("127.0.0.1", "hook.test")
        for addresses in (["127.0.0.1"], ["::ffff:127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["10.0.0.1", "::1"]):
            assert sent(named, allow_private=False, resolve=to(*addresses)) == refused
        assert sent(receiver.url, allow_private=False) == refused
        assert sent(receiver.url.replace("127.0.0.1", "localhost"), allow_private=False) == refused
        assert receiver.requests == []
        assert sent(named, resolve=to("127.0.0.1")) == Outcome(status=200)
        (request,) = receiver.requests
        assert request.headers["host"] == f"hook.test:{receiver.port}"


def test_the_name_is_resolved_once_and_the_connection_goes_there() -> None:
    asked = []

    async def changes_its_mind(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

    with Receiver() as receiver:
        url = receiver.url.replace("127.0.0.1", "hook.test")
        assert sent(url, resolve=changes_its_mind) == Outcome(status=200)
        assert asked == ["hook.test"]


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with Receiver() as receiver:
        url = receiver.url.replace("127.0.0.1", "hook.test")
        assert sent(url, resolve=to("127.0.0.2", "127.0.0.1")) == Outcome(status=200)


def test_a_name_that_does_not_resolve() -> None:
    async def fails(_host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def hangs(_host: str) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    assert sent("http://hook.test/", resolve=fails) == Outcome(error="the name could not be resolved")
    assert sent("http://hook.test/", resolve=to()) == Outcome(error="the name could not be resolved")
    assert sent("http://hook.test/", resolve=hangs, patience=Patience(connect=0.1)) == Outcome(
        error="no connection in time"
    )


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver, Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert sent(receiver.url) == Outcome(status=200)
        assert proxy.requests == []


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a new certificate for some names, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    said = [x509.DNSName(each) if each[0].isalpha() else x509.IPAddress(ip_address(each)) for each in names]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName(said), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(pem + secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())


def test_tls_is_for_the_name_of_the_url_and_not_for_the_address(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "hook.test")
    named: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: named.append(name)
    with Receiver(tls=server) as receiver:
        at = receiver.url.replace
        local = to("127.0.0.1")
        assert sent(at("127.0.0.1", "hook.test"), resolve=local, trust=trust) == Outcome(status=200)
        assert named == ["hook.test"]
        wrong = sent(at("127.0.0.1", "other.test"), resolve=local, trust=trust)
        assert wrong.error is not None
        assert wrong.error.startswith("TLS: Hostname mismatch")
        unknown = sent(at("127.0.0.1", "hook.test"), resolve=local)
        assert unknown.error is not None
        assert unknown.error.startswith("TLS: self-signed certificate")
        assert len(receiver.requests) == 1


def test_who_does_not_speak_tls() -> None:
    with Receiver(says(b"HTTP/1.1 200 OK\r\n\r\n")) as receiver:
        outcome = sent(receiver.url.replace("http:", "https:"), patience=SHORT)
        assert outcome.error is not None
        assert outcome.status is None
