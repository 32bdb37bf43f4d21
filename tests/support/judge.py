"""At the end of a job: do Redis, the job, its results, the cities and the provider agree, to the row?"""

from tests.support.fleet import Fleet

RESULTS = """
SELECT count(*), count(DISTINCT city_id), count(DISTINCT position), count(*) FILTER (WHERE status = 'pending'),
       count(*) FILTER (WHERE error = 'unknown_city')
FROM cityweather_jobresult WHERE job_id = %s
"""
CITIES = """
SELECT count(*) FROM cityweather_jobresult r JOIN cityweather_city c ON c.id = r.city_id WHERE r.job_id = %s AND
  ((c.last_status, c.last_error) IS DISTINCT FROM (r.status, r.error)
   OR r.status = 'success' AND (c.last_refreshed_at, c.temperature, c.condition, c.humidity)
      IS DISTINCT FROM (r.refreshed_at, r.temperature, r.condition, r.humidity))
"""
IMPORTED = "SELECT imported, unmatched FROM cityweather_bulkjob WHERE job_id = %s"
WITHOUT_PLACE = """
    SELECT count(*) FROM cityweather_jobresult JOIN cityweather_city city ON city.id = city_id
    WHERE job_id = %s AND place_id IS NULL AND cityweather_jobresult.latitude IS NULL
"""


def faults(fleet: Fleet, job_id: str, total: int) -> list[str]:
    """Of a job that is done and whose cities no other job has. Empty: all is exact."""
    found = []
    ((*counts, unknown),) = fleet.sql(RESULTS, job_id)
    if counts != [total, total, total, 0]:
        found.append(f"(results, cities, positions, pending) are {counts} of {total}")
    ((differing,),) = fleet.sql(CITIES, job_id)
    if differing:
        found.append(f"{differing} cities differ from their results")
    ((imported, unmatched),) = fleet.sql(IMPORTED, job_id)
    ((without,),) = fleet.sql(WITHOUT_PLACE, job_id)
    if (imported, unmatched) != (total, without):
        found.append(f"(imported, unmatched) are {imported, unmatched} of {total, without}")
    ((chunks,),) = fleet.sql("SELECT count(*) FROM cityweather_importchunk")
    if chunks:
        found.append(f"{chunks} chunks are left")
    stats = fleet.simulator.stats()
    if not total <= stats["searched"] <= total + 1:  # London, too: a probe asks what its row would ask
        found.append(f"the geocoder saw {stats['searched']} cities of {total}")
    seen = stats["cities"] + unknown
    if not total <= seen <= total + 1:  # London may be asked as well, to find out whether the provider is well
        found.append(f"the provider saw {seen} cities of {total}")
    audit = fleet.command("audit", job_id, check=False)
    if audit.returncode:
        found.append(f"cityweather audit: {audit.stdout}{audit.stderr}")
    return found


def repeated(fleet: Fleet) -> int:
    """Requests that were answered well, beyond one for each name and one for each place."""
    stats = fleet.simulator.stats()
    statuses = stats["statuses"]
    return int(statuses.get("200", 0) + statuses.get("404", 0) - stats["searched"] - stats["cities"])
