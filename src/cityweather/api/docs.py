"""/schema and /docs: the API for programs and for people."""

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer

from cityweather.api.base import ApiView


class SchemaView(ApiView, SpectacularAPIView):
    """JSON unless YAML is asked for."""

    renderer_classes: Any = (JSONRenderer, OpenApiJsonRenderer, OpenApiYamlRenderer)


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own static files; its script apart, for the Content-Security-Policy."""
