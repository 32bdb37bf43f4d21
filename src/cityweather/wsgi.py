"""The web process: `cityweather web`"""

import os
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters

from cityweather.runtime.process import require_sound_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")


class Request(WSGIRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Django's raises before the first middleware, and would read the query string in the body's charset.

        The method is private: WSGIRequest's constructor calls it, and Django has no public hook before that.
        """
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, TypeError):
            self.content_type, self.content_params = None, {}  # RequestMiddleware refuses it

    def parse_file_upload(self, META: Any, post_data: Any) -> Any:  # noqa: N803  # Django's name
        """A form's, which the admin's CSRF check reads before anyone has logged in."""
        try:
            return super().parse_file_upload(META, post_data)
        except TypeError as error:
            raise MultiPartParserError("The header of a part cannot be read.") from error


application = get_wsgi_application()
application.request_class = Request

require_sound_settings(warn=False)  # `cityweather web` has done that, once for all its processes
