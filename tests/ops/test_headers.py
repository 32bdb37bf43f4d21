"""Headers that keep a browser from doing harm."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.support.servers import settings_for

pytestmark = pytest.mark.usefixtures("db")


@pytest.mark.parametrize("path", ["/history", "/nothing", "/bulk/jobs", "/schema", "/metrics"])
def test_data_is_never_rendered_framed_sniffed_or_kept(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cache-Control"] == "no-store"


def test_a_page_runs_scripts_of_this_host_only(client: Client) -> None:
    for path in ("/admin/login/", "/docs"):
        policy = client.get(path)["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "http" not in policy


@pytest.mark.parametrize(("proxies", "secure"), [(0, False), (1, True)])
def test_the_scheme_is_read_from_trusted_proxies_only(client: Client, proxies: int, secure: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUSTED_PROXIES", str(proxies))
        found: Any = settings_for("sqlite://")
    assert (getattr(found, "SECURE_PROXY_SSL_HEADER", None) is not None) is secure


@pytest.mark.parametrize("path", ["healthz", "readyz", "metrics", "metrics/"])
def test_what_is_asked_from_inside_needs_no_tls_behind_proxies(path: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUSTED_PROXIES", "1")
        found: Any = settings_for("sqlite://")
    assert any(re.search(pattern, path) for pattern in found.SECURE_REDIRECT_EXEMPT)
