"""The admin site, read-only: rows that the pipeline counts must not be edited by hand."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from cityweather.models import BulkJob, City, JobResult, RejectedRow, SearchHistory
from cityweather.places import names

MANY = 10_000  # rows that a list shows at most; search and filters reach the others


class OrMore(int):
    """A count that stopped at a limit."""

    def __str__(self) -> str:
        return f"{int(self):,} or more"


class Bounded(Paginator):  # type: ignore[type-arg]
    """Counts to MANY at most: count(*) would read every row, and there are millions."""

    @cached_property
    def count(self) -> int:
        count = len(cast("QuerySet[Any]", self.object_list).values_list("pk").order_by()[:MANY])
        return OrMore(count) if count == MANY else count


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    paginator = Bounded
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count the rows of each choice
    list_per_page = 50
    actions = None

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """A filter's value may prove unusable (the year 99999) only when the rows are counted."""
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError, DataError) as error:
            raise IncorrectLookupParameters from error

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False


@admin.register(City)
class CityAdmin(ReadOnly):
    list_display = ("name", "country", "last_status", "last_refreshed_at", "temperature", "condition", "last_error")
    list_filter = ("last_status",)
    search_fields = ("key",)
    search_help_text = "The beginning of a name"
    ordering = ("name",)

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[City],
        search_term: str,
    ) -> tuple[QuerySet[City], bool]:
        return queryset.filter(key__startswith=names.key(names.display(search_term))), False


@admin.register(BulkJob)
class BulkJobAdmin(ReadOnly):
    list_display = (
        "job_id", "file_name", "owner", "status", "phase", "total", "succeeded", "failed", "created_at", "finished_at",
    )  # fmt: skip
    list_filter = ("status", "phase", "created_at")
    search_fields = ("file_name", "owner")
    exclude = ("callback_url",)  # it may hold a secret
    ordering = ("-created_at",)


class _OfAJob(ReadOnly):
    """Rows of jobs, in the order of the primary key, which needs no sort. The search takes a job's id."""

    ordering = ("-pk",)
    search_fields = ("job__job_id",)
    search_help_text = "The id of a job"

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(job_id=UUID(search_term)), False
        except ValueError:
            return queryset.none(), False


@admin.register(JobResult)
class JobResultAdmin(_OfAJob):
    list_display = ("job", "position", "line", "city", "status", "refreshed_at", "error", "temperature")
    list_filter = ("status",)
    list_select_related = ("job", "city")


@admin.register(RejectedRow)
class RejectedRowAdmin(_OfAJob):
    list_display = ("job", "line", "code", "text")
    list_select_related = ("job",)


@admin.register(SearchHistory)
class SearchHistoryAdmin(ReadOnly):
    list_display = ("city_name", "timestamp")
    list_filter = ("timestamp",)
    ordering = ("-timestamp", "-id")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return bool(request.user.has_perm("cityweather.delete_searchhistory"))
