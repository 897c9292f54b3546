"""The short form of `scripts/soak receive`."""

from soak.receive import receive_among_kills


def test_two_kills_while_images_pour_in_lose_none_that_was_acknowledged(tmp_path):
    report = receive_among_kills(tmp_path, images=1200, associations=4, kills=2, seed=1)
    assert (report.acknowledged, report.lost, report.kills) == (1200, 0, 2)
    assert all(seconds > 0.1 for seconds in report.starts_s)  # each time a node that was down
