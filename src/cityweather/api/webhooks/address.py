"""Which callback URLs may be called: hosts of CALLBACK_HOSTS, at public addresses only unless an entry names the port.

Ours, because requests-hardened 1.3, which pins the checked address too, was tried and takes `::127.0.0.1`, ISATAP,
IPv4-translated and Azure's metadata addresses, bounds no name look-up and no request as a whole, and knows no list of
allowed hosts.
"""

import re
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.http import is_same_domain

from cityweather.errors import CallbackRefused

MAX_LENGTH = 500  # characters; the column's width
# Printable ASCII only, and none of the characters that URL parsers read in different ways.
PLAIN = re.compile(r"[!-~]+")
AMBIGUOUS = re.compile(r'[\\@#<>"^`{|}]')
HOST = re.compile(r"[A-Za-z0-9._:-]+")
DEFAULT_PORTS = {"http": 80, "https": 443}
LOOKUP_TIMEOUT = 3.0  # seconds; the resolver alone may take half a minute
LOOKUP_THREADS = 8  # in a process

NAT64 = IPv6Network("64:ff9b::/96")
# The ipaddress module of Python 3.11 takes these for global.
NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata and name server
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's metadata server
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b:1::/48",  # a translator's own prefix
        "2001:20::/28",  # ORCHID: names of overlays
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
ISATAP = 0x00005EFE  # the upper half of an interface's identifier, but for the bit "unique everywhere"
ISATAP_MASK = 0xFDFFFFFF


@dataclass(frozen=True, slots=True)
class Target:
    """`url` is built from its checked parts, so the sender cannot read another host out of it."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


def check_url(url: str | None) -> str | None:
    """Return the URL in one spelling, `scheme://host:port/…`, or None if none is given. Raises CallbackRefused."""
    if not url or not url.strip():
        return None
    return resolve(url.strip()).url


def origin(url: str) -> str:
    """Return `scheme://host:port/` of a URL that check_url returned."""
    return "/".join(url.split("/", 3)[:3]) + "/"


def resolve(url: str) -> Target:
    """Check everything and return the addresses that were checked: connect to no others. Raises CallbackRefused."""
    scheme, host, port, rest = _split(url)
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{shown}:{port}{rest}"
    if len(url) > MAX_LENGTH:
        raise CallbackRefused(reason=f"It has more than {MAX_LENGTH} characters.")
    may_be_private = _check_host(host, port)
    addresses = _look_up(host, port)
    if not may_be_private and not all(map(_is_public, addresses)):
        raise CallbackRefused(reason="Its host has an address that is not a public one.")
    return Target(url, host, port, addresses)


def _split(url: str) -> tuple[str, str, int, str]:
    if not PLAIN.fullmatch(url) or AMBIGUOUS.search(url):
        raise CallbackRefused(reason="It contains a user name, a # part, or a character that must be percent-encoded.")
    try:
        split = urlsplit(url)
        scheme, host, port = split.scheme.lower(), (split.hostname or "").rstrip("."), split.port
    except ValueError:
        raise CallbackRefused(reason="It is no URL.") from None
    if scheme not in DEFAULT_PORTS or not HOST.fullmatch(host):
        raise CallbackRefused(reason="It must begin with https:// or http:// and a host's name.")
    rest = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return scheme, host, DEFAULT_PORTS[scheme] if port is None else port, rest


def _check_host(host: str, port: int) -> bool:
    """Return whether its address may be private. Raises CallbackRefused if CALLBACK_HOSTS does not allow the host."""
    hosts = [entry.strip().lower() for entry in settings.CALLBACK_HOSTS if entry.strip()]
    if not hosts:
        raise CallbackRefused(reason="This service sends none; its operator can allow hosts with CALLBACK_HOSTS.")
    if f"{host}:{port}" in hosts or f"[{host}]:{port}" in hosts:
        return True
    if not any(is_same_domain(host, entry) for entry in hosts):
        raise CallbackRefused(reason="Its host is none of those that CALLBACK_HOSTS allows.")
    if port not in DEFAULT_PORTS.values():
        raise CallbackRefused(reason="CALLBACK_HOSTS allows its host at ports 443 and 80 only.")
    return False


def _look_up(host: str, port: int) -> tuple[str, ...]:
    try:
        found = _lookups().submit(host, port).result(LOOKUP_TIMEOUT)
    except TimeoutError:
        raise CallbackRefused(reason="Its host's name could not be looked up in time.") from None
    except (OSError, UnicodeError):
        raise CallbackRefused(reason="Its host's name has no address.") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Lookups:
    """Name look-ups in threads: one that hangs cannot be stopped, but its caller can stop waiting.

    Callers of one host share a look-up, so a name server that hangs holds one thread and not all of them.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="resolver")
        self._running: dict[tuple[str, int], Future[list[Any]]] = {}

    def submit(self, host: str, port: int) -> "Future[list[Any]]":
        running = self._running.get((host, port))
        if running is None or running.done():
            running = self._pool.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            self._running[host, port] = running
            running.add_done_callback(lambda _: self._running.pop((host, port), None))
        return running


@lru_cache
def _lookups() -> Lookups:
    return Lookups()


def _is_public(address: str) -> bool:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if (int(ip) >> 32) & ISATAP_MASK == ISATAP:
            return False
        ip = _carried_ipv4(ip) or ip
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in NOT_PUBLIC)


def _carried_ipv4(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address at which a packet to this address ends up behind a translator or a tunnel."""
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
