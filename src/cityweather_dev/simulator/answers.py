"""An answer on its way: status, body, headers, and how badly it is sent."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

JSON = b"application/json; charset=utf-8"
HTML = b"text/html; charset=utf-8"
PAGE = b"<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body><h1>400</h1></body>\r\n</html>"
HUGE = 50_000_000  # bytes
# Encoded once: what a request costs here is what the benchmarks see of us.
HEADS = {
    status: f"HTTP/1.1 {status.value} {status.phrase}\r\nServer: simulator\r\nContent-Type: ".encode()
    for status in HTTPStatus
}


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes
    content_type: bytes = JSON
    headers: bytes = b""  # whole lines, each with its CRLF
    manner: str = "whole"  # or reset, hang, half, slow
    delay: float = 0  # seconds
    counted: bool = True  # as a request to the provider

    def encode(self) -> bytes:
        return b"%b%b\r\n%bContent-Length: %d\r\n\r\n%b" % (
            HEADS[HTTPStatus(self.status)], self.content_type, self.headers, len(self.body), self.body,
        )  # fmt: skip


def json(value: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value))


def retry_after(value: float | str) -> bytes:
    text = value if isinstance(value, str) else f"{value:g}"
    return f"Retry-After: {text}\r\n".encode()


def spoil(answer: Answer, fault: str, *, location: bytes) -> Answer:
    """The answer with one of the faults that are the same for every provider."""
    match fault:
        case "reset" | "hang" | "half" | "slow":
            answer.manner = fault
        case "html":
            return Answer(400, PAGE, HTML)
        case "html200":
            return Answer(200, PAGE, HTML)
        case "empty":
            answer.status, answer.body = 200, b""
        case "garbage":
            answer.status, answer.body = 200, b"\x00\xffnot json"
        case "midstream":
            answer.body = answer.body[: len(answer.body) // 2] + b"Unexpected error while streaming data"
        case "redirect":
            return Answer(302, b"", HTML, b"Location: " + location + b"\r\n")
        case "huge":
            answer.body = b'{"filler":"' + b"x" * HUGE + b'"}'
    return answer
