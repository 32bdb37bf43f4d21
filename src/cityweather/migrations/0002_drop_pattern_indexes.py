from django.db import migrations


class Migration(migrations.Migration):
    """Django adds a second index to a unique text on PostgreSQL, for LIKE 'x%', which nothing here asks.

    The two cost a third of the time of an import of new cities, and 90 bytes a city.
    """

    dependencies = [("cityweather", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [
                "DROP INDEX IF EXISTS cityweather_city_name_02e4148a_like",
                "DROP INDEX IF EXISTS cityweather_city_key_304b18ae_like",
            ],
            migrations.RunSQL.noop,
        )
    ]
