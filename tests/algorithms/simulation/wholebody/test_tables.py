"""Every organ has a CT number and an uptake with a source; worlds are what they say."""

import numpy as np
import pytest

from algorithms.simulation.wholebody.fdg import FDG
from algorithms.simulation.wholebody.organs import HOUNSFIELD, NUMBER, Organ
from algorithms.simulation.wholebody.psma import DCFPYL, PSMA_11, PSMA_1007
from algorithms.simulation.wholebody.tracers import UptakeWorld, draw_uptake
from algorithms.simulation.wholebody.worlds import WORLDS, world
from dicom_node.domain.errors import ConfigError

TRACERS = (FDG, PSMA_11, PSMA_1007, DCFPYL)
IDS = [tracer.key for tracer in TRACERS]


def test_every_organ_has_a_ct_number_with_a_source():
    assert set(HOUNSFIELD) == set(Organ)
    assert all(found.source for found in HOUNSFIELD.values())
    assert len(set(NUMBER.values())) == len(Organ) < 256


@pytest.mark.parametrize("tracer", TRACERS, ids=IDS)
def test_every_uptake_names_its_source_and_lies_between_its_limits(tracer):
    assert tracer.lesion.source
    for organ, found in tracer.uptake.items():
        assert "[read]" in found.source or "[recalled]" in found.source or found.mean == 0, organ
        assert found.low <= found.mean <= found.high, organ


@pytest.mark.parametrize("tracer", TRACERS, ids=IDS)
def test_drawn_uptake_has_the_published_mean_and_spread(tracer):
    drawn = [draw_uptake(tracer, UptakeWorld(), np.random.default_rng(n)) for n in range(400)]
    for organ in (Organ.LIVER, Organ.SPLEEN, Organ.KIDNEY, Organ.SALIVARY_GLAND):
        values, found = np.array([uptake[organ] for uptake in drawn]), tracer.uptake[organ]
        assert values.mean() == pytest.approx(found.mean, rel=0.07), organ
        assert values.std() == pytest.approx(found.sd, rel=0.25), organ
        assert found.low <= values.min() < values.max() <= found.high


def test_organs_of_one_system_vary_together():
    drawn = [draw_uptake(PSMA_11, UptakeWorld(), np.random.default_rng(n)) for n in range(100)]
    parotid, other = (
        [uptake[organ] for uptake in drawn] for organ in (Organ.SALIVARY_GLAND, Organ.SUBMANDIBULAR)
    )
    assert np.corrcoef(parotid, other)[0, 1] > 0.95


def test_another_biodistribution_reaches_beyond_the_training():
    random = np.random.default_rng
    far = world("fdg", "other biodistribution").uptake
    here = [draw_uptake(FDG, UptakeWorld(), random(n))[Organ.LIVER] for n in range(200)]
    there = [draw_uptake(FDG, far, random(n))[Organ.LIVER] for n in range(200)]
    assert min(there) < min(here) < max(here) < max(there)


@pytest.mark.parametrize("family", sorted(WORLDS))
def test_worlds_share_no_patient_and_only_one_trains(family):
    worlds = WORLDS[family]
    names = ["usual", "training", "held-out", "other scanner", "other biodistribution"]
    assert list(worlds) == names
    seeds = [w.seed for some in WORLDS.values() for w in some.values()]
    assert len(set(seeds)) == len(seeds)


def test_no_scanner_of_the_other_world_is_one_of_the_training():
    training, other = (world("fdg", name).scanner for name in ("training", "other scanner"))
    assert other.fwhm_mm[0] >= training.fwhm_mm[1]
    assert other.noise[0] >= training.noise[1]
    assert not set(other.voxels_mm) & set(training.voxels_mm)


def test_unknown_world_is_refused_by_name():
    with pytest.raises(ConfigError, match="fdg/mars"):
        world("fdg", "mars")


def test_liver_excreted_ligand_has_a_hot_liver_and_a_cold_bladder():
    def median(tracer, organ):
        drawn = [draw_uptake(tracer, UptakeWorld(), np.random.default_rng(n)) for n in range(50)]
        return np.median([uptake[organ] for uptake in drawn])

    assert median(PSMA_1007, Organ.LIVER) > 1.5 * median(PSMA_11, Organ.LIVER)
    assert median(PSMA_1007, Organ.BLADDER) < 0.5 * median(PSMA_11, Organ.BLADDER)
