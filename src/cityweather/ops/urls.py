from cityweather.api.urls import both
from cityweather.ops import health, prometheus

urlpatterns = [
    *both("healthz", health.healthz, "healthz"),
    *both("readyz", health.readyz, "readyz"),
    *both("metrics", prometheus.view, "metrics"),
]
