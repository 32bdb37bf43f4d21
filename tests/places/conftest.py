from tests.support.places import places, postgres_places, sqlite_places

__all__ = ["places", "postgres_places", "sqlite_places"]
