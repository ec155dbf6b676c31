"""One source of versions: what the conda files install are the pins, and these fit the ranges."""

import tomllib
from itertools import chain

import pytest
import yaml
from packaging.requirements import Requirement

from places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RANGES = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]


def pins(name: str) -> list[str]:
    return (ROOT / "envs" / f"{name}.lock").read_text().splitlines()


def versions(name: str) -> set[str]:
    return {pin.partition(" ;")[0] for pin in pins(name)}


@pytest.mark.parametrize("name", ["analysis", "training", "workflow"])
def test_conda_files_hold_the_pins_which_are_those_of_the_tests(name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    assert environment["dependencies"][-1]["pip"] == pins(name)
    # Markers may differ: what one environment needs on some Pythons, another needs on all.
    assert versions(name) <= versions("test")


def test_every_range_has_a_pin_within_it():
    pinned: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, pins("test")):
        pinned.setdefault(requirement.name, []).append(requirement)
    for wanted in map(Requirement, RANGES):
        for pin in pinned[wanted.name]:
            (version,) = (specifier.version for specifier in pin.specifier)
            assert version in wanted.specifier, f"{pin} is outside {wanted}"
