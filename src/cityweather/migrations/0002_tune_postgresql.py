from typing import Any

from django.db import migrations

POSTGRESQL = [
    # At the end of the migration that makes a table Django adds a second index to a unique text, for LIKE 'x%'.
    # Nothing asks for it on `name`, and the next statements do without it on `key`. The two cost a third of the time
    # of an import of new cities, and 90 bytes a city.
    "DROP INDEX IF EXISTS cityweather_city_name_02e4148a_like",
    "DROP INDEX IF EXISTS cityweather_city_key_304b18ae_like",
    # Compared by its bytes, an index also finds the keys that begin with a text (/cities?search=, /places).
    'ALTER TABLE cityweather_city ALTER COLUMN key TYPE varchar(400) COLLATE "C"',
    'ALTER TABLE cityweather_placename ALTER COLUMN key TYPE varchar(400) COLLATE "C"',
]


def tune_postgresql(_: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("cityweather", "0001_initial")]

    operations = [migrations.RunPython(tune_postgresql, migrations.RunPython.noop)]
