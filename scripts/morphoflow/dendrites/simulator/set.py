"""A set of simulated neurons: images, trees and what is true of them."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from morphoflow.dendrites.simulator.render import Optics, render, soma_place
from morphoflow.dendrites.simulator.seen import seen
from morphoflow.dendrites.simulator.simulate import Arbor, Growth, grow_arbor
from morphoflow.dendrites.simulator.tree import soma_forest
from morphoflow.errors import InputError
from morphoflow.forest import Forest
from morphoflow.manifest import whole_folder
from morphoflow.swc_files import swc_text

SIZES = (16, 1024)

NOT_NEGATIVE = ("branching_rate", "contact_um", "first_um", "tension", "offset_um", "neighbours")
NOT_NEGATIVE += ("angle_spread",)


@dataclass(frozen=True)
class SetSettings:
    """``number`` images of ``size`` pixels; image ``i`` is of population ``i`` modulo their number.

    ``populations`` maps labels to what sets them apart from ``growth``.
    """

    number: int
    size: int = 512
    pixel_um: float = 0.1615
    seed: int = 0
    growth: Growth = field(default_factory=Growth)
    optics: Optics = field(default_factory=Optics)
    populations: dict[str, dict] = field(default_factory=lambda: {"wild_type": {}})

    @classmethod
    def read(cls, settings: dict) -> "SetSettings":
        """Settings from a dictionary in which ``growth`` and ``optics`` are dictionaries too."""
        _check_names(settings, cls, "the simulation")
        growth = _parameters(Growth, settings.get("growth", {}))
        optics = _parameters(Optics, settings.get("optics", {}))
        made = cls(**{**settings, "growth": growth, "optics": optics})
        made.check()
        return made

    def check(self) -> None:
        """Raise InputError where a value makes no sense."""
        _demand("number", self.number, self.number >= 1, "1 or more")
        within = SIZES[0] <= self.size <= SIZES[1]
        _demand("size", self.size, within, f"between {SIZES[0]} and {SIZES[1]}")
        _demand("pixel_um", self.pixel_um, self.pixel_um > 0, "above 0")
        _demand("populations", self.populations, len(self.populations) > 0, "at least one")
        for label in self.populations:
            _check_growth(self.growth_of(label))
        for name, value in asdict(self.optics).items():
            above = name in ("tip_um", "photons")
            _demand(name, value, value > 0 if above else value >= 0, "above 0" if above else ">= 0")

    @property
    def resolution_um(self) -> float:
        """The width of a point in an image."""
        return max(self.optics.blur_um, self.pixel_um)

    def growth_of(self, label: str) -> Growth:
        """The growth parameters of a population."""
        return _parameters(Growth, {**asdict(self.growth), **self.populations[label]})


def simulate_neuron(settings: SetSettings, i: int) -> tuple[np.ndarray, Forest, dict]:
    """Image ``i`` (size, size) uint8, its tree in um with the soma at the origin, and its truth.

    All depend on the seed, ``i`` and the parameters, not on other images.
    """
    labels = list(settings.populations)
    label = labels[i % len(labels)]
    growth, name = settings.growth_of(label), f"arbor_{i:05d}"
    rng = np.random.default_rng([settings.seed, i])
    arbor = grow_arbor(growth, settings.size * settings.pixel_um, rng)
    image = render(arbor, settings.optics, settings.size, settings.pixel_um, rng)
    radius = settings.optics.diameter(arbor.tree.supported) / 2
    tree = soma_forest(name, arbor.tree, radius, float(np.sqrt(arbor.soma[0] * arbor.soma[1])))
    soma = soma_place(arbor, settings.size, settings.pixel_um)
    truth = {"id": name, "label": label, "group": name, **_truth(tree, arbor)}
    truth |= {"soma_x_px": round(soma[0], 3), "soma_y_px": round(soma[1], 3)}
    shown = seen(arbor, settings.size * settings.pixel_um, settings.resolution_um)
    truth |= {f"seen_{name}": round(value, 3) for name, value in asdict(shown).items()}
    return image, tree, truth | {"pixel_um": settings.pixel_um} | _columns(growth)


def write_set(folder: Path, settings: SetSettings, provenance: dict) -> pd.DataFrame:
    """Write images/<id>.png, trees/<id>.swc, truth.csv and a manifest into ``folder``."""
    rows = []
    with whole_folder(folder, provenance) as partial:
        for part in ("images", "trees"):
            (partial / part).mkdir(parents=True)
        for i in range(settings.number):
            image, tree, truth = simulate_neuron(settings, i)
            Image.fromarray(image).save(partial / "images" / f"{truth['id']}.png")
            (partial / "trees" / f"{truth['id']}.swc").write_text(swc_text(tree))
            rows.append(truth)
        table = pd.DataFrame(rows)
        table.to_csv(partial / "truth.csv", index=False, lineterminator="\n")
    return table


def _truth(tree: Forest, arbor: Arbor) -> dict:
    children = np.bincount(tree.parent[1:], minlength=len(tree.parent))
    foreign = (arbor.tree.cell > 0) & (arbor.tree.parent >= 0)
    return {
        "length_um": round(float(tree.cable_length[0]), 3),
        "n_branch_points": int((children[1:] > 1).sum()),
        "n_tips": int((children[1:] == 0).sum()),
        "n_primaries": int(children[0]),
        "neighbour_length_um": round(float(arbor.tree.segment_length[foreign].sum()), 3),
    }


def _columns(growth: Growth) -> dict:
    values = asdict(growth)
    least, most = values.pop("primaries")
    return values | {"least_primaries": least, "most_primaries": most}


def _parameters(kind: type, values: dict):
    _check_names(values, kind, kind.__name__.lower())
    return kind(**values)


def _check_names(values: dict, kind: type, place: str) -> None:
    known = [part.name for part in fields(kind)]
    for name in values:
        if name not in known:
            raise InputError(f"{place} has no parameter '{name}'; known are {', '.join(known)}.")


def _check_growth(growth: Growth) -> None:
    for name in ("minutes", "persistence_um", "territory_um", "growing", "shrinking", "pausing"):
        value = getattr(growth, name)
        _demand(name, value, value > 0, "above 0")
    _demand("angle", growth.angle, 0 < growth.angle < 180, "between 0 and 180")
    for name in NOT_NEGATIVE:
        value = getattr(growth, name)
        _demand(name, value, value >= 0, "0 or more")
    least, most = growth.primaries
    _demand("primaries", list(growth.primaries), 1 <= least <= most, "two rising whole numbers")


def _demand(name: str, value: object, holds: bool, rule: str) -> None:
    if not holds:
        raise InputError(f"{name} is {value}; set it to {rule}.")
