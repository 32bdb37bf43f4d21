"""Redis counts what the provider was asked; the database remembers it, so that an emptied Redis can be restored."""

from cityweather.models import QuotaUse
from cityweather.weather import availability, factory


def persist() -> None:
    """Note the use of the hour, day or month down, never less than was noted before; earlier ones tell nothing."""
    provider = factory.provider_name()
    for window, used in availability.usage().items():
        row, made = QuotaUse.objects.get_or_create(provider=provider, window=window, defaults={"used": used})
        if not made and used > row.used:
            QuotaUse.objects.filter(pk=row.pk, used__lt=used).update(used=used)
        if made:
            _forget_before(provider, window)


def restore() -> bool:
    """True when Redis had forgotten."""
    noted = QuotaUse.objects.filter(provider=factory.provider_name()).values_list("window", "used")
    return availability.restore_usage(dict(noted))


def _forget_before(provider: str, window: str) -> None:
    """Every hour would leave a row for good, and each is told to Redis every ten seconds."""
    name, _, period = window.partition(":")
    noted = QuotaUse.objects.filter(provider=provider, window__startswith=f"{name}:").values_list("pk", "window")
    past = [pk for pk, other in noted if int(other.partition(":")[2]) < int(period)]
    QuotaUse.objects.filter(pk__in=past).delete()
