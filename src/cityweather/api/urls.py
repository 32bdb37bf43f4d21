"""The API's paths, each with and without a trailing slash and without a redirect: a redirect loses a POST's body."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from cityweather.api import cities, history, imports, jobs, overview, places, results, schedules, schema, weather

JOB = "bulk/jobs/<str:job_id>"


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    return [path(route, view, name=name), path(f"{route}/", view)]


# The resolver goes from top to bottom, so what is asked most comes first.
urlpatterns = [
    *both(JOB, jobs.JobView.as_view(), "job"),
    *both("weather", weather.WeatherView.as_view(), "weather"),
    *both("history", history.HistoryView.as_view(), "history"),
    *both("cities", cities.CitiesView.as_view(), "cities"),
    *both("places", places.PlacesView.as_view(), "places"),
    *both("bulk/import", imports.ImportView.as_view(), "import"),
    *both("bulk/jobs", jobs.JobsView.as_view(), "jobs"),
    *both("bulk/summary", overview.OverviewView.as_view(), "overview"),
    *both(f"{JOB}/results", results.ResultsView.as_view(), "results"),
    *both(f"{JOB}/rejected", results.RejectedView.as_view(), "rejected"),
    *both(f"{JOB}/points", results.PointsView.as_view(), "points"),
    *both(f"{JOB}/summary", results.SummaryView.as_view(), "summary"),
    *both(f"{JOB}/cancel", jobs.CancelView.as_view(), "cancel"),
    *both(f"{JOB}/pause", jobs.PauseView.as_view(), "pause"),
    *both(f"{JOB}/resume", jobs.ResumeView.as_view(), "resume"),
    *both(f"{JOB}/rerun", jobs.RerunView.as_view(), "rerun"),
    *both(f"{JOB}/retry", jobs.RetryView.as_view(), "retry"),
    *both("bulk/schedules", schedules.SchedulesView.as_view(), "schedules"),
    *both("bulk/schedules/<str:schedule_id>", schedules.ScheduleView.as_view(), "schedule"),
    *both("schema", schema.SchemaView.as_view(), "schema"),
    *both("docs", schema.DocsView.as_view(), "docs"),
]
