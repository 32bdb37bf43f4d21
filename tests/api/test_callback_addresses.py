"""Where a callback may go."""

import socket
import threading
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from cityweather.api.webhooks import address
from cityweather.errors import CallbackRefused

PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name server of our own: host → addresses. Literal addresses are themselves."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, **more: Any) -> list[Any]:
        if host in known:
            return [(0, 0, 0, "", (found, port)) for found in known[host]]
        return list(real(host, port, flags=socket.AI_NUMERICHOST, **more))

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture(autouse=True)
def allowed(settings: Settings) -> None:
    settings.CALLBACK_HOSTS = ["hooks.example.com", ".example.org", "127.0.0.1:9000", "::1", "10.0.0.9"]


def test_an_allowed_host_at_a_public_address_is_taken_with_the_addresses_to_connect_to(
    names: dict[str, list[str]],
) -> None:
    names["hooks.example.com"] = [PUBLIC, "2606:2800:220:1::1"]
    target = address.resolve("HTTPS://Hooks.Example.com/a/b?token=x%20y&z")
    assert target.url == "https://hooks.example.com:443/a/b?token=x%20y&z"
    assert target.addresses == (PUBLIC, "2606:2800:220:1::1")


def test_a_leading_dot_takes_the_subdomains_too(names: dict[str, list[str]]) -> None:
    names["a.b.example.org"] = names["example.org"] = names["notexample.org"] = [PUBLIC]
    assert address.resolve("http://a.b.example.org").port == 80
    assert address.resolve("http://example.org/").host == "example.org"
    with pytest.raises(CallbackRefused, match="CALLBACK_HOSTS"):
        address.resolve("http://notexample.org/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example.com/", "hooks.example.com/x", "https:///x", "//hooks.example.com", "file:///etc/passwd",
        "https://user:word@hooks.example.com/", "https://hooks.example.com@evil.net/", "https://hooks.example.com#@evil.net/",
        "https://evil.net\\@hooks.example.com/", "https://hooks.example.com/a b", "https://hooks.example.com/\r\nX: x",
        "https://hooks.example.com:99999/", "https://hooks.example.com:x/", "https://[::1/", "https://höoks.example.com/",
        "https://hooks.example.com/" + "x" * 500, "https://hooks.example.com/\x7f", "gopher://127.0.0.1:9000/",
    ],
)  # fmt: skip
def test_what_is_no_plain_http_url_is_refused(names: dict[str, list[str]], url: str) -> None:
    names["hooks.example.com"] = names["evil.net"] = [PUBLIC]
    with pytest.raises(CallbackRefused):
        address.resolve(url)


@pytest.mark.parametrize("url", ["https://evil.net/", "https://hooks.example.com.evil.net/", "http://127.0.0.1:9001/"])
def test_another_host_is_refused(names: dict[str, list[str]], url: str) -> None:
    names["evil.net"] = names["hooks.example.com.evil.net"] = [PUBLIC]
    with pytest.raises(CallbackRefused, match="none of those"):
        address.resolve(url)


@pytest.mark.parametrize(
    "found",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "ff02::1",
        "fec0::1", "feff::1", "::127.0.0.1", "::8.8.8.8", "64:ff9b:1::1", "64:ff9b:1:ffff::a00:1", "2001:db8::1",
        "2001::1", "100::1", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8",  # IPv4-translated
        "2606:2800:220:1:0:5efe:a00:1", "fe80::5efe:a00:1", "2606:2800:220:1:200:5efe:808:808",  # ISATAP
        "5f00::1", "3fff::1", "3fff:fff::1", "2001:20::1", "192.88.99.1",
        "168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254",  # metadata of clouds
        "::ffff:168.63.129.16", "64:ff9b::a83f:8110",
    ],
)  # fmt: skip
def test_an_allowed_name_that_leads_to_a_private_address_is_refused(names: dict[str, list[str]], found: str) -> None:
    names["hooks.example.com"] = [PUBLIC, found]
    with pytest.raises(CallbackRefused, match="not a public one"):
        address.resolve("https://hooks.example.com/")


@pytest.mark.parametrize("url", ["http://10.0.0.9/", "http://[::1]/", "https://10.0.0.9/"])
def test_a_private_address_needs_an_entry_with_its_port(url: str) -> None:
    with pytest.raises(CallbackRefused, match="not a public one"):
        address.resolve(url)
    assert address.resolve("http://127.0.0.1:9000/").addresses == ("127.0.0.1",)


def test_a_name_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CallbackRefused, match="no address"):
        address.resolve("https://hooks.example.com/")


def test_a_name_server_that_hangs_for_one_host_leaves_look_ups_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = threading.Event()

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        if host == "hooks.example.com" and not answer.wait(60):
            raise socket.gaierror
        return [(0, 0, 0, "", (PUBLIC, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    lookups = address.Lookups()
    try:
        hanging = [lookups.submit("hooks.example.com", 443) for _ in range(3 * address.LOOKUP_THREADS)]
        assert lookups.submit("a.example.org", 443).result(30)[0][4] == (PUBLIC, 443)
        assert not any(future.done() for future in hanging)
    finally:
        answer.set()
    assert [future.result(30)[0][4][0] for future in hanging] == [PUBLIC] * len(hanging)


def test_without_allowed_hosts_there_are_no_callbacks(settings: Settings) -> None:
    settings.CALLBACK_HOSTS = []
    with pytest.raises(CallbackRefused, match="sends none"):
        address.check_url("https://hooks.example.com/")
    assert address.check_url(None) is None
    assert address.check_url(" ") is None


@pytest.mark.parametrize("url", ["https://hooks.example.com:8443/", "http://hooks.example.com:22/"])
def test_an_entry_without_a_port_allows_the_web_ports_only(names: dict[str, list[str]], url: str) -> None:
    names["hooks.example.com"] = [PUBLIC]
    assert address.resolve("http://hooks.example.com:443/").port == 443
    with pytest.raises(CallbackRefused, match="443 and 80 only"):
        address.resolve(url)


def test_an_entry_with_a_port_allows_that_port(names: dict[str, list[str]], settings: Settings) -> None:
    settings.CALLBACK_HOSTS = ["hooks.example.com:8443"]
    names["hooks.example.com"] = [PUBLIC]
    assert address.resolve("https://hooks.example.com:8443/").addresses == (PUBLIC,)
    with pytest.raises(CallbackRefused, match="none of those"):
        address.resolve("https://hooks.example.com/")


@pytest.mark.parametrize(
    "given", ["https://Hooks.Example.com", "https://hooks.example.com:443/", "HTTPS://hooks.example.com./"]
)
def test_a_url_is_kept_in_one_spelling_whose_origin_names_the_receiver(names: dict[str, list[str]], given: str) -> None:
    names["hooks.example.com"] = [PUBLIC]
    assert address.check_url(given) == "https://hooks.example.com:443/"
    assert address.origin("https://hooks.example.com:443/a/b?c=//d") == "https://hooks.example.com:443/"


def test_what_is_too_long_with_its_port_is_refused(names: dict[str, list[str]]) -> None:
    names["hooks.example.com"] = [PUBLIC]
    with pytest.raises(CallbackRefused, match="500 characters"):
        address.check_url("https://hooks.example.com/" + "x" * 472)
