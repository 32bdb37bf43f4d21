"""Waits for a job's end, also over a restart of its server."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from cityweather_client.service import Refused, Service
from cityweather_client.show import Bar

ENDED = {"done", "failed", "cancelled"}
POLL = 1.0  # seconds
SLOW = 5.0  # seconds, while a job waits or is paused
LONGEST = 15.0  # seconds between two calls to a server that does not answer
PATIENCE = 600.0  # seconds without an answer, after which `follow` gives up
UNTRUSTED = "The server's certificate is not trusted."

Answer = TypeVar("Answer")
Sleep = Callable[[float], None]


class Unreachable(Exception):
    """No server answers; the text is the reason."""


class BrokenOff(Exception):
    """A download ended too early; the text is the reason."""


def follow(service: Service, job_id: str, bar: Bar, sleep: Sleep = time.sleep) -> dict[str, Any]:
    """The job as it ended. Raises Refused, NoTls, and Unreachable after PATIENCE."""
    while True:
        job = retry(lambda: service.job(job_id), bar.write, sleep)
        bar.update(job, time.monotonic())
        if job["status"] in ENDED:
            return job
        sleep(SLOW if job["waiting_for"] or job["phase"] == "paused" else POLL)


def retry(
    call: Callable[[], Answer],
    write: Callable[[str], None],
    sleep: Sleep = time.sleep,
    patience: float = PATIENCE,
) -> Answer:
    """Calls again after 1, 2, 4 … 15 s, or when the server asks. Raises the last Refused, NoTls, or Unreachable."""
    pause, waited = 1.0, 0.0
    while True:
        try:
            answer = call()
        except Refused as error:
            why, wait = error.detail, max(pause, error.retry_after or 0.0)
            if not error.is_temporary or waited + wait > patience:
                raise
        except requests.RequestException as error:
            why, wait = reason(error), pause
            if why == UNTRUSTED:  # a certificate does not become good by waiting
                raise Unreachable(why) from None
        else:
            if waited:
                write("The server answers again.")
            return answer
        if waited + wait > patience:
            raise Unreachable(why)
        write(f"{why} Asking again in {wait:.0f} s.")
        sleep(wait)
        waited += wait
        pause = min(LONGEST, pause * 2)


def reason(error: requests.RequestException) -> str:
    """A sentence in place of urllib3's words."""
    kind = type(error).__name__
    if kind in ("ConnectionError", "ConnectTimeout"):
        return "The server is not reachable."
    if kind == "ProxyError":
        return "The proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) is not reachable."
    if kind == "SSLError":
        return UNTRUSTED if "certificate" in str(error).lower() else "The server broke off the TLS handshake."
    return f"The server broke off ({kind})."
