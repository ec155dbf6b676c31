"""One source of versions: all installations hold the same pins, which fit the ranges."""

import re
import tomllib
from importlib.metadata import distribution
from itertools import chain

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from places import ROOT

ENVS = ROOT / "envs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RANGES = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
PYTHONS = ("3.11", "3.12", "3.13")
TORCH = (ENVS / "torch.txt").read_text().strip()


def entries(name: str) -> list[str]:
    """What a lock file pins, each followed by its hashes."""
    return (ENVS / f"{name}.lock").read_text().replace("\\\n", "").splitlines()


def pins(name: str) -> list[str]:
    return [re.split(r" +--hash=", entry)[0].strip() for entry in entries(name)]


def versions(found: list[str]) -> set[str]:
    return {pin.partition(" ;")[0] for pin in found}


def installed(name: str, python: str) -> dict[str, str]:
    """Name and version of what a lock file gives a Python on Linux."""
    place = {"python_version": python, "python_full_version": f"{python}.0"}
    place |= {"sys_platform": "linux", "platform_machine": "x86_64"}
    found = [pin for pin in map(Requirement, pins(name)) if _holds(pin, place)]
    assert len({pin.name for pin in found}) == len(found)
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in found}


def _holds(requirement: Requirement, place: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**place, "extra": ""})


@pytest.mark.parametrize("name", ["analysis", "training", "workflow"])
def test_conda_files_hold_pins_of_the_tests(name):
    environment = yaml.safe_load((ENVS / f"{name}.yaml").read_text())
    held = versions(environment["dependencies"][-1]["pip"])
    # Markers may differ: what one environment needs on some Pythons, another needs on all.
    assert held <= {*versions(pins("test")), TORCH}
    assert (TORCH in held) == (name != "analysis")


def test_the_demo_has_the_pins_of_the_tests():
    assert versions(pins("workflow")) <= versions(pins("test"))


@pytest.mark.parametrize("name", ["workflow", "test"])
def test_all_pins_have_hashes_but_for_torch_and_what_it_alone_needs(name):
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}\b", entry) for entry in entries(name))
    names = {Requirement(pin).name for pin in pins(name)}
    assert not [n for n in names if n in ("torch", "triton") or n.startswith(("nvidia-", "cuda-"))]


def test_every_range_has_a_pin_within_it():
    pinned: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, [*pins("test"), TORCH]):
        pinned.setdefault(requirement.name, []).append(requirement)
    for wanted in map(Requirement, RANGES):
        for pin in pinned[wanted.name]:
            (version,) = (specifier.version for specifier in pin.specifier)
            assert version in wanted.specifier, f"{pin} is outside {wanted}"


def test_the_promised_pythons_are_those_that_are_pinned_for():
    promised = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{n}" for n in range(30) if f"3.{n}" in promised] == list(PYTHONS)
    wanted = {Requirement(text).name for text in RANGES} - {"torch"}
    for python in PYTHONS:
        assert wanted <= set(installed("test", python))


def test_a_lock_file_is_complete():
    """It is installed without resolving, so it holds all that its packages need on this Python."""
    held = {_plain(Requirement(pin).name) for pin in pins("test")} | {"torch"}
    for pin in filter(lambda pin: _holds(pin, {}), map(Requirement, pins("test"))):
        needs = map(Requirement, distribution(pin.name).requires or [])
        assert {_plain(need.name) for need in needs if _holds(need, {})} <= held, pin


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
