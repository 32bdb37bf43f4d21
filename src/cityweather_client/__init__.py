"""A service's client: `cityweather import`, `status`, `results`, … Speaks HTTP only; knows no settings."""
