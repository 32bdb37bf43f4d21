"""What is broken, in which order: one seed is one plan. Each wound is healed after some moments."""

import os
import random
import signal
import time
from contextlib import closing
from dataclasses import dataclass, field

import psycopg2

from cityweather.tracker.tracker import MOST, Tracker
from tests.support.fleet import Fleet

PARTS = ("web", "fetch-1", "fetch-2", "bookkeeper-1", "bookkeeper-2", "beat-1")
EXTRA = 3  # wounds beyond one of each kind
PATIENCE = 2.5  # seconds after which the next wound comes though the job makes no progress
LATEST = 0.8  # share of the rows done: what comes later hits the end of the job, so bookkeepers only
PROBES = 20  # requests that a failing provider costs on top, to distinguish a city's fault from its own


@dataclass(frozen=True)
class Wound:
    """`at`: share of the rows done when it is inflicted. `seconds` until it is healed."""

    at: float
    what: str
    target: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.what} {self.target} for {self.seconds:.1f} s"


def plan(seed: int) -> list[Wound]:
    """One of each kind, some more, in any order."""
    chance = random.Random(seed)
    short, long = lambda: chance.uniform(0.1, 1.5), lambda: chance.uniform(1.0, 4.0)
    kills = [("kill", part) for part in PARTS] + [("kill a child of", part) for part in PARTS if part != "beat-1"]
    ends = [("end", part) for part in PARTS]  # as a deploy does
    chosen = [chance.choice([k for k in kills if k[1].startswith(kind)]) for kind in ("web", "bookkeeper", "beat")]
    chosen += [("kill", chance.choice(PARTS[1:3])), ("kill a child of", chance.choice(PARTS[1:3]))]
    chosen += [("kill", "redis"), ("empty", "redis"), (chance.choice(["stop", "kill"]), "postgres")]
    chosen += [(chance.choice(["503", "429", "hang", "reset"]), "provider")]
    chosen += chance.sample(kills + ends, EXTRA)
    chance.shuffle(chosen)
    moments = sorted(chance.uniform(0.01, LATEST) for _ in chosen)
    slow = ("postgres", "provider")
    wounds = [Wound(at, what, target, long() if target in slow else short())
              for at, (what, target) in zip(moments, chosen, strict=True)]  # fmt: skip
    return [*_at_the_beginning(chance), *wounds, *_at_the_end(chance)]


def _at_the_beginning(chance: random.Random) -> list[Wound]:
    """Those who write the rows die at it."""
    one, other = chance.sample(["bookkeeper-1", "bookkeeper-2"], 2)
    return [Wound(0.0, "kill a child of", one, 0.5), Wound(0.0, "kill", other, chance.uniform(0.1, 1.5))]


def _at_the_end(chance: random.Random) -> list[Wound]:
    """Those who close, drain and commit die at it: one of them before, both when the last row is counted."""
    late = [(chance.uniform(0.9, 1.0), "kill"), (1.0, "kill a child of"), (1.0, "kill")]
    chosen = [*chance.sample(["bookkeeper-1", "bookkeeper-2"], 2), "bookkeeper-1"]
    return [Wound(at, what, who, chance.uniform(0.1, 1.5)) for (at, what), who in zip(late, chosen, strict=True)]


@dataclass
class Chaos:
    """Inflicts a plan upon a fleet while a job runs."""

    fleet: Fleet
    job_id: str
    total: int
    log: list[str] = field(default_factory=list)
    losses: int = 0  # odd while Redis is about to forget, or has not come back
    allowed: int = 0  # repeated fetches that the wounds explain
    _down: dict[str, float] = field(default_factory=dict)  # target → monotonic seconds when it is healed
    _web_hurt: bool = False
    _web_well_since: float = 0  # monotonic seconds
    _stored: int = 0

    def run(self, wounds: list[Wound]) -> None:
        began = last = time.monotonic()
        seen = 0
        waiting = list(wounds)
        while waiting or self._down or self._web_hurt:
            for target in [target for target, due in self._down.items() if due <= time.monotonic()]:
                self._heal(target)
            self._look_after_web()
            now, done = time.monotonic(), self._done()
            if done != seen:
                seen, last = done, now
            due = waiting and (done >= waiting[0].at * self.total or now > last + PATIENCE)
            if due and waiting[0].target not in self._down:
                wound, last = waiting.pop(0), now
                self._note(f"+{now - began:5.1f} s  {done:6d} done  {wound}")
                self._inflict(wound)
            time.sleep(0.02)

    def excuses(self, status: int | None) -> bool:
        """A dead web answers nothing; without the database a job that Redis does not know cannot be shown."""
        if self._web_hurt or time.monotonic() < self._web_well_since + 1:
            return True
        return status == 503 and "postgres" in self._down

    # --- wounds -------------------------------------------------------------------------------------------------

    def _inflict(self, wound: Wound) -> None:
        do = {"redis": self._hurt_redis, "postgres": self._hurt_postgres, "provider": self._hurt_provider}
        self._down[wound.target] = time.monotonic() + wound.seconds
        do.get(wound.target, self._hurt_part)(wound)

    def _hurt_part(self, wound: Wound) -> None:
        name = wound.target
        self._web_hurt = self._web_hurt or name == "web"
        if name.startswith("fetch") and wound.what != "end":
            self.allowed += MOST
        if wound.what == "kill a child of":
            children = self.fleet.children(name)
            if children:
                os.kill(random.choice(children), signal.SIGKILL)
        elif wound.what == "end":
            self.fleet.stop(name)
        else:
            self.fleet.kill(name)

    def _hurt_redis(self, wound: Wound) -> None:
        self.losses += 1
        # Lost at most: what the database does not hold, and what each worker has in hand.
        self.allowed += self._done() - self._in_database() + 2 * MOST
        if wound.what == "empty":
            with self.fleet.valkey.client() as client:
                client.flushall()
        else:
            self.fleet.valkey.kill()

    def _hurt_postgres(self, wound: Wound) -> None:
        assert self.fleet.postgres is not None
        if wound.what == "stop":
            self.fleet.postgres.stop()
        else:
            self.fleet.postgres.kill()

    def _hurt_provider(self, wound: Wound) -> None:
        self.allowed += PROBES
        self.fleet.simulator.control(fault=wound.what)

    def _heal(self, target: str) -> None:
        if target == "redis":
            if not self.fleet.valkey.running:
                self.fleet.valkey.start()
            self.losses += 1
        elif target == "postgres":
            assert self.fleet.postgres is not None
            self.fleet.postgres.start()
        elif target == "provider":
            self.fleet.simulator.control(fault=None)
        else:
            self.fleet.spawn(target)
        del self._down[target]

    def _look_after_web(self) -> None:
        if self._web_hurt and "web" not in self._down and self.fleet.answers(well=False):
            self._web_hurt, self._web_well_since = False, time.monotonic()

    # --- how far it is ------------------------------------------------------------------------------------------

    def _done(self) -> int:
        """Rows counted in Redis, or else stored."""
        if self.fleet.valkey.running:
            with self.fleet.valkey.client() as client:
                state = Tracker(client).progress(self.job_id)
            if state is not None:
                return state.processed
        return self._in_database()

    def _in_database(self) -> int:
        """As far as is known: it may be unreachable."""
        try:
            with (
                closing(psycopg2.connect(self.fleet.database_url, connect_timeout=1)) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("SELECT processed FROM cityweather_bulkjob WHERE job_id = %s", [self.job_id])
                self._stored = cursor.fetchone()[0]
        except psycopg2.Error:
            pass
        return self._stored

    def _note(self, line: str) -> None:
        self.log.append(line)
