"""Where a callback may go: to hosts of CALLBACK_HOSTS, and to public addresses only unless an entry names the port."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.http import is_same_domain

from cityweather.errors import CallbackRefused

LONGEST = 500  # characters; the column's width
# Printable ASCII without what some parsers read otherwise than others: user names, backslashes, fragments.
PLAIN = re.compile(r"[!-~]+")
ODD = re.compile(r'[\\@#<>"^`{|}]')
HOST = re.compile(r"[A-Za-z0-9._:-]+")
NAT64 = IPv6Network("64:ff9b::/96")
# Not for the public, though ipaddress takes some of them for global: addresses of a site (deprecated), IPv4 in an old
# spelling, and a translator's own prefix.
NEVER = tuple(map(IPv6Network, ("fec0::/10", "::/96", "64:ff9b:1::/48")))
LOOK_UP = 3.0  # seconds for a name; the resolver alone might take half a minute
LOOK_UPS = 8  # at once in a process
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """`url` is put together from its checked parts, so that whoever sends cannot read another host out of it."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


def checked(url: str | None) -> str | None:
    """At the import: the same URL, None for none. Raises CallbackRefused."""
    if not url or not url.strip():
        return None
    resolve(url.strip())
    return url.strip()


def resolve(url: str) -> Target:
    """Every check, and the addresses they hold for: connect to these and to no others. Raises CallbackRefused."""
    scheme, host, port, rest = _parts(url)
    private_too = _allowed(host, port)
    addresses = _addresses(host, port)
    if not private_too and not all(map(_public, addresses)):
        raise CallbackRefused(reason="Its host has an address that is not a public one.")
    shown = f"[{host}]" if ":" in host else host
    return Target(f"{scheme}://{shown}:{port}{rest}", host, port, addresses)


def _parts(url: str) -> tuple[str, str, int, str]:
    if len(url) > LONGEST:
        raise CallbackRefused(reason=f"It has more than {LONGEST} characters.")
    if not PLAIN.fullmatch(url) or ODD.search(url):
        raise CallbackRefused(reason="It holds a user name, a fragment, or a character that has to be escaped.")
    try:
        split = urlsplit(url)
        scheme, host, port = split.scheme.lower(), (split.hostname or "").rstrip("."), split.port
    except ValueError:
        raise CallbackRefused(reason="It is no URL.") from None
    if scheme not in PORTS or not HOST.fullmatch(host):
        raise CallbackRefused(reason="It must begin with https:// or http:// and a host's name.")
    rest = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return scheme, host, PORTS[scheme] if port is None else port, rest


def _allowed(host: str, port: int) -> bool:
    """Whether private addresses are, too. Raises CallbackRefused for a host that is not in CALLBACK_HOSTS."""
    hosts = [entry.strip().lower() for entry in settings.CALLBACK_HOSTS if entry.strip()]
    if not hosts:
        raise CallbackRefused(reason="This service sends none; its operator can allow hosts with CALLBACK_HOSTS.")
    if f"{host}:{port}" in hosts or f"[{host}]:{port}" in hosts:
        return True
    if not any(is_same_domain(host, entry) for entry in hosts):
        raise CallbackRefused(reason="Its host is none of those that CALLBACK_HOSTS allows.")
    return False


def _addresses(host: str, port: int) -> tuple[str, ...]:
    looking = resolver().submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = looking.result(LOOK_UP)
    except TimeoutError:
        looking.cancel()
        raise CallbackRefused(reason="Its host's name could not be looked up in time.") from None
    except (OSError, UnicodeError):
        raise CallbackRefused(reason="Its host's name has no address.") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@lru_cache
def resolver() -> ThreadPoolExecutor:
    """One per process. A look-up cannot be stopped; who waits for it can be sent on."""
    return ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="resolver")


def _public(address: str) -> bool:
    ip = _inner(ip_address(address.partition("%")[0]))
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in NEVER)


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for: behind a translator it is where a packet ends up."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
