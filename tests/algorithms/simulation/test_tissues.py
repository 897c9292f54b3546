"""Every tissue has both values with a source; a patient's values stay in the published range."""

import numpy as np
import pytest

from algorithms.simulation.tissues import ATTENUATION, FDG_UPTAKE, Tissue, draw_uptake

PATIENTS = [draw_uptake(FDG_UPTAKE, np.random.default_rng(seed)) for seed in range(300)]


def test_every_tissue_has_a_ct_number_and_every_tissue_but_tumour_an_uptake():
    assert set(ATTENUATION) == set(Tissue)
    assert set(FDG_UPTAKE) == set(Tissue) - {Tissue.TUMOUR}


@pytest.mark.parametrize("table", [ATTENUATION, FDG_UPTAKE], ids=["ct", "fdg"])
def test_every_number_names_its_source(table):
    assert all(entry.source for entry in table.values())


@pytest.mark.parametrize("tissue", list(FDG_UPTAKE))
def test_drawn_uptake_stays_between_its_limits_and_near_its_mean(tissue):
    values = np.array([patient[tissue] for patient in PATIENTS])
    expected = FDG_UPTAKE[tissue]
    assert values.min() >= expected.low
    assert values.max() <= expected.high
    assert np.median(values) == pytest.approx(expected.mean, abs=0.2 * expected.sd + 1e-9)


def test_liver_stays_within_the_quality_limits_of_the_guideline():
    liver = [patient[Tissue.LIVER] for patient in PATIENTS]
    assert 1.3 < min(liver) < max(liver) < 3.0


def test_tissues_of_one_system_rise_and_fall_together_and_others_do_not():
    def series(tissue):
        return [patient[tissue] for patient in PATIENTS]

    together = np.corrcoef(series(Tissue.GREY_MATTER), series(Tissue.CEREBELLUM))[0, 1]
    apart = np.corrcoef(series(Tissue.GREY_MATTER), series(Tissue.LIVER))[0, 1]
    assert together > 0.98
    assert abs(apart) < 0.2
