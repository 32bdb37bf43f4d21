"""What a receiver gets: the job as GET shows it, signed as https://www.standardwebhooks.com says."""

import base64
import binascii
import hashlib
import hmac

import orjson
from django.conf import settings

from cityweather.api.progress import from_row
from cityweather.api.times import iso
from cityweather.models import BulkJob

PREFIX = "whsec_"


def event_id(job: BulkJob) -> str:
    """The same for every attempt, so that a receiver can tell a repetition."""
    return f"msg_{job.job_id.hex}_{job.status}"


def body(job: BulkJob) -> bytes:
    return orjson.dumps({"type": f"job.{job.status}", "timestamp": iso(job.finished_at), "data": from_row(job)})


def headers(job: BulkJob, content: bytes, now: float) -> dict[str, str]:
    """`now` in Unix seconds: a receiver refuses a signature that is some minutes old."""
    name, moment = event_id(job), str(int(now))
    signed = f"{name}.{moment}.".encode() + content
    return {
        "Content-Type": "application/json",
        "User-Agent": "CityWeather+",
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys(settings.CALLBACK_SECRET)),
    }


def keys(secret: str) -> list[bytes]:
    """Several, separated by commas, sign side by side while one takes the other's place."""
    return [_key(part.strip()) for part in secret.split(",") if part.strip()]


def _key(text: str) -> bytes:
    if text.startswith(PREFIX):
        try:
            return base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            return text.encode()
    return text.encode()


def _signature(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
