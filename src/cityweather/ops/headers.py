"""Security headers for every answer; a page that needs other rules sets its own."""

from django.http.response import HttpResponseBase

# Nothing an API answers is to be rendered, wherever someone opens it.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOCS_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # Swagger UI writes styles
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def protect(response: HttpResponseBase) -> None:
    page = response.headers.get("Content-Type", "").startswith("text/html")
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY if page else DATA_POLICY)
    if page:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
    # An ETag is of use only to who may keep the answer and ask whether it still holds.
    response.headers.setdefault("Cache-Control", "private, no-cache" if "ETag" in response.headers else "no-store")
