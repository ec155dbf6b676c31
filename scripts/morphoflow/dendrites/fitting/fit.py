"""The simulator fitted to the images of each population, and what follows from the fits."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from morphoflow.dendrites.fitting.posterior import Emulator, learned, posterior, proposed
from morphoflow.dendrites.fitting.priors import values
from morphoflow.dendrites.fitting.simulations import USED, Frame, simulated
from morphoflow.errors import CannotAnalyse

# With fewer images their mean says next to nothing of a population.
FEWEST = 4
# Of every draw from a posterior that is kept in tables, so many stand for all.
KEPT = 500
INTERVAL = (2.5, 50.0, 97.5)
# Of the tables but the draws, which have a column for each parameter.
COLUMNS = {
    "intervals": ("label", "parameter", "median", "low", "high", "of_prior", "images"),
    "differences": ("first", "second", "parameter", "factor", "low", "high", "probability"),
    "checks": ("label", "statistic", "real", "predicted", "away"),
}


@dataclass(frozen=True)
class Fit:
    """A population's ``unit`` (m, p) draws of parameters, and statistics of its images (n, k).

    ``predicted`` (l, k) are those of images simulated at the draws ``chosen`` (l, p), each with
    random numbers from its own of ``streams`` (l).
    """

    label: str
    unit: np.ndarray
    observed: np.ndarray
    chosen: np.ndarray
    predicted: np.ndarray
    streams: list[list[int]]


def fits(
    observed: dict[str, np.ndarray], names: list[str], frame: Frame, settings: dict
) -> Iterator[Fit]:
    """A fit of every population, from ``observed`` statistics (n, k) of enough images of it.

    The first of ``settings["rounds"]`` rounds simulates all over the prior and serves all
    populations; each further one simulates about a population's posterior so far.
    """
    rng = np.random.default_rng(settings["seed"])
    number = settings["simulations"]
    over_prior = rng.random((number, len(names)))
    first = _learned(names, over_prior, frame, [settings["seed"], 0])
    for k, (label, statistics) in enumerate(observed.items()):
        unit = posterior(first, statistics, rng)
        for again in range(1, settings["rounds"]):
            near = proposed(unit, number, rng)
            nearer = _learned(names, near, frame, [settings["seed"], 1 + k, again], first)
            unit = posterior(nearer, statistics, rng)
        chosen = unit[rng.choice(len(unit), size=settings["predicted"])]
        stream = [settings["seed"], 1 + k, 0]
        made, predicted = simulated(names, chosen, frame, stream)
        streams = [[*stream, row] for row in made.tolist()]
        yield Fit(label, unit, statistics, chosen[made], predicted, streams)


def _learned(
    names: list[str],
    unit: np.ndarray,
    frame: Frame,
    stream: list[int],
    known: Emulator | None = None,
) -> Emulator:
    made, statistics = simulated(names, unit, frame, stream)
    return learned(unit[made], statistics, known)


def enough(observed: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The populations of FEWEST images or more, and for each of the others why it is left out.

    Raises CannotAnalyse where there are no others.
    """
    few = {
        label: f"population '{label}' has {len(statistics)} images, and {FEWEST} are needed to fit"
        for label, statistics in observed.items()
        if len(statistics) < FEWEST
    }
    if len(few) == len(observed):
        raise CannotAnalyse("; ".join(few.values()) or "there are no images to fit")
    return {label: observed[label] for label in observed if label not in few}, few


def draws_table(found: list[Fit], names: list[str]) -> pd.DataFrame:
    """``KEPT`` draws of the parameters of each population."""
    tables = []
    for fit in found:
        rows = fit.unit[np.linspace(0, len(fit.unit) - 1, KEPT).astype(int)]
        tables.append(pd.DataFrame(values(names, rows), columns=names).assign(label=fit.label))
    return pd.concat(tables, ignore_index=True)[["label", *names]]


def intervals_table(found: list[Fit], names: list[str]) -> pd.DataFrame:
    """Median and 95 % interval of each parameter, and how much narrower it is than the prior.

    ``of_prior`` is the sd of the posterior in that of the prior, on the scale of the prior.
    """
    rows = []
    for fit in found:
        quantiles = np.percentile(values(names, fit.unit), INTERVAL, axis=0)
        share = fit.unit.std(axis=0) * np.sqrt(12)
        for j, name in enumerate(names):
            low, median, high = quantiles[:, j]
            row = {"label": fit.label, "parameter": name, "median": median}
            rows.append(row | {"low": low, "high": high, "of_prior": share[j]})
            rows[-1]["images"] = len(fit.observed)
    return pd.DataFrame(rows)


def differences_table(found: list[Fit], names: list[str]) -> pd.DataFrame:
    """By which factor each parameter differs between two populations, with 95 % intervals.

    ``probability`` is that of the second population's being the larger.
    """
    rows = []
    for a, b in itertools.combinations(found, 2):
        factor = values(names, b.unit) / values(names, a.unit)
        low, median, high = np.percentile(factor, INTERVAL, axis=0)
        above = (factor > 1).mean(axis=0)
        for row in zip(names, median, low, high, above, strict=True):
            rows.append((a.label, b.label, *row))
    return pd.DataFrame(rows, columns=list(COLUMNS["differences"]))


def checks_table(found: list[Fit]) -> pd.DataFrame:
    """How far the mean of each statistic lies from that of predicted images, in their sd.

    A value beyond some two says that no parameters make the simulator give such arbors.
    """
    rows = []
    for fit in found:
        real, made = fit.observed.mean(axis=0), fit.predicted.mean(axis=0)
        spread = fit.predicted.std(axis=0)
        away = (real - made) / np.where(spread > 0, spread, 1.0)
        rows += [
            {"label": fit.label, "statistic": name, "real": r, "predicted": m, "away": a}
            for name, r, m, a in zip(USED, np.expm1(real), np.expm1(made), away, strict=True)
        ]
    return pd.DataFrame(rows)
