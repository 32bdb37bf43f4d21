"""The API's paths, each with and without a trailing slash and without a redirect: a redirect loses a POST's body."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from cityweather.api import cities, commands, docs, history, imports, jobs, points, rejected, results, summary, weather

JOB = "bulk/jobs/<str:job_id>"


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    return [path(route, view, name=name), path(f"{route}/", view)]


# Pollers first: the resolver goes from top to bottom.
urlpatterns = [
    *both(JOB, jobs.JobView.as_view(), "job"),
    *both("weather", weather.WeatherView.as_view(), "weather"),
    *both("history", history.HistoryView.as_view(), "history"),
    *both("cities", cities.CitiesView.as_view(), "cities"),
    *both("bulk/import", imports.ImportView.as_view(), "import"),
    *both("bulk/jobs", jobs.JobsView.as_view(), "jobs"),
    *both(f"{JOB}/results", results.ResultsView.as_view(), "results"),
    *both(f"{JOB}/rejected", rejected.RejectedView.as_view(), "rejected"),
    *both(f"{JOB}/points", points.PointsView.as_view(), "points"),
    *both(f"{JOB}/summary", summary.SummaryView.as_view(), "summary"),
    *both(f"{JOB}/cancel", commands.CancelView.as_view(), "cancel"),
    *both(f"{JOB}/pause", commands.PauseView.as_view(), "pause"),
    *both(f"{JOB}/resume", commands.ResumeView.as_view(), "resume"),
    *both(f"{JOB}/retry", commands.RetryView.as_view(), "retry"),
    *both("schema", docs.SchemaView.as_view(), "schema"),
    *both("docs", docs.DocsView.as_view(), "docs"),
]
