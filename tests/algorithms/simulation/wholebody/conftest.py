"""A few patients, drawn and scanned once for all tests of the whole-body simulation."""

import pytest

from algorithms.simulation.wholebody.patient import Patient, Scan, draw_patient, scan
from algorithms.simulation.wholebody.worlds import world


@pytest.fixture(scope="session")
def patients() -> tuple[tuple[Patient, Scan], ...]:
    """Five patients of the FDG training world on the 4 mm grid, most with a short scan."""
    drawn = [draw_patient(world("fdg", "usual"), seed) for seed in (2, 12, 13, 39, 71)]
    return tuple((patient, scan(patient, patient.plan.axes)) for patient in drawn)


@pytest.fixture(scope="session")
def psma_patients() -> tuple[tuple[Patient, Scan], ...]:
    drawn = [draw_patient(world("psma", "usual"), seed) for seed in (5, 67)]
    return tuple((patient, scan(patient, patient.plan.axes)) for patient in drawn)
