"""The request that a receiver gets: the job as GET shows it, signed by the rules of https://www.standardwebhooks.com.

The standardwebhooks package makes the same signatures, in five lines less. Ours, because it reads a secret without
`whsec_` as base64 as well and silently leaves out the characters that are none.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

import orjson
import pycurl
from django.conf import settings

from cityweather.api.job_serializers import JobEnded
from cityweather.api.snapshots import from_row
from cityweather.api.webhooks.address import Target
from cityweather.models import BulkJob

ENCODED = "whsec_"  # before the base64 of a secret
CONNECT_TIMEOUT = 3.0  # seconds
TOTAL_TIMEOUT = 8.0
MAX_ANSWER = 10_000  # bytes, which nobody reads


def event_id(job: BulkJob) -> str:
    """The same for every attempt, so a receiver can drop a repetition."""
    return f"msg_{job.job_id.hex}_{job.status}"


def body(job: BulkJob) -> bytes:
    ended = {"type": f"job.{job.status}", "timestamp": job.finished_at, "data": from_row(job)}
    return orjson.dumps(JobEnded(ended).data)


def headers(job: BulkJob, content: bytes, now: float) -> dict[str, str]:
    """`now` in Unix seconds: a receiver refuses a signature that is some minutes old."""
    name, moment = event_id(job), str(int(now))
    signed = f"{name}.{moment}.".encode() + content
    return {
        "Content-Type": "application/json",
        "User-Agent": "CityWeather+",
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in secret_keys(settings.CALLBACK_SECRET)),
    }


def secret_keys(secret: str) -> list[bytes]:
    """Secrets are separated by commas. All of them sign, so one can replace another without a gap.

    Raises ValueError for one that begins with whsec_ and goes on with something else than base64.
    """
    return [_key(part.strip()) for part in secret.split(",") if part.strip()]


def _key(text: str) -> bytes:
    return base64.b64decode(text.removeprefix(ENCODED), validate=True) if text.startswith(ENCODED) else text.encode()


def _signature(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post(target: Target, head: Mapping[str, str], content: bytes) -> int | str:
    """Send one POST to a checked address: no redirect, no proxy.

    Returns the answer's status, or why there is none. The reason holds no URL, since a URL may hold a secret.
    """
    received = 0

    def skip(data: bytes) -> int:
        nonlocal received
        received += len(data)
        return len(data) if received <= MAX_ANSWER else -1  # any other number than the length ends the transfer

    curl = pycurl.Curl()
    try:
        _prepare(curl, target, head, content)
        curl.setopt(pycurl.WRITEFUNCTION, skip)
        curl.perform()
    except pycurl.error as error:
        # The status decides, even if the body behind it is too long or breaks off; a 1xx decides nothing.
        status = int(curl.getinfo(pycurl.RESPONSE_CODE))
        return status if status >= 200 else f"curl error {error.args[0]}"
    else:
        return int(curl.getinfo(pycurl.RESPONSE_CODE))
    finally:
        curl.close()


def _prepare(curl: pycurl.Curl, target: Target, head: Mapping[str, str], content: bytes) -> None:
    curl.setopt(pycurl.URL, target.url)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.PROXY, "")  # a proxy of the environment would look the name up again
    if target.addresses != (target.host,):  # a literal address needs no look-up
        # The Host header and the certificate's check keep the name; the connection goes to the checked addresses.
        curl.setopt(pycurl.RESOLVE, [f"{target.host}:{target.port}:{','.join(map(_bracketed, target.addresses))}"])
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_TIMEOUT * 1000))
    curl.setopt(pycurl.TIMEOUT_MS, int(TOTAL_TIMEOUT * 1000))
    curl.setopt(pycurl.NOSIGNAL, 1)  # curl's timeouts by signal are not safe between threads
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in head.items()] + ["Expect:"])
    curl.setopt(pycurl.POST, 1)
    curl.setopt(pycurl.POSTFIELDS, content)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
