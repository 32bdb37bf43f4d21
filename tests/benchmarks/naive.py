"""The usual design, honestly written: one Celery task a city, requests.get, an ORM update, F() counters.

`tuned` sheds what it can without becoming another design: a session is reused, no results are kept, connections to the
database outlive a task, one UPDATE instead of SELECT and save, prefetching, no gossip.
"""

import os
import sys
import time
from functools import lru_cache
from typing import Any

import django
import requests
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
django.setup()

from django.db.models import F  # noqa: E402  # Django is set up first
from django.utils import timezone  # noqa: E402

from cityweather.models import BulkJob, City  # noqa: E402

TUNED = os.environ.get("NAIVE_TUNED") == "1"
URL = os.environ["OPENWEATHER_URL"] + "/data/2.5/weather"
app = Celery("naive", broker=os.environ["REDIS_URL"])
app.conf.update(timezone="UTC")
if TUNED:
    app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64, worker_hijack_root_logger=False)
    os.environ.setdefault("CELERY_DB_REUSE_MAX", "1000000")
else:
    app.conf.update(result_backend=os.environ["REDIS_URL"])


@lru_cache
def session() -> requests.Session:
    return requests.Session()


def fields(name: str) -> dict[str, Any]:
    get = session().get if TUNED else requests.get
    answer = get(URL, params={"q": name, "appid": "key", "units": "metric"}, timeout=10)
    answer.raise_for_status()
    body = answer.json()
    return {
        "last_refreshed_at": timezone.now(),
        "last_status": "success",
        "last_error": None,
        "temperature": body["main"]["temp"],
        "humidity": body["main"]["humidity"],
        "condition": body["weather"][0]["main"],
    }


@app.task(name="refresh")
def refresh(job_id: str, city_id: int, name: str = "") -> None:
    if TUNED:
        City.objects.filter(pk=city_id).update(**fields(name))
    else:
        city = City.objects.get(pk=city_id)
        for field, value in fields(city.name).items():
            setattr(city, field, value)
        city.save()
    BulkJob.objects.filter(pk=job_id).update(processed=F("processed") + 1, succeeded=F("succeeded") + 1)


def enqueue(count: int) -> None:
    """Rows, then a task each. Prints the job's id and the CPU seconds of the sending."""
    City.objects.bulk_create(City(name=f"City {n}", key=f"city {n}") for n in range(count))
    job = BulkJob.objects.create(total=count, status="running", phase="fetching")
    print(job.pk, flush=True)
    began = time.process_time()
    for city in City.objects.all().iterator():
        refresh.delay(str(job.pk), city.pk, *([city.name] if TUNED else []))
    print(time.process_time() - began, flush=True)


if __name__ == "__main__":
    enqueue(int(sys.argv[1]))
