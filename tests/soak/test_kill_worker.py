"""The short form of `scripts/soak worker`."""

from soak.kill_worker import kill_a_worker


def test_a_worker_that_is_killed_and_never_back_costs_no_job_and_doubles_none(tmp_path, postgresql):
    report = kill_a_worker(tmp_path, postgresql.new_database(), studies=3, slices=8, senders=2)
    assert report.acknowledged == 48
    assert report.results == report.received == 9
