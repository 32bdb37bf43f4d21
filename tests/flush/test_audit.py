"""The self-audit finds what disagrees, explains why a job is not finished, and mends."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from cityweather.dispatch import job_control
from cityweather.flush import live_jobs
from cityweather.flush.audit import Report, audit, audit_recent
from cityweather.models import BulkJob, JobResult
from cityweather.runtime import connections
from cityweather.tracker import results
from cityweather.tracker.keys import JobKeys
from tests.support.flush import agree, flush, live, make_job, reload, result, running_job, tracker, work, work_all


def report_on(job: BulkJob, *, repair: bool = False) -> Report:
    report = audit(str(job.job_id), repair=repair)
    assert report is not None
    return report


def test_a_sound_job_is_exact_while_it_runs_and_after_it_ended() -> None:
    job = running_job(30)
    work(job, [result(0), result(1, "unknown_city")])
    report = report_on(job)
    assert (report.faults, report.processed, report.gaps[:3]) == ([], 2, [2, 3, 4])
    work_all(job)
    flush(job)
    report = report_on(job)
    assert (report.faults, report.processed, report.gaps, report.why) == ([], 30, [], "")


def test_a_bit_nobody_explains_is_found_and_mended() -> None:
    job = running_job(30)
    connections.redis_client().setbit(JobKeys.of(str(job.job_id)).seen, 7, 1)
    faults = " ".join(report_on(job).faults)
    assert "1 bits are set" in faults
    assert "[7]" in faults
    assert report_on(job, repair=True).left == []
    assert report_on(job).faults == []
    assert live(job) == (0, 0, 0)


def test_a_lost_bit_is_found_and_mended() -> None:
    job = running_job(30)
    work(job, [result(3)])
    flush(job)
    connections.redis_client().setbit(JobKeys.of(str(job.job_id)).seen, 3, 0)
    assert "not counted in Redis: [3]" in " ".join(report_on(job).faults)
    report_on(job, repair=True)
    assert report_on(job).faults == []
    assert agree(job) == live(job) == (1, 1, 0)


def test_counters_that_differ_from_the_rows_are_found_and_mended_in_an_ended_job_too() -> None:
    job = running_job(10)
    work_all(job)
    flush(job)
    BulkJob.objects.filter(pk=job.pk).update(succeeded=3)
    assert "its rows 10 = 9 + 1" in " ".join(report_on(job).faults)
    report_on(job, repair=True)
    assert report_on(job).faults == []
    assert agree(job) == (10, 9, 1)


def test_missing_rows_are_found() -> None:
    job = running_job(10)
    JobResult.objects.filter(job=job, position=4).delete()
    assert "9 rows are stored of 10." in report_on(job).faults


def test_a_fault_that_no_repair_mends_is_still_a_fault_afterwards() -> None:
    job = running_job(10)
    work_all(job)
    flush(job)
    JobResult.objects.filter(job=job, position=4).delete()
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 1 jobs disagree; what is left needs a person"):
        call_command("audit", str(job.job_id), "--repair", stdout=out)
    assert "FAULTY" in out.getvalue()
    assert report_on(job).left == [
        "9 rows are stored of 10.",
        "The job is done, but only 9 of its 10 rows were processed.",
    ]


def test_redis_is_compared_after_the_end_as_long_as_it_knows_the_job() -> None:
    job = running_job(10)
    work_all(job)
    flush(job)
    keys = JobKeys.of(str(job.job_id))
    connections.redis_client().hincrby(keys.job, "failed", 1)
    assert "Redis counts 10 = 9 + 2, but 10 bits are set." in report_on(job).faults
    assert report_on(job, repair=True).left == []
    assert report_on(job).faults == []


def test_a_key_of_an_ended_job_that_a_full_redis_evicted_is_no_fault() -> None:
    job = running_job(10)
    work_all(job)
    flush(job)
    connections.redis_client().delete(JobKeys.of(str(job.job_id)).seen)
    assert report_on(job).faults == []


@pytest.mark.parametrize("redis_server", ["fake"], indirect=True)
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_job_that_a_flusher_holds_is_named_busy_and_the_others_are_audited() -> None:
    held, sound = running_job(3), running_job(3)
    locked, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            live_jobs.lock(str(held.job_id))
            locked.set()
            assert over.wait(30)
        connection.close()

    out = StringIO()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(hold)
        assert locked.wait(30)
        with pytest.raises(CommandError, match="1 of 2 jobs are busy"):
            call_command("audit", stdout=out)
        over.set()
        done.result()
    assert f"{held.job_id}  busy" in out.getvalue()
    assert f"{sound.job_id}  running" in out.getvalue()


def test_one_sentence_explains_why_a_job_is_not_finished() -> None:
    job = running_job(10)
    job_id, epoch = str(job.job_id), reload(job).epoch
    assert "next dispatch tick" in report_on(job).why
    tracker().claim(job_id, epoch, "t", 5, missing=True)
    assert "Is a worker running?" in report_on(job).why
    tracker().start(job_id, epoch, "t")
    assert report_on(job).why == "Workers are fetching its rows."
    tracker().park(job_id, epoch, 5.0, "quota")
    assert report_on(job).why == "It waits for the quota."
    tracker().drain(on=True)
    assert "cityweather resume" in report_on(job).why
    job_control.pause(job_id)
    assert report_on(job).why == "It is paused; resume it."


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_leases_are_compared_with_the_clock_that_wrote_them(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(10)
    job_id, epoch = str(job.job_id), reload(job).epoch
    tracker().claim(job_id, epoch, "t", 5, missing=True)
    tracker().start(job_id, epoch, "t")
    ahead = time.time() + 3600
    monkeypatch.setattr("time.time", lambda: ahead)
    assert report_on(job).why == "Workers are fetching its rows."


def test_results_of_newer_code_are_a_fault_of_that_job_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    newer, sound = running_job(3), running_job(3)
    with monkeypatch.context() as patch:
        patch.setattr(results, "FORMAT", results.FORMAT + 1)
        work(newer, [result(0)])
    work_all(sound)
    flush(sound)
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2 jobs disagree"):
        call_command("audit", stdout=out)
    assert "is newer than this code. Finish the deploy" in out.getvalue()
    assert f"{sound.job_id}  done" in out.getvalue()
    assert audit_recent(timezone.now() - timedelta(days=1)) == 1


def test_the_command_prints_a_verdict_for_each_job_and_fails_on_a_fault() -> None:
    sound, faulty = running_job(3), make_job(3)
    work_all(sound)
    flush(sound)
    flush(faulty)
    out = StringIO()
    call_command("audit", stdout=out)
    assert out.getvalue().count("exact") == 2
    BulkJob.objects.filter(pk=sound.pk).update(failed=2)
    with pytest.raises(CommandError, match="1 of 2 jobs disagree"):
        call_command("audit", stdout=out)
    call_command("audit", str(sound.job_id), "--repair", stdout=out)
    assert "repaired" in out.getvalue()
    call_command("audit", stdout=out)


@pytest.mark.parametrize("unknown", ["00000000-0000-0000-0000-000000000000", "00000000", "nonsense"])
def test_an_unknown_job_is_reported_as_unknown(unknown: str) -> None:
    with pytest.raises(CommandError, match=f"{unknown}: no such job"):
        call_command("audit", unknown)


def test_a_flush_by_hand_does_a_round() -> None:
    job = running_job(3)
    work(job, [result(0)])
    out = StringIO()
    call_command("flush", "--seconds", "0", stdout=out)
    assert agree(job) == (1, 1, 0)
    assert "Flushed 1 live job; 1 still live." in out.getvalue()


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "ten", ""])
def test_a_flush_by_hand_wants_a_number_of_seconds(seconds: str) -> None:
    with pytest.raises(CommandError, match="is not a number of seconds from 0 up"):
        call_command("flush", f"--seconds={seconds}")


def test_drain_and_resume_print_what_they_did() -> None:
    out = StringIO()
    call_command("drain", stdout=out)
    assert tracker().draining()
    call_command("resume", stdout=out)
    assert not tracker().draining()
    assert "cityweather resume" in out.getvalue()


def test_the_nightly_audit_names_faulty_jobs_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    sound, faulty = running_job(3), running_job(3)
    work_all(faulty)
    flush(faulty)
    BulkJob.objects.filter(pk=faulty.pk).update(failed=2)
    with caplog.at_level(logging.ERROR):
        assert audit_recent(timezone.now() - timedelta(days=1)) == 1
        assert audit_recent(timezone.now() + timedelta(days=1)) == 0
    named = [vars(record)["job_id"] for record in caplog.records if record.message == "audit_found_faults"]
    assert named == [str(faulty.job_id)]
    assert reload(sound).status == "running"
