"""The short form of `scripts/soak kill`."""

from soak.kill_node import kill_while_studies_arrive


def test_three_kills_while_studies_arrive_lose_and_double_nothing(tmp_path):
    report = kill_while_studies_arrive(tmp_path, studies=3, slices=10, kills=3, senders=2, seed=1)
    assert report.acknowledged == 60
    assert report.results == 9
