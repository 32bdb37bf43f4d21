from cityweather.api.urls import both
from cityweather.ops import health, scrape

urlpatterns = [
    *both("healthz", health.healthz, "healthz"),
    *both("readyz", health.readyz, "readyz"),
    *both("metrics", scrape.view, "metrics"),
]
