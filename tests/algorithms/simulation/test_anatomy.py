"""The made-up patient: organs of human size in human places, findings and probes that are clean."""

import numpy as np
import pytest

from algorithms.simulation.acquisition import Grid
from algorithms.simulation.anatomy import Build, draw_phantom
from algorithms.simulation.shapes import axes_of
from algorithms.simulation.tissues import Tissue

GRID = Grid(matrix=104, pixel_mm=5.0, slices=192, slice_mm=5.0, top_mm=16.0)
AXES = axes_of(GRID.geometry("1.2.3"))
PHANTOMS = [draw_phantom(np.random.default_rng(seed)) for seed in (0, 1, 8, 17)]
of_each_phantom = pytest.mark.parametrize(
    "phantom", PHANTOMS, ids=lambda p: f"{p.build.weight_kg} kg"
)


def _share(phantom, *tissues, with_findings=False):
    """Share of each voxel that is made of the tissues."""
    values = {tissue: float(tissue in tissues) for tissue in Tissue}
    hot = [float(with_findings)] * len(phantom.findings)
    return phantom.render(AXES, values, hot)


def _volume_ml(share):
    return float(share.sum(dtype=np.float64)) * 5.0**3 / 1000


def _centre_mm(share):
    return [
        float(np.average(axis, weights=share.sum(axis=others)))
        for axis, others in ((AXES.x_mm, (0, 1)), (AXES.y_mm, (0, 2)), (AXES.z_mm, (1, 2)))
    ]


@pytest.mark.parametrize(
    ("tissues", "low_ml", "high_ml"),
    [
        # ICRP 89 masses of the reference man over densities of 1.04 to 1.06 g/ml.
        ((Tissue.LIVER,), 1350, 2250),
        ((Tissue.SPLEEN,), 105, 210),
        ((Tissue.KIDNEY, Tissue.RENAL_PELVIS), 230, 420),
        ((Tissue.GREY_MATTER, Tissue.WHITE_MATTER, Tissue.CEREBELLUM, Tissue.CSF), 1350, 1700),
        ((Tissue.LUNG,), 2200, 4200),
        ((Tissue.BLADDER,), 60, 260),
    ],
    ids=["liver", "spleen", "kidneys", "brain", "lungs", "bladder"],
)
def test_organs_have_the_volume_of_a_man(tissues, low_ml, high_ml):
    volumes = [_volume_ml(_share(phantom, *tissues)) for phantom in PHANTOMS]
    assert low_ml < min(volumes) < max(volumes) < high_ml


def test_organs_lie_on_their_side_and_at_their_height():
    phantom = PHANTOMS[0]
    names = (
        Tissue.LIVER, Tissue.SPLEEN, Tissue.MYOCARDIUM, Tissue.BLADDER,
        Tissue.GREY_MATTER, Tissue.CEREBELLUM, Tissue.KIDNEY, Tissue.MARROW,
    )  # fmt: skip
    place = {tissue: _centre_mm(_share(phantom, tissue)) for tissue in names}
    left = {tissue: x - phantom.build.offset_mm[0] for tissue, (x, _, _) in place.items()}
    back = {tissue: y for tissue, (_, y, _) in place.items()}
    height = {tissue: z for tissue, (_, _, z) in place.items()}
    assert left[Tissue.LIVER] < -30 < 60 < left[Tissue.SPLEEN]
    assert left[Tissue.MYOCARDIUM] > 15
    assert abs(left[Tissue.BLADDER]) < 8
    assert back[Tissue.CEREBELLUM] > back[Tissue.GREY_MATTER] + 20
    assert back[Tissue.MARROW] > back[Tissue.MYOCARDIUM] + 30
    order = [Tissue.GREY_MATTER, Tissue.MYOCARDIUM, Tissue.LIVER, Tissue.KIDNEY, Tissue.BLADDER]
    assert sorted(order, key=height.__getitem__, reverse=True) == order


def test_two_to_four_findings_lie_in_the_body_apart_from_each_other():
    numbers = set()
    for seed in range(40):
        phantom = draw_phantom(np.random.default_rng(seed))
        numbers.add(len(phantom.findings))
        for i, one in enumerate(phantom.findings):
            for other in phantom.findings[i + 1 :]:
                apart = np.linalg.norm(np.subtract(one.centre_mm, other.centre_mm))
                assert apart > one.radius_mm + other.radius_mm + 30
    assert numbers == {2, 3, 4}


@of_each_phantom
def test_findings_are_whole_balls_that_nothing_covers(phantom):
    share = phantom.render(AXES, dict.fromkeys(Tissue, 0.0), [1.0] * len(phantom.findings))
    expected = sum(finding.volume_ml for finding in phantom.findings)
    assert _volume_ml(share) == pytest.approx(expected, rel=0.02)


@of_each_phantom
def test_every_probe_lies_in_one_tissue_clear_of_all_others(phantom):
    blur_mm = 6.0  # what a scanner of 6 mm brings in from outside
    x, y, z = AXES.x_mm, AXES.y_mm, AXES.z_mm
    for probe in phantom.probes:
        px, py, pz = probe.centre_mm
        apart = np.sqrt((z[:, None, None] - pz) ** 2 + (y[None, :, None] - py) ** 2 + (x - px) ** 2)
        inside = _share(phantom, probe.tissue)[apart < probe.radius_mm + blur_mm]
        assert inside.size > 50
        assert inside.min() > 0.99, probe


def test_a_taller_and_heavier_patient_is_longer_and_wider():
    small = Build(height_m=1.68, weight_kg=65.0, offset_mm=(0, 0, 0))
    large = Build(height_m=1.82, weight_kg=95.0, offset_mm=(0, 0, 0))
    assert large.place((100, 0, -500))[0] > small.place((100, 0, -500))[0] + 10
    assert large.place((100, 0, -500))[2] < small.place((100, 0, -500))[2] - 30


def test_reference_axes_undo_the_placing_of_a_point():
    build = Build(height_m=1.71, weight_kg=88.0, offset_mm=(4.0, -3.0, 1.0))
    placed = build.place((50.0, -20.0, -400.0))
    axes = build.reference_axes(
        type(AXES)(*(np.float32([v, v + 1]) for v in placed)), in_head=False
    )
    found = (axes.x_mm[0], axes.y_mm[0], axes.z_mm[0])
    assert found == pytest.approx((50.0, -20.0, -400.0), abs=1e-3)


def test_the_same_generator_state_gives_the_same_patient():
    one, two = (draw_phantom(np.random.default_rng((5, 0))) for _ in range(2))
    assert one == two
    assert one != draw_phantom(np.random.default_rng((6, 0)))
