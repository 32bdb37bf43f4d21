"""Answers that a running service gave, for the schema."""

from typing import Any

Answer = dict[str, Any]

_JOB_ID = "c1515d6c-72b7-43b4-81af-d9cf866c9446"

WEATHER: Answer = {
    "city": "Oslo",
    "temperature": 0.56,
    "condition": "Clouds",
    "humidity": 58,
    "feels_like": -1.95,
    "description": "overcast clouds",
    "wind_speed": 10.05,
    "latitude": 59.91273,
    "longitude": 10.74609,
    "country": "NO",
    "observed_at": "2026-11-23T09:10:00.000Z",
    "cached": False,
    "stale": False,
}
HISTORY: Answer = {"results": [{"city": "Oslo", "timestamp": "2026-11-23T09:13:53.901Z"}], "next": None}
JOB: Answer = {
    "job_id": _JOB_ID,
    "status": "running",
    "phase": "fetching",
    "total": 5000,
    "processed": 136,
    "succeeded": 136,
    "failed": 0,
    "pending": 4864,
    "rows_read": 5001,
    "duplicates": 1,
    "rejected": 0,
    "progress": 2,
    "created_at": "2026-11-23T09:13:53.950Z",
    "started_at": "2026-11-23T09:13:54.212Z",
    "finished_at": None,
    "rate": 70.3,
    "eta_seconds": 69,
    "waiting_for": None,
    "error": None,
    "file_name": "cities.csv",
    "retry_of": None,
    "retries": [],
    "max_rate": None,
    "expires_at": None,
    "as_of": "2026-11-23T09:13:56.147Z",
    "source": "live",
}
ACCEPTED: Answer = JOB | {
    "status": "queued", "phase": "queued", "processed": 0, "succeeded": 0, "pending": 5000, "progress": 0,
    "started_at": None, "rate": None, "eta_seconds": None, "source": "database",
    "status_url": f"/bulk/jobs/{_JOB_ID}",
}  # fmt: skip
JOBS: Answer = {"results": [JOB], "next": None}
_DONE: Answer = JOB | {
    "status": "done", "phase": "ended", "processed": 5000, "succeeded": 4999, "failed": 1, "pending": 0,
    "progress": 100, "finished_at": "2026-11-23T09:15:05.260Z", "eta_seconds": None,
    "expires_at": "2026-12-23T09:15:05.260Z", "as_of": "2026-11-23T09:15:05.260Z", "source": "database",
}  # fmt: skip
JOB_ENDED: Answer = {"type": "job.done", "timestamp": "2026-11-23T09:15:05.260Z", "data": _DONE}
RATE: Answer = {"max_rate": 600}
FILE_BY_PATH: Answer = {"path": "cities.csv"}
UPLOAD: Answer = {"column": "city", "file": "city\nOslo\nBergen\n"}
_RESULT: Answer = {
    "position": 0,
    "line": 2,
    "city": "City0",
    "status": "success",
    "last_refreshed_at": "2026-11-23T09:13:54.357Z",
    "last_error": None,
    "weather": {"temperature": 5.09, "condition": "Clear", "humidity": 67},
    "country": "AU",
    "latitude": 47.5785,
    "longitude": -125.9382,
}
RESULTS: Answer = {"results": [_RESULT], "next": f"/bulk/jobs/{_JOB_ID}/results?limit=1&cursor=WyJyIiwwXQ"}
SUMMARY: Answer = {
    "job_id": _JOB_ID,
    "status": "running",
    "total": 5000,
    "processed": 256,
    "succeeded": 255,
    "failed": 1,
    "most_recent": [_RESULT],
    "failures": [{"reason": "unknown_city", "count": 1}],
}
REJECTED: Answer = {"results": [{"line": 7, "code": "name_too_long", "text": "xxxxxxxx…"}], "next": None}
CITIES: Answer = {
    "results": [
        {
            "city": "Oslo", "status": "success", "last_refreshed_at": "2026-11-23T09:13:53.880Z", "last_error": None,
            "temperature": 0.56, "condition": "Clouds", "humidity": 58, "observed_at": "2026-11-23T09:10:00.000Z",
            "country": "NO", "latitude": 59.91273, "longitude": 10.74609,
        }
    ],
    "next": None,
}  # fmt: skip
POINTS: Answer = {
    "step": 1,
    "next": None,
    "unsettled": 2,
    "points": [[0, 0.407, 47.5785, -125.9382, 5.09, "City0"], [1, 0.411, None, None, None, "Nowhere"]],
}
