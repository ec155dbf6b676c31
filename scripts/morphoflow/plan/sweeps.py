"""Sweeps: one model under many settings, each of them a variant that the table of runs could name.

The Snakefile imports this module. Every error is a ValueError with a sentence for the user.
"""

import math
import random
from dataclasses import dataclass
from itertools import product

from morphoflow.plan.models import settings_of
from morphoflow.plan.runs import Run, check_run


@dataclass(frozen=True)
class Member:
    """A run of a sweep, and the settings that the sweep gave it."""

    run: Run
    settings: dict


def add_sweeps(
    sweeps: dict[str, dict], datasets: dict[str, str], models: dict[str, dict]
) -> dict[str, list[Member]]:
    """The members of each sweep; their variants, ``<sweep>_<number>``, are added to ``models``."""
    return {name: _members(name, sweep, datasets, models) for name, sweep in sweeps.items()}


def points(sweep: dict) -> list[dict]:
    """The settings that a sweep tries: all combinations of its ``grid``, then its random draws."""
    grid = sweep.get("grid", {})
    tried = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    drawn = sweep.get("random")
    if not drawn:
        return tried
    generator = random.Random(drawn["seed"])
    draws = [
        {name: _draw(among, generator) for name, among in sorted(drawn["settings"].items())}
        for _ in range(drawn["number"])
    ]
    return [{**point, **draw} for point in tried for draw in draws]


def _members(
    name: str, sweep: dict, datasets: dict[str, str], models: dict[str, dict]
) -> list[Member]:
    place, model, tried = f"the config, sweeps.{name}", sweep["model"], points(sweep)

    def run(dataset: str, variant: str, seed: int) -> Run:
        row = {"dataset": dataset, "model": model, "variant": variant, "seed": str(seed)}
        return check_run(row, place, datasets, models)

    base = sweep["variant"]
    for dataset in sweep["datasets"]:
        run(dataset, base, 0)
    variants = models[model]["variants"]
    for number, point in enumerate(tried):
        variant = f"{name}_{number}"
        if variant in variants:
            raise ValueError(f"{place}: variant '{variant}' is there already; rename the sweep.")
        variants[variant] = {**(variants[base] or {}), **point}
        settings_of(models, model, variant)
    return [
        Member(run(dataset, f"{name}_{number}", seed), point)
        for dataset in sweep["datasets"]
        for number, point in enumerate(tried)
        for seed in sweep["seeds"]
    ]


def _draw(among: list | dict, generator: random.Random) -> object:
    """One of a list, or a number between ``low`` and ``high``, on a log scale if asked for."""
    if isinstance(among, list):
        return generator.choice(among)
    low, high = among["low"], among["high"]
    if among["scale"] == "log":
        return math.exp(generator.uniform(math.log(low), math.log(high)))
    value = generator.uniform(low, high)
    return round(value) if among["scale"] == "whole" else value
