"""Redis counts what the provider was asked; the database remembers it, so that an emptied Redis is told."""

from cityweather.models import QuotaUse
from cityweather.weather import availability
from cityweather.weather.choice import from_settings


def keep() -> None:
    """Note the use of the hour, day or month down, never less than was noted before; earlier ones tell nothing."""
    provider = from_settings().name
    for window, used in availability.usage().items():
        row, made = QuotaUse.objects.get_or_create(provider=provider, window=window, defaults={"used": used})
        if not made and used > row.used:
            QuotaUse.objects.filter(pk=row.pk, used__lt=used).update(used=used)
        if made:
            _forget_before(provider, window)


def tell() -> bool:
    """True when Redis had forgotten."""
    noted = QuotaUse.objects.filter(provider=from_settings().name).values_list("window", "used")
    return availability.seed(dict(noted))


def _forget_before(provider: str, window: str) -> None:
    """Every hour would leave a row for good, and each is told to Redis every ten seconds."""
    name, _, period = window.partition(":")
    noted = QuotaUse.objects.filter(provider=provider, window__startswith=f"{name}:").values_list("pk", "window")
    past = [pk for pk, other in noted if int(other.partition(":")[2]) < int(period)]
    QuotaUse.objects.filter(pk__in=past).delete()
