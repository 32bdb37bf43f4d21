"""Times as every answer shows them: ISO 8601, UTC, milliseconds, Z."""

from datetime import UTC, datetime


def iso(moment: datetime | float | None) -> str | None:
    """`moment`: aware, or Unix seconds."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
