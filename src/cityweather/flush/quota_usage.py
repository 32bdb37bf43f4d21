"""Copies how much quota was used from Redis into the database, and back into a Redis that has lost it (invariant 8)."""

from cityweather.models import QuotaUse
from cityweather.weather import factory


def persist() -> None:
    """Store what this hour, day or month has used. A stored number never falls; rows of earlier periods are deleted."""
    provider = factory.provider().name
    for window, used in factory.rate_limiter().usage().items():
        row, made = QuotaUse.objects.get_or_create(provider=provider, window=window, defaults={"used": used})
        if not made and used > row.used:
            QuotaUse.objects.filter(pk=row.pk, used__lt=used).update(used=used)
        if made:
            _forget_before(provider, window)


def restore() -> bool:
    """Give Redis what the database has stored. True: Redis had lost it."""
    stored = QuotaUse.objects.filter(provider=factory.provider().name).values_list("window", "used")
    return factory.rate_limiter().restore_usage(dict(stored))


def _forget_before(provider: str, window: str) -> None:
    """Without this, every hour would leave a row for ever, and all would be sent to Redis every ten seconds."""
    name, _, period = window.partition(":")
    rows = QuotaUse.objects.filter(provider=provider, window__startswith=f"{name}:").values_list("pk", "window")
    past = [pk for pk, other in rows if int(other.partition(":")[2]) < int(period)]
    QuotaUse.objects.filter(pk__in=past).delete()
