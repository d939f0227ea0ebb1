"""Who the client is, and by which address it came: only what a trusted proxy forwards is believed."""

import pytest

from chassis.client_address import Crowd, Proxies, site

PROXIES = Proxies.named(["10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.5", "198.51.100.7"),
        ("10.0.0.2", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.2", "1.1.1.1, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.2", "203.0.113.5, 10.0.0.3", "203.0.113.5"),
        ("10.0.0.2", "203.0.113.5,unknown", "unknown"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "10.0.0.3", "10.0.0.2"),
        ("fd00::2", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_the_last_one_that_no_trusted_proxy_is(peer: str, forwarded: str, client: str) -> None:
    assert PROXIES.client({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}) == client


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"HTTP_HOST": "street.example:8001"}, "http://street.example:8001"),
        ({"HTTP_HOST": "[2001:db8::1]:8001"}, "http://[2001:db8::1]:8001"),
        ({"HTTP_HOST": "a", "HTTP_X_FORWARDED_HOST": "b", "HTTP_X_FORWARDED_PROTO": "https"}, "http://a"),
        ({"REMOTE_ADDR": "10.0.0.2", "HTTP_X_FORWARDED_HOST": "evil, b", "HTTP_X_FORWARDED_PROTO": "https"}, "https://b"),
        ({"REMOTE_ADDR": "10.0.0.2", "HTTP_HOST": "a", "HTTP_X_FORWARDED_PROTO": "gopher"}, "http://a"),
        ({"HTTP_HOST": "a/../b"}, None),
        ({"HTTP_HOST": "user@a"}, None),
        ({"HTTP_HOST": "a\n"}, None),
        ({}, None),
    ],
)
def test_the_address_is_the_one_that_the_client_used(environ: dict[str, str], url: str | None) -> None:
    assert PROXIES.base_url({"REMOTE_ADDR": "198.51.100.7", **environ}) == url


def test_of_one_client_only_so_many_are_let_in() -> None:
    crowd = Crowd(2)
    assert [crowd.enter("198.51.100.7") for _ in range(3)] == [True, True, False]
    assert crowd.enter("198.51.100.8")
    crowd.leave("198.51.100.7")
    assert crowd.enter("198.51.100.7")
    assert not crowd.enter("198.51.100.7")


def test_whoever_has_an_ipv6_site_is_one_client() -> None:
    assert site("2001:db8:0:1::1") == site("2001:db8:0:1:ffff::2") != site("2001:db8:0:2::1")
    assert site("::ffff:198.51.100.7") == site("198.51.100.7") == "198.51.100.7"
    assert site("unknown") == "unknown"
