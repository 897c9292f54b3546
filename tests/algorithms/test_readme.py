"""The five steps of algorithms/README.md: the example is written out, imported and run."""

import importlib.util
import re
import shlex
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from volumes import grid, volume

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "algorithms" / "README.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"^### \d\. [^\n]*`(?P<path>algorithms/[^`]+)`\n(?P<body>.*?)(?=^### )", re.M | re.S
)
BLOCK = re.compile(r"^(?P<fence>`{3,4})(?:python|markdown)\n(?P<text>.*?)^(?P=fence)$", re.M | re.S)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)


@pytest.fixture
def example(tmp_path, monkeypatch):
    """SPEC of the example, from files that hold exactly what the page says."""
    for step in STEP.finditer(README):
        path = tmp_path / step["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(BLOCK.search(step["body"])["text"], encoding="utf-8")
    folder = tmp_path / "algorithms" / "hottest_voxel"
    name = "algorithms.hottest_voxel"
    found = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, f"{name}.algorithm", raising=False)
    found.loader.exec_module(module)
    yield module.SPEC
    sys.modules.pop(f"{name}.algorithm", None)


def test_the_example_of_the_readme_runs_as_it_stands(example):
    geometry = grid((9, 10, 11))
    image = np.ones(geometry.shape, dtype=np.float32)
    image[2, 3, 4] = 8.5
    result = example.load()({"pet": volume(image, geometry)})
    assert (example.card.name, example.card.version) == ("hottest-voxel", "1.0.0")
    assert [m.value for m in result.measurements_of(1)] == [8.5]
    assert result.segmentation.segments[0].region.origin == (2, 3, 4)
    assert len(result.figures) == 1


def test_the_example_has_a_result_without_findings(example):
    geometry = grid((9, 10, 11))
    result = example.load()({"pet": volume(np.ones(geometry.shape), geometry)})
    assert result.segmentation is None
    assert result.warnings == ("No voxel of SUVbw 2.5 or more.",)


def test_the_entry_point_of_the_readme_stands_in_the_group_that_the_project_uses():
    (group,) = [
        tomllib.loads(block)["project"]["entry-points"]["dicom_node.algorithms"]
        for block in re.findall(r"^```toml\n(\[project.*?)^```$", README, re.M | re.S)
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert group == {"hottest-voxel": "algorithms.hottest_voxel:SPEC"}
    assert "pet-threshold" in project["entry-points"]["dicom_node.algorithms"]


def test_every_tool_that_the_readme_calls_is_one_that_the_project_installs():
    commands = [line for block in COMMANDS.findall(README) for line in block.splitlines()]
    called = [shlex.split(command)[0] for command in commands]
    assert called == [
        "mkdir",
        *(f".venv/bin/{t}" for t in ("python", "python", "ruff", "mypy", "lint-imports")),
    ]
    tools = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(tool in tools for tool in ("ruff>=", "mypy>=", "import-linter>="))
