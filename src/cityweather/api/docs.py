"""/schema and /docs: the API for programs and for people."""

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from cityweather.api.base import ApiView
from cityweather.ops.headers import DOCS_POLICY


class SchemaView(ApiView, SpectacularAPIView):
    """JSON unless YAML is asked for."""

    renderer_classes: Any = (JSONRenderer, OpenApiJsonRenderer, OpenApiYamlRenderer)


class DocsView(ApiView, SpectacularSwaggerSplitView):
    """Swagger UI from our own static files; its script apart, for the Content-Security-Policy."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Content-Security-Policy"] = DOCS_POLICY
        return response
