"""Pictures: what is where on them, read back from their pixels."""

import numpy as np
import pytest
from phantoms import sphere
from volumes import grid, places, regridded

from algorithms.toolbox import canvas as drawing
from algorithms.toolbox import slices
from algorithms.toolbox.canvas import Outline, Window, filled, spread
from algorithms.toolbox.figures import BAR_PX, FOOT_PX, GUTTER_PX, HEAD_PX, mip_figure
from algorithms.toolbox.slices import GAP_PX, PANEL_PX, Panel, Scan, slices_figure
from algorithms.toolbox.views import View
from dicom_node.domain.result import Region

MAGENTA = (200, 0, 200)
LETTER_PX = 50  # what the letters at the edges may take


def body(geometry, *, at_mm=(0, 0, 0), radius_mm=20, suv=20.0):
    """SUV 1 in a cylinder, a hot sphere in it."""
    points = places(geometry)
    tissue = np.hypot(points[..., 0], points[..., 1] * 1.4) < 90
    hot = sphere(points, centre_mm=at_mm, radius_mm=radius_mm)
    return np.where(hot, suv, np.where(tissue, 1.0, 0.0)).astype(np.float32), hot


def coloured(pixels, rgb, *, tolerance=60):
    """Places (row, column) of the pixels nearly of a colour."""
    apart = np.abs(pixels.astype(int) - np.array(rgb)).max(axis=-1)
    return np.argwhere(apart < tolerance)


def inner(figure):
    """The picture without its letters, numbers, scales and caption."""
    return figure.pixels[
        HEAD_PX + LETTER_PX : -FOOT_PX - LETTER_PX,
        GUTTER_PX + LETTER_PX : -BAR_PX - GUTTER_PX - LETTER_PX,
    ]


def black_blob(figure):
    """Middle (row, column) of what is black within the picture, from the picture's own middle."""
    inside = inner(figure).max(axis=-1) < 40
    return np.argwhere(inside).mean(axis=0) - np.array(inside.shape) / 2


@pytest.mark.parametrize(
    ("view", "at_mm", "side"),
    [
        (View.CORONAL, (40, 0, 60), (-1, 1)),  # left and head: right half, upper half
        (View.CORONAL, (-40, 0, -60), (1, -1)),
        (View.SAGITTAL, (0, 25, 60), (-1, 1)),  # back: right half
        (View.SAGITTAL, (0, -25, -60), (1, -1)),
    ],
)
def test_what_is_hot_lies_on_its_side_of_the_projection(view, at_mm, side):
    geometry = grid((60, 50, 50), spacing_mm=(4, 4, 4))
    image, _ = body(geometry, at_mm=at_mm)
    figure = mip_figure(image, geometry, (), view=view, title="MIP")
    row, column = black_blob(figure)
    assert np.sign(row) == side[0]
    assert np.sign(column) == side[1]
    assert abs(row) > 40
    assert abs(column) > 20


@pytest.mark.parametrize("spacing_mm", [(8, 2, 4), (2, 4, 8), (4, 4, 4)])
def test_a_sphere_is_round_on_every_grid(spacing_mm):
    shape = tuple(round(240 / step) for step in spacing_mm)
    geometry = grid(shape, spacing_mm=spacing_mm)
    image, _ = body(geometry, radius_mm=40)
    figure = mip_figure(image, geometry, (), view=View.CORONAL, title="MIP")
    inside = inner(figure).max(axis=-1) < 128
    high, wide = np.ptp(np.argwhere(inside), axis=0)
    assert high / wide == pytest.approx(1.0, abs=0.1)


def test_the_outline_lies_around_the_region_and_its_number_at_the_edge():
    geometry = grid((60, 50, 50), spacing_mm=(4, 4, 4))
    image, hot = body(geometry, at_mm=(40, 0, 60))
    outline = Outline(region=Region.from_mask(hot), rgb=MAGENTA, text="7")
    plain = mip_figure(image, geometry, (), view=View.CORONAL, title="MIP")
    drawn = mip_figure(image, geometry, (outline,), view=View.CORONAL, title="MIP")
    assert coloured(plain.pixels, MAGENTA).size == 0
    radius_px = 20 * 900 / 240
    middle = np.array(inner(drawn).shape[:2]) / 2
    line = coloured(inner(drawn), MAGENTA) - middle - black_blob(plain)
    around = line[np.abs(line[:, 1]) < radius_px / 2]
    assert np.abs(around[:, 0]).min() > 0.7 * radius_px
    assert np.abs(around[:, 0]).max() < 1.2 * radius_px
    gutter = drawn.pixels[:, -BAR_PX - GUTTER_PX + 10 : -BAR_PX]
    assert len(coloured(gutter, MAGENTA)) > 300, "the plate, at the side of the patient's left"
    assert len(coloured(drawn.pixels[:, :GUTTER_PX], MAGENTA)) == 0


def test_grey_is_white_at_the_low_and_black_at_the_high_end_of_the_window():
    geometry = grid((40, 40, 40), spacing_mm=(5, 5, 5))
    image = np.zeros(geometry.shape, dtype=np.float32)
    image[:, :, :20] = 5.0
    figure = mip_figure(image, geometry, (), view=View.CORONAL, title="MIP")
    wide = mip_figure(image, geometry, (), view=View.CORONAL, title="MIP", window=Window(high=5.0))
    row = figure.pixels.shape[0] // 3
    assert figure.pixels[row, GUTTER_PX + 150].tolist() == pytest.approx([127] * 3, abs=3)
    assert wide.pixels[row, GUTTER_PX + 150].max() < 5


@pytest.mark.parametrize("shape", [(1, 40, 40), (40, 1, 40), (40, 40, 1), (1, 1, 3), (2, 3, 500)])
def test_thin_grids_still_give_a_picture(shape):
    geometry = grid(shape, spacing_mm=(3, 2, 2))
    image = np.linspace(0, 12, np.prod(shape)).reshape(shape).astype(np.float32)
    outline = Outline(region=Region.from_mask(image > 11), rgb=MAGENTA, text="1")
    for view in (View.CORONAL, View.SAGITTAL):
        figure = mip_figure(image, geometry, (outline,), view=view, title="MIP", caption="x")
        assert min(figure.pixels.shape[:2]) > 80
        assert max(figure.pixels.shape[:2]) < 1400
        assert coloured(figure.pixels, MAGENTA).size


def test_an_image_of_nothing_is_a_white_picture_without_error():
    geometry = grid((60, 60, 60))
    image = np.zeros(geometry.shape, dtype=np.float32)
    figure = mip_figure(image, geometry, (), view=View.CORONAL, title="MIP")
    assert (inner(figure) == 255).all()


def test_drawing_twice_gives_the_same_pixels():
    geometry = grid((30, 30, 30))
    image, hot = body(geometry)
    outline = Outline(region=Region.from_mask(hot), rgb=MAGENTA, text="1", dashed=True)
    first, second = (
        mip_figure(image, geometry, (outline,), view=View.SAGITTAL, title="MIP") for _ in range(2)
    )
    assert np.array_equal(first.pixels, second.pixels)


def test_the_order_of_slices_does_not_change_the_picture():
    geometry = grid((30, 30, 30))
    image, _ = body(geometry, at_mm=(20, 10, 30))
    turned, other = regridded(image, geometry, order=(2, 0, 1), flips=(0, 2))
    here = mip_figure(image, geometry, (), view=View.CORONAL, title="MIP")
    there = mip_figure(turned, other, (), view=View.CORONAL, title="MIP")
    assert np.array_equal(here.pixels, there.pixels)


def test_a_tilted_grid_is_told_in_the_title():
    angle = np.radians(25)
    tilted = grid((30, 30, 30), orientation=(1, 0, 0, 0, np.cos(angle), np.sin(angle)))
    straight = grid((30, 30, 30))
    image, _ = body(straight)
    plain, told = (
        mip_figure(image, g, (), view=View.CORONAL, title="MIP").title for g in (straight, tilted)
    )
    assert plain == "MIP"
    assert told == "MIP (grid tilted 25 deg)"


def test_the_ct_lies_behind_the_pet_by_its_place_in_the_patient():
    """A CT of another grid, shifted by its affine: its bone appears where it is in millimetres."""
    pet_grid = grid((10, 40, 40), spacing_mm=(5, 5, 5))
    pet, _ = body(pet_grid, radius_mm=0)
    ct_grid = grid((20, 150, 130), spacing_mm=(2.5, 1.5, 1.5), centre_mm=(10, -5, 0))
    bone = sphere(places(ct_grid), centre_mm=(45, -20, 0), radius_mm=12)
    ct = np.where(bone, 1000, -1000).astype(np.float32)
    panel = Panel(index=5, heading=("", ""), outlines=())
    figure = slices_figure(
        Scan(image=pet * 0.01, geometry=pet_grid),
        [panel],
        title="",
        ct=Scan(image=ct, geometry=ct_grid),
    )
    pixels = figure.pixels[slices.HEAD_PX : -slices.FOOT_PX, GAP_PX : GAP_PX + PANEL_PX].min(
        axis=-1
    )
    row, column = np.argwhere(pixels[:, LETTER_PX:-LETTER_PX] > 200).mean(axis=0)
    px_per_mm = PANEL_PX / 200
    assert (column + LETTER_PX - PANEL_PX / 2) / px_per_mm == pytest.approx(45, abs=4)
    assert (row - pixels.shape[0] / 2) / px_per_mm == pytest.approx(-20, abs=6)


def test_slices_without_ct_are_inverted_grey_with_outlines():
    geometry = grid((10, 40, 40), spacing_mm=(5, 5, 5))
    image, hot = body(geometry, at_mm=(-40, 0, 0))
    outline = Outline(region=Region.from_mask(hot), rgb=MAGENTA, text="3")
    panels = [Panel(index=i, heading=(f"{i}", ""), outlines=(outline,)) for i in (4, 5)]
    figure = slices_figure(Scan(image=image, geometry=geometry), panels, title="Slices")
    side = 1500 // 2
    assert 2 * side < figure.pixels.shape[1] < 2 * side + 200
    for left in (GAP_PX, 2 * GAP_PX + side):
        rows = figure.pixels[slices.HEAD_PX : slices.HEAD_PX + side]
        panel = rows[:, left + LETTER_PX : left + side - LETTER_PX]
        column = np.argwhere(panel.max(axis=-1) < 20)[:, 1].mean() + LETTER_PX
        assert column < side / 2 - 50, "the patient's right is at the left"
        assert coloured(panel, MAGENTA).size


@pytest.mark.parametrize(
    ("wanted", "gap", "expected"),
    [
        ([10, 12, 50], 20, [10, 30, 50]),
        ([90, 95, 99], 20, [60, 80, 100]),
        ([-5], 20, [0]),
        ([50, 50, 50, 50, 50, 50], 30, [0, 20, 40, 60, 80, 100]),
        ([], 20, []),
    ],
)
def test_numbers_at_the_edge_keep_apart_and_stay_on_the_picture(wanted, gap, expected):
    assert spread(wanted, gap, 0, 100) == pytest.approx(expected)


def test_the_filled_range_has_a_margin_and_is_everything_where_nothing_is_filled():
    assert filled(np.array([0, 0, 1, 0, 1, 0, 0], dtype=bool), 1) == range(1, 6)
    assert filled(np.array([1, 0, 0], dtype=bool), 5) == range(3)
    assert filled(np.zeros(4, dtype=bool), 1) == range(4)


def test_letters_are_readable_where_a_page_shows_the_picture_at_half_its_size():
    assert min(drawing.TEXT_PX, drawing.NUMBER_PX) / 2 >= 14
