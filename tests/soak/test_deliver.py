"""The short form of `scripts/soak deliver`."""

from soak.deliver import deliver_to_odd_destinations


def test_odd_destinations_delay_none_and_each_gets_each_object_once(tmp_path):
    # In each wave the healthy destination has everything while another is dead: the run ends
    # with an AssertionError where it has not. How soon is told by scripts/soak, not tested here.
    report = deliver_to_odd_destinations(tmp_path, results=30)
    assert report.objects == 60
