"""The short form of `scripts/soak deliver`."""

from soak.deliver import deliver_to_odd_destinations


def test_odd_destinations_delay_none_and_each_gets_each_object_once(tmp_path):
    report = deliver_to_odd_destinations(tmp_path, results=30)
    assert report.objects == 60
    assert report.healthy_longest_s < 10.0
