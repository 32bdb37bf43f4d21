"""No Content-Type, however odd, takes an answer of ours from a client."""

import io
import json
from typing import Any

import pytest

from cityweather.wsgi import application

pytestmark = pytest.mark.usefixtures("db")


def ask(content_type: str, query: str = "", **more: Any) -> tuple[str, dict[str, str], Any]:
    started: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/history", "QUERY_STRING": query, "CONTENT_TYPE": content_type,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http",
    } | more  # fmt: skip
    body = application(environ, lambda status, headers: started.extend((status, dict(headers))))
    return started[0], started[1], json.loads(b"".join(body))


@pytest.mark.parametrize("odd", ["text/plain; a*=x; a*0=y", "text/plain; a*=nothing'en'x"])
def test_one_that_cannot_be_read_is_refused(odd: str) -> None:
    status, headers, body = ask(odd)
    assert (status, body["code"]) == ("400 Bad Request", "bad_request")
    assert headers["X-Request-ID"]


@pytest.mark.parametrize("charset", ["base64", "punycode", "undefined"])
def test_its_charset_is_not_the_query_strings(charset: str) -> None:
    status, _, body = ask(f"text/plain; charset={charset}", "limit=0")
    assert (status, body["code"]) == ("400 Bad Request", "invalid_parameter")


def test_a_part_of_a_form_is_refused_likewise_before_anyone_has_logged_in() -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"; a*=x; a*0=y\r\n\r\nx\r\n--b--\r\n'
    status, _, body = ask(
        "multipart/form-data; boundary=b", REQUEST_METHOD="POST", PATH_INFO="/admin/cityweather/city/",
        CONTENT_LENGTH=str(len(form)), HTTP_COOKIE=f"csrftoken={'x' * 32}", **{"wsgi.input": io.BytesIO(form)},
    )  # fmt: skip
    assert (status, body["code"]) == ("400 Bad Request", "bad_request")
