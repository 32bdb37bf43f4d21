from cityweather.api.urls import both
from cityweather.ops import health

urlpatterns = [
    *both("healthz", health.healthz, "healthz"),
    *both("readyz", health.readyz, "readyz"),
]
