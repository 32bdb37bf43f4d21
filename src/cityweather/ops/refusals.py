"""What gunicorn refuses, before there is a request for Django, is answered as JSON, too."""

import json
from http import HTTPStatus

from gunicorn.http import errors  # type: ignore[import-untyped]

STATUS = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
    errors.UnsupportedTransferCoding: 501,
}
OURS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


def answer(exc: Exception, with_body: bool) -> tuple[int, bytes]:
    """The status, and the whole answer."""
    status, code, detail = _told(exc)
    body = json.dumps({"detail": detail, "code": code}).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return status, head.encode() + (body if with_body else b"")


def _told(exc: Exception) -> tuple[int, str, str]:
    if not isinstance(exc, errors.ParseException) or isinstance(exc, OURS):
        return 500, "internal_error", "Something went wrong here."
    return STATUS.get(type(exc), 400), "bad_request", f"The request is not understood: {exc}."
