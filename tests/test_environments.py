"""One source of versions: what the conda files install are the pins, and these fit the ranges."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RANGES = [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]


def pins(name: str) -> list[str]:
    return (ROOT / "envs" / f"{name}.lock").read_text().splitlines()


@pytest.mark.parametrize("name", ["analysis", "training", "workflow"])
def test_conda_files_hold_the_pins_which_are_those_of_the_tests(name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    assert environment["dependencies"][-1]["pip"] == pins(name)
    assert set(pins(name)) <= set(pins("test"))


def test_every_range_has_a_pin_within_it():
    pinned: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, pins("test")):
        pinned.setdefault(requirement.name, []).append(requirement)
    for wanted in map(Requirement, RANGES):
        for pin in pinned[wanted.name]:
            (version,) = (specifier.version for specifier in pin.specifier)
            assert version in wanted.specifier, f"{pin} is outside {wanted}"
