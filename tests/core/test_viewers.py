import base64
import hashlib
import hmac
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logserver.core import projects, tiers, tokens, viewers
from logserver.core.faults import Invalid
from logserver.core.projects import Project
from logserver.core.tokens import Credential
from logserver.store.keys import kept_secret, store_secret
from logserver.store.tx import Tx
from tests.fakes import START_MS

START = START_MS // 1000


@pytest.fixture
def key(tx: Tx, project: Project) -> Credential:
    return issued(tx, project)


def issued(tx: Tx, project: Project, **values: Any) -> Credential:
    usual: dict[str, Any] = {"kind": "project", "name": "k", "now_ms": START_MS}
    found = tokens.find_by_id(tx, tokens.issue(tx, project=project, **usual | values).id)
    assert found is not None
    return found


def mint(tx: Tx, project: Project, key: Credential, **values: Any) -> bytes:
    usual: dict[str, Any] = {"tenant_id": "acme", "seconds": 3_600, "tier": None, "now_ms": START_MS}
    return viewers.mint(tx, key, project, **usual | values).token.encode()


def found(tx: Tx, token: bytes, now_ms: int = START_MS) -> Credential | None:
    return viewers.find(tx, token, now_ms)[0]


def said(tx: Tx, project: Project, key: Credential, /, **changes: Any) -> dict[str, Any]:
    """The claims of a good token, some of them changed; None takes one away."""
    usual = {
        "sub": project.uuid,
        "tenant_id": "acme",
        "iat": START,
        "exp": START + 60,
        "jti": "j",
        "key": tokens.id_of(tx, key.id),
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def part(value: Any) -> bytes:
    raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def signed(claims: Any, secret: bytes, alg: Any = "HS256", **header: Any) -> bytes:
    """A token signed by hand, whatever its header says."""
    text = part({"alg": alg, "typ": "JWT"} | header) + b"." + part(claims)
    hashes = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}
    made = hmac.new(secret, text, hashes.get(str(alg), hashlib.sha256)).digest()
    return b"vt_" + text + b"." + (b"" if alg == "none" else part(made))


def test_a_token_is_found_as_what_its_key_may_and_less(tx: Tx, project: Project, key: Credential) -> None:
    credential = found(tx, mint(tx, project, key))
    assert credential is not None
    assert (credential.kind, credential.id, credential.project) == ("viewer", key.id, project)
    assert credential.expires_at == (START + 3_600) * 1000
    bound = credential.bound
    assert (bound["tenant_id"], bound["tier"], "fields" in bound) == ("acme", None, False)
    assert len(bound["jti"]) == 36


def test_a_token_of_a_tier_shows_its_fields(tx: Tx, project: Project, key: Credential) -> None:
    tiers.put(tx, project, "support", ["action"])
    token = mint(tx, project, key, tier="support")
    credential = found(tx, token)
    assert credential is not None
    assert credential.bound["fields"] == ("action",)
    tiers.remove(tx, project, "support")
    assert found(tx, token) is None
    with pytest.raises(Invalid):
        mint(tx, project, key, tier="support")


def test_it_ends_with_its_key_where_that_ends_first(tx: Tx, project: Project) -> None:
    key = issued(tx, project, expires_at=START_MS + 100_000)
    assert (
        viewers.mint(tx, key, project, tenant_id="acme", seconds=3_600, tier=None, now_ms=START_MS).expires_at
        == (START + 100) * 1000
    )
    later = signed(said(tx, project, key, exp=START + 3_600), store_secret(tx, "viewer"))
    credential = found(tx, later)
    assert credential is not None
    assert credential.expires_at == START_MS + 100_000


def test_before_the_first_is_minted_none_is_good(tx: Tx, project: Project, key: Credential) -> None:
    token = signed(said(tx, project, key), b"")
    assert kept_secret(tx, "viewer") is None
    assert found(tx, token) is None
    assert kept_secret(tx, "viewer") is None


@pytest.mark.parametrize("kind", ["mobile", "edge", "read", "master"])
def test_only_a_project_key_stands_behind_one(tx: Tx, project: Project, kind: str) -> None:
    key = issued(tx, project, kind=kind)
    assert found(tx, signed(said(tx, project, key), store_secret(tx, "viewer"))) is None


def test_no_test_key_stands_behind_one(tx: Tx, project: Project) -> None:
    secret = store_secret(tx, "viewer")
    live, test = (issued(tx, project, bound={"mode": mode}) for mode in ("live", "test"))
    assert found(tx, signed(said(tx, project, live), secret))
    assert found(tx, signed(said(tx, project, test), secret)) is None


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("sub", "tenant_id", "iat", "exp", "jti", "key")),
        {"sub": "another"},
        {"key": "another"},
        {"tenant_id": ""},
        {"tenant_id": "t" * 256},
        {"tenant_id": 7},
        {"tenant_id": ["acme"]},
        {"exp": "soon"},
        {"exp": True},
        {"iat": START + 61 + 1},
        {"iat": 10**40},
        {"tier": "none"},
        {"tier": 7},
        {"aud": "somebody"},
    ],
    ids=str,
)
def test_what_does_not_say_all_of_it_is_refused(
    tx: Tx, project: Project, key: Credential, changes: dict[str, Any]
) -> None:
    assert found(tx, signed(said(tx, project, key, **changes), store_secret(tx, "viewer"))) is None


def test_a_token_of_another_projects_key_is_refused(tx: Tx, key: Credential) -> None:
    other = projects.create(tx, slug="bank", now_ms=START_MS)
    assert found(tx, signed(said(tx, other, key), store_secret(tx, "viewer"))) is None


def test_a_clock_may_have_been_set_back_a_little(tx: Tx, project: Project, key: Credential) -> None:
    token = mint(tx, project, key)
    assert found(tx, token, START * 1000 - 60_000)
    assert found(tx, token, START * 1000 - 60_001) is None


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "HS384", "HS512", "RS256", "hs256", "", ["HS256"], {}, 7, None]
)
def test_another_algorithm_is_refused(tx: Tx, project: Project, key: Credential, alg: Any) -> None:
    secret = store_secret(tx, "viewer")
    assert found(tx, signed(said(tx, project, key), secret))
    assert found(tx, signed(said(tx, project, key), secret, alg)) is None


def test_a_token_signed_with_anothers_private_key_is_refused(tx: Tx, project: Project, key: Credential) -> None:
    store_secret(tx, "viewer")
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    claims = said(tx, project, key)
    assert found(tx, b"vt_" + jwt.encode(claims, private, "RS256").encode()) is None
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert found(tx, signed(claims, public)) is None
    assert found(tx, signed(claims, public, jwk={"kty": "oct", "k": part(public).decode()})) is None


@pytest.mark.parametrize("other", [b"", b"secret", b"\0" * 32])
def test_another_stores_secret_is_refused(tx: Tx, project: Project, key: Credential, other: bytes) -> None:
    store_secret(tx, "viewer")
    assert found(tx, signed(said(tx, project, key), other)) is None
    assert found(tx, signed(said(tx, project, key), store_secret(tx, "spelling"))) is None


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_part_that_was_changed_is_refused(tx: Tx, project: Project, key: Credential, at: int) -> None:
    parts = mint(tx, project, key).removeprefix(b"vt_").split(b".")
    other = mint(tx, project, key, tenant_id="other").removeprefix(b"vt_").split(b".")
    changed = [*parts]
    changed[at] = part({"alg": "HS256"}) if at == 0 else other[at]
    assert found(tx, b"vt_" + b".".join(changed)) is None
    assert found(tx, b"vt_" + b".".join(parts)) is not None
    for cut in (parts[:2], [*parts, b""], [*parts, parts[2]], [parts[0], parts[1], b""]):
        assert found(tx, b"vt_" + b".".join(cut)) is None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(b"[" * 3_000, b"{}")
@example(b'{"alg":"HS256","crit":["b64"],"b64":false}', b"{}")
@example(b'{"alg":"HS256"}', b"[" * 3_000)
@example(b'{"alg":"HS256"}', b'{"exp":' + b"9" * 2_900 + b"}")
@example(b'{"alg":"HS256"}', b'{"sub":"\xff"}')
@example(b'{"alg":"HS256"}', b'{"sub":NaN,"exp":1e999}')
@example(b'{"alg":"HS256","kid":7}', b"null")
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_anything_at_all_is_refused_and_no_more(tx: Tx, head: bytes, body: bytes) -> None:
    secret = store_secret(tx, "viewer")
    text = part(head) + b"." + part(body)
    mark = part(hmac.new(secret, text, hashlib.sha256).digest())
    for token in (text + b"." + mark, head, body, head + b"." + body + b"." + mark):
        assert found(tx, b"vt_" + token) is None
