"""One POST to a checked address. Follows no redirect, asks no proxy, reads nothing of the answer but its status."""

from collections.abc import Mapping

import pycurl

from cityweather.api.webhooks.address import Target
from cityweather.weather.network import CONNECT_TIMEOUT, TOTAL_TIMEOUT

ENOUGH = 10_000  # bytes of an answer that nobody reads


def post(target: Target, headers: Mapping[str, str], content: bytes) -> int | str:
    """The answer's status, or a word on why there is none; never an address, which may hold a secret."""
    received = 0

    def skip(data: bytes) -> int:
        nonlocal received
        received += len(data)
        return len(data) if received <= ENOUGH else -1  # anything but the length ends the transfer

    curl = pycurl.Curl()
    try:
        _prepare(curl, target, headers, content)
        curl.setopt(pycurl.WRITEFUNCTION, skip)
        curl.perform()
    except pycurl.error as error:
        # A body that is too long, stalls or breaks off comes after the status that decides; a 1xx decides nothing.
        status = int(curl.getinfo(pycurl.RESPONSE_CODE))
        return status if status >= 200 else f"curl error {error.args[0]}"
    else:
        return int(curl.getinfo(pycurl.RESPONSE_CODE))
    finally:
        curl.close()


def _prepare(curl: pycurl.Curl, target: Target, headers: Mapping[str, str], content: bytes) -> None:
    curl.setopt(pycurl.URL, target.url)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.PROXY, "")  # one of the environment would look the name up again
    if target.addresses != (target.host,):  # an address needs no look-up
        # The name stays in the Host header and the certificate's check; the connection goes to what was checked.
        curl.setopt(pycurl.RESOLVE, [f"{target.host}:{target.port}:{','.join(map(_bracketed, target.addresses))}"])
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_TIMEOUT * 1000))
    curl.setopt(pycurl.TIMEOUT_MS, int(TOTAL_TIMEOUT * 1000))
    curl.setopt(pycurl.NOSIGNAL, 1)  # or its timeouts of name look-ups would not be safe between threads
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()] + ["Expect:"])
    curl.setopt(pycurl.POST, 1)
    curl.setopt(pycurl.POSTFIELDS, content)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
