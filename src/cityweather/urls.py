from django.contrib import admin
from django.urls import path, re_path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.generic import RedirectView

from cityweather.api import exceptions
from cityweather.api import urls as api
from cityweather.api.urls import both
from cityweather.dashboard import views as dashboard
from cityweather.ops import health, prometheus

urlpatterns: list[URLPattern | URLResolver] = [
    # Not by include(): that would cost every request a second resolver.
    *api.urlpatterns,
    *both("healthz", health.healthz, "healthz"),
    *both("readyz", health.readyz, "readyz"),
    *both("metrics", prometheus.view, "metrics"),
    path("", dashboard.index, name="dashboard"),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    # Also under DEBUG an unknown path answers JSON.
    re_path(r"", exceptions.not_found),
]

handler400 = exceptions.bad_request
handler403 = exceptions.permission_denied
handler404 = exceptions.not_found
handler500 = exceptions.server_error
