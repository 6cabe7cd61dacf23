from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.core.faults import Invalid
from logserver.core.posting import targets

PRIVATE = [
    "http://localhost/",
    "http://LOCALHOST./",
    "https://app.localhost:8080/",
    "http://localhost.localdomain/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://127\u30020.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.31.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://198.18.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::8.8.8.8]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::1]/",
    "http://[2001:0:5ef5:79fd::1]/",
]

UNREADABLE = [
    "",
    "hook",
    "//example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http:///path",
    "http://",
    "http:example.com",
    "http://example.com:port/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://@example.com/",
    "http://exa mple.com/",
    "http://example.com/a b",
    "http://example.com/\r\nX: y",
    "http://example.com\\@127.0.0.1/",
    " http://example.com/",
    "http://exa%6dple.com/",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://[v1.x]/",
    "http://a..b/",
    "http://-a.com/",
    "http://" + "a" * 64 + ".com/",
    "http://example.com/" + "a" * 2_000,
    "mailto:",
    "mailto:ops",
    "mailto:ops@",
    "mailto:a@example.com,b@example.com",
    "mailto:ops@example.com?cc=all@example.com",
    "mailto:ops@example.com%0aBcc:x@example.com",
    "mailto:Ops <ops@example.com>",
    "mailto:\u00f6ps@example.com",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_private_and_local_addresses_are_refused_unless_allowed(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        targets.check(url, allow_private=False, mail=True)
    assert refused.value.problems == [("url", "must not be a private or local address")]
    targets.check(url, allow_private=True, mail=False)


@pytest.mark.parametrize("url", UNREADABLE)
def test_what_is_no_target_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        targets.check(url, allow_private=True, mail=True)
    ((field, message),) = refused.value.problems
    assert field == "url"
    assert message.startswith("must ")
    assert len(url) < 9 or url not in message


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://example.com", ("https", "example.com", 443, "/")),
        ("HTTP://Example.COM.:8080/A?b=c#d", ("http", "example.com", 8080, "/A?b=c")),
        ("http://93.184.216.34/", ("http", "93.184.216.34", 80, "/")),
        ("https://[2606:4700::1111]:8443/x", ("https", "2606:4700::1111", 8443, "/x")),
        ("http://[64:ff9b::8.8.8.8]/", ("http", "64:ff9b::808:808", 80, "/")),
        (
            "https://m\u00fcnchen.example/caf\u00e9?q=\u00fc",
            ("https", "xn--mnchen-3ya.example", 443, "/caf%C3%A9?q=%C3%BC"),
        ),
        ("http://log_server/x", ("http", "log_server", 80, "/x")),
        ("mailto:ops+alerts@example.com", ("mailto", "", 0, "ops+alerts@example.com")),
    ],
)
def test_a_target_in_its_parts(url: str, parts: tuple[str, str, int, str]) -> None:
    target = targets.check(url, allow_private=False, mail=True)
    assert (target.scheme, target.host, target.port, target.path) == parts


def test_mail_needs_a_server() -> None:
    with pytest.raises(Invalid, match="--smtp-host"):
        targets.check("mailto:ops@example.com", allow_private=True, mail=False)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_spelling_of_an_address_is_judged_alike(number: int) -> None:
    address = IPv4Address(number)
    public = targets.is_public(address)
    spellings = [str(address), str(number), hex(number), f"0{number:o}", f"{number >> 24}.{number & 0xFFFFFF}"]
    for spelled in spellings:
        found = targets.literal(spelled)
        assert found == address
    for within in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert targets.is_public(ip_address(within)) == public


@settings(deadline=None)
@given(st.ip_addresses())
def test_what_is_not_global_is_never_public(address: IPv4Address | IPv6Address) -> None:
    if targets.is_public(address) and not (isinstance(address, IPv6Address) and address.ipv4_mapped):
        assert address.is_global or str(address).startswith("64:ff9b::")
        assert not address.is_multicast
        assert not address.is_loopback
        assert not address.is_link_local
