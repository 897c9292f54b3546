"""What must stay light, and what must stay apart."""

import pkgutil
import subprocess
import sys

from dicom_node import domain

HEAVY = (
    *("torch", "monai", "SimpleITK", "scipy", "matplotlib", "sklearn"),
    *("pynetdicom", "highdicom", "sqlalchemy"),
)


def loaded_after(code: str) -> set[str]:
    """Heavy packages that a fresh interpreter has loaded after some code."""
    tell = f"{code}; import sys; print(*(n for n in {HEAVY!r} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", tell], capture_output=True, check=True, text=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_registry_and_every_spec_load_no_imaging_library():
    code = "from dicom_node.registry import load_registry; assert load_registry().specs"
    assert loaded_after(code) == set()


def test_the_domain_stands_on_numpy_and_the_standard_library_alone():
    modules = [one.name for one in pkgutil.iter_modules(domain.__path__, domain.__name__ + ".")]
    assert len(modules) > 10
    assert loaded_after(f"import {', '.join(modules)}") == set()


def test_the_command_line_itself_loads_none_of_what_its_commands_use():
    assert loaded_after("import dicom_node.cli") == set()


def test_a_look_at_the_jobs_loads_neither_the_network_nor_what_runs_them():
    assert loaded_after("import dicom_node.cli.jobs") == {"sqlalchemy"}
    assert loaded_after("import dicom_node.cli.destinations") == {"sqlalchemy"}
