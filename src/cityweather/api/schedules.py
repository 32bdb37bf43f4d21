"""The schedules: each refreshes the cities of a job again and again."""

from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cityweather.api import queries, schema
from cityweather.api import serializers as shapes
from cityweather.api.auth import HasApiKey
from cityweather.api.base import KeyedView, ListView
from cityweather.api.jobs import send_ticks_for
from cityweather.api.pagination import Cursor, KeysetPagination
from cityweather.api.schedule_serializers import NewSchedule, ScheduleChange, ScheduleShape
from cityweather.dispatch import schedules
from cityweather.errors import ScheduleNotFound
from cityweather.ingest.importer import import_spool
from cityweather.ingest.paths import open_below
from cityweather.ingest.spool import spool_upload
from cityweather.models import Schedule


class NewestFirst(KeysetPagination):
    cursor = Cursor("s", (datetime, UUID))
    order = ("-created_at", "-schedule_id")


class SchedulesView(ListView):
    permission_classes = (HasApiKey,)
    pagination_class = NewestFirst
    serializer_class = ScheduleShape

    def get_queryset(self) -> QuerySet[Schedule]:
        return Schedule.objects.select_related("source")

    @schema.document(
        "schedules",
        "The schedules, newest first",
        {(200, schema.JSON): ScheduleShape},
        parameters=[queries.PageQuery, schema.NEXT_LINK],
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @schema.document(
        "schedule_create",
        "Refresh the cities of a job again and again",
        {(201, schema.JSON): ScheduleShape},
        errors=(404, 408, 411, 413, 415, 507),
        parameters=[schema.sent("Location", "Path of the schedule", 201)],
        request=NewSchedule,
    )
    def post(self, request: Request) -> Response:
        fields = checked(NewSchedule(data=request.data)) | {"owner": self.owner, "now": timezone.now()}
        if path := fields.pop("path", None):
            schedule = of_file(path, fields)
        else:
            schedule = schedules.create(str(fields.pop("job_id")), **fields)
        url = reverse("schedule", kwargs={"schedule_id": str(schedule.pk)})
        return Response(ScheduleShape(schedule).data, status=201, headers={"Location": url})


class ScheduleView(KeyedView):
    @schema.document(
        "schedule",
        "A schedule, its next and its last run",
        {(200, schema.JSON): ScheduleShape},
        errors=(404,),
        parameters=[schema.SCHEDULE_ID],
    )
    def get(self, request: Request, schedule_id: str) -> Response:  # noqa: ARG002
        schedule = Schedule.objects.select_related("source").filter(pk=parsed(schedule_id)).first()
        if schedule is None:
            raise ScheduleNotFound
        return Response(ScheduleShape(schedule).data)

    @schema.document(
        "schedule_change",
        "Other moments, another label, pause or go on",
        {(200, schema.JSON): ScheduleShape},
        errors=(404, 408, 409, 411, 413, 415),
        parameters=[schema.SCHEDULE_ID],
        request=ScheduleChange,
    )
    def patch(self, request: Request, schedule_id: str) -> Response:
        fields = checked(ScheduleChange(data=request.data))
        schedule = schedules.change(parsed(schedule_id), now=timezone.now(), **fields)
        return Response(ScheduleShape(schedule).data)

    @schema.document(
        "schedule_delete",
        "End a schedule; its jobs stay",
        {204: None},
        errors=(404, 411, 413),
        parameters=[schema.SCHEDULE_ID],
    )
    def delete(self, request: Request, schedule_id: str) -> Response:  # noqa: ARG002
        if not Schedule.objects.filter(pk=parsed(schedule_id)).delete()[0]:
            raise ScheduleNotFound
        return Response(status=204)


def of_file(path: str, fields: dict[str, Any]) -> Schedule:
    """Raises ImportRefused, TooManyJobs and as schedules.create()."""
    with open_below(path, settings.IMPORT_DIR) as file:
        spool = spool_upload(file, file_name=PurePath(path).name)
    with spool, transaction.atomic():  # a schedule that is refused leaves no job
        job, _ = import_spool(spool, owner=fields["owner"], label=fields.get("label", ""))
        schedule = schedules.create(str(job.pk), **fields)
    send_ticks_for(job)
    return schedule


def checked(body: shapes.Shape) -> dict[str, Any]:
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def parsed(text: str) -> UUID:
    """Raises ScheduleNotFound for what no schedule can have."""
    try:
        return UUID(text)
    except ValueError:
        raise ScheduleNotFound from None
