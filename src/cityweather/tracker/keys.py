"""Every key of the tracker is built here and nowhere else.

All keys of one job share the hash tag {job_id}, so a script may touch them together on a Redis Cluster.
"""

from dataclasses import dataclass

PREFIX = "cw"
PATTERN = f"{PREFIX}:{{*}}:job"  # for flush/housekeeping.py, the only place that scans

DRAIN = f"{PREFIX}:drain"  # exists while dispatch of all jobs is parked; no script touches it, since it is of no job


@dataclass(frozen=True, slots=True)
class JobKeys:
    job: str  # hash: counters, phase, rates; lua/prelude.lua lists its fields
    seen: str  # bitmap: bit n is set once the row at position n was counted
    stream: str  # entries: results that the database does not hold yet
    leases: str  # hash: token → lease, as lua/prelude.lua describes it

    @classmethod
    def of(cls, job_id: str) -> "JobKeys":
        tag = f"{PREFIX}:{{{job_id}}}"
        return cls(f"{tag}:job", f"{tag}:seen", f"{tag}:stream", f"{tag}:leases")

    def all(self) -> tuple[str, str, str, str]:
        """In the order in which every script takes them."""
        return self.job, self.seen, self.stream, self.leases


def job_id_of(key: bytes) -> str:
    return key.decode().split("{", 1)[1].split("}", 1)[0]
