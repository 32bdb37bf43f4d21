"""Requests that may take long leave some threads of the web process to polls, cached weather and health.

Whatever makes them slow (a database that hangs, uploads over bad lines), those still answer. Look-ups that ask the
provider take only a part of the threads for slow work, so lists and imports go on while the provider hangs.
"""

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from cityweather.api.exceptions import failure
from cityweather.errors import Overloaded
from cityweather.runtime.slow_work import slow_work

# Most of them ask Redis only. A poll that has to read the job's row takes a thread for slow work by itself, and so does
# a look-up that has to ask the provider. Health asks in threads of its own.
QUICK = re.compile(r"/(healthz|readyz|weather|bulk/jobs/[0-9a-fA-F-]{36})/?")


class ThreadReservation:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in ("GET", "HEAD") and QUICK.fullmatch(request.path_info):
            return self._get_response(request)
        try:
            slow_work.enter()
        except Overloaded as error:
            return failure(error)
        streaming = False
        try:
            response = self._get_response(request)
            streaming = response.streaming
        finally:
            if not streaming:
                slow_work.leave()
        if streaming:
            # Its work begins after this. The list is private: Django has no public hook for the end of one response.
            # Its signal request_finished does not say which response has ended.
            closers: Any = response
            closers._resource_closers.append(slow_work.leave)  # noqa: SLF001
        return response
