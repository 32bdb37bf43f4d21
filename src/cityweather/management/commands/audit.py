from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cityweather.api.snapshots import parse_id
from cityweather.errors import JobNotFound
from cityweather.flush.audit import Report, audit
from cityweather.models import BulkJob


class Command(BaseCommand):
    help = "Prove that jobs are exact: bits = processed = succeeded + failed = database rows. Exit 1 on a fault."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", nargs="?", help="a job id (default: every job)")
        parser.add_argument("--repair", action="store_true", help="mend what disagrees; uncertain rows run again")

    def handle(self, *_: Any, job: str | None, repair: bool, **__: Any) -> None:
        known = BulkJob.objects.visible().order_by("created_at")
        chosen = [_id(job)] if job else [str(job_id) for job_id in known.values_list("job_id", flat=True)]
        faulty = busy = 0
        for job_id in chosen:
            report = audit(job_id, repair=repair)
            if report:
                self._print(report)
                faulty += bool(report.left)
            elif known.filter(pk=job_id).exists():
                self.stdout.write(f"{job_id}  busy: a flusher holds it")
                busy += 1
            elif job:
                raise CommandError(f"{job_id}: no such job.")
        if faulty or busy:
            advice = "what is left needs a person" if repair else "--repair mends what can be mended"
            words = [f"{faulty} of {len(chosen)} jobs disagree; {advice}."] * bool(faulty)
            words += [f"{busy} of {len(chosen)} jobs are busy; try again."] * bool(busy)
            raise CommandError(" ".join(words))

    def _print(self, report: Report) -> None:
        verdict = "FAULTY" if report.left else "repaired" if report.faults else "exact"
        self.stdout.write(f"{report.job_id}  {report.status:<9} {report.processed} of {report.total}  {verdict}")
        for line in report.faults:
            self.stdout.write(f"  {line}")
        if report.left and report.left != report.faults:
            self.stdout.write("  after the repair:")
            for line in report.left:
                self.stdout.write(f"  {line}")
        if report.gaps:
            self.stdout.write(f"  not done yet, first positions: {', '.join(map(str, report.gaps))}")
        if report.why:
            self.stdout.write(f"  {report.why}")


def _id(text: str) -> str:
    try:
        return parse_id(text)
    except JobNotFound:
        raise CommandError(f"{text}: no such job.") from None
