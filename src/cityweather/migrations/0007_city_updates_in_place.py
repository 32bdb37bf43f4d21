from typing import Any

from django.db import migrations, models


def leave_room(_: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE cityweather_city SET (fillfactor = 40)")


def fill(_: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE cityweather_city RESET (fillfactor)")


class Migration(migrations.Migration):
    """Let PostgreSQL refresh a city in its own page, without a word to the indexes (a heap-only tuple).

    That takes an index less, the one on a column that each refresh changes, and room: a city grows when its first
    weather comes, and a flush refreshes a whole page at once. The table is not written anew: pages that are full get
    their room as their cities move out. /cities in the order of time sorts all cities for a page instead.
    """

    dependencies = [("cityweather", "0006_city_key_collation")]

    operations = [
        migrations.AlterField("City", "last_refreshed_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(leave_room, fill),
    ]
