"""The API's paths, each with and without a trailing slash and without a redirect: a redirect loses a POST's body."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from cityweather.api import history, jobs, results, summary


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    return [path(route, view, name=name), path(f"{route}/", view)]


# Pollers first: the resolver goes from top to bottom.
urlpatterns = [
    *both("bulk/jobs/<str:job_id>", jobs.JobView.as_view(), "job"),
    *both("history", history.HistoryView.as_view(), "history"),
    *both("bulk/jobs", jobs.JobsView.as_view(), "jobs"),
    *both("bulk/jobs/<str:job_id>/results", results.ResultsView.as_view(), "results"),
    *both("bulk/jobs/<str:job_id>/summary", summary.SummaryView.as_view(), "summary"),
]
