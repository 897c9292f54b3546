"""What `explain` says of contours of others: who measures them, and on which series."""

from dataclasses import replace

from engine.house import SPEC, route
from engine.test_contours import TAKING, drawn_on
from factories import pet_series
from read_back import series_of

from dicom_node.domain.route import ContourUse
from dicom_node.explanation import explain
from dicom_node.registry import Registry


def reasons_of_contours(folder, use, spec):
    reads = [series_of(pet_series(), folder), series_of([drawn_on()], folder)]
    registry = Registry(specs={"nothing": spec}, broken={})
    explained = explain(reads, routes=[replace(route(), contours=use)], registry=registry)
    return explained[0].series.key.series_instance_uid, explained[1].reasons


def test_a_route_that_measures_contours_is_named_with_their_series(tmp_path):
    uid, reasons = reasons_of_contours(tmp_path, ContourUse.TAKEN, TAKING)
    assert reasons[0].code == "contours"
    assert reasons[0].message == f"route pet measures them on series {uid}"


def test_where_no_route_measures_contours_nothing_is_claimed(tmp_path):
    _, reasons = reasons_of_contours(tmp_path, ContourUse.IGNORED, SPEC)
    assert [one.code for one in reasons] == ["no-match"]
