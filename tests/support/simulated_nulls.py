"""Data in which there is nothing to find, and how often what the project reports finds something.

Labels are constant in groups, or mixed in them, and members of a group are alike, which is what
misleads a test that counts objects. NULLS has a function for each p-value and interval: from the
number of a simulation it gives the share of these that are significant at 5 %, or do not hold the
true value.
"""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pandas as pd

from morphoflow.analysis.classification import with_intervals
from morphoflow.analysis.confusion import group_matrices
from morphoflow.analysis.outliers import conformal_p, tail_p
from morphoflow.analysis.permuting import design_of, effects, p_values
from morphoflow.analysis.ranking import compare_pairs, holm_of_pairs
from morphoflow.analysis.retrieval import average_precisions, rank
from morphoflow.analysis.retrieval_groups import with_significance
from morphoflow.analysis.retrieval_scores import retrieval_scores
from morphoflow.cells.shapes.normalise import robust_z
from morphoflow.neurons.rebuild.realism import Neurons, Sets, error_interval

LEVEL = 0.05
# Groups, members of each, and whether all of a group have one label.
DESIGNS = {"alone": (60, 1, True), "constant": (14, 6, True), "mixed": (14, 6, False)}


def made(groups: int, members: int, constant: bool, rng: np.random.Generator):
    """Points of groups that lie apart, labels that have nothing to do with them, and the groups."""
    group = np.repeat(np.arange(groups), members)
    x = 3 * rng.normal(size=(groups, 5))[group] + rng.normal(size=(len(group), 5))
    codes = rng.permutation(np.arange(groups) % 2)[group]
    if not constant:
        codes = (rng.random(len(group)) < rng.random(groups)[group]).astype(int)
    return x, np.array(["a", "b"], dtype=object)[codes], group


@cache
def of_retrieval(design: str, seed: int) -> dict[str, float]:
    """Of the queries before and after correction, and of the labels, any of which counts."""
    groups, members, constant = DESIGNS[design]
    rng = np.random.default_rng([seed, groups])
    x, names, group = made(groups, members, constant, rng)
    ranking = rank(x, names, group, np.ones(len(x), bool), metric="cosine", exclude_group=True)
    table, summary = with_significance(average_precisions(ranking), ranking, 199, LEVEL, seed)
    return {
        "queries": float((table["p_value"] <= LEVEL).mean()),
        "queries, corrected": float((table["corrected_p_value"] <= LEVEL).mean()),
        "labels, corrected": float((summary["corrected_p_value"] <= LEVEL).any()),
    }


def of_classification(seed: int) -> float:
    """Of the intervals of balanced accuracy, where predictions are alike in a group."""
    groups, members = 12, 8
    classes, group = np.array(["a", "b"]), np.repeat(np.arange(groups), members)
    rng = np.random.default_rng(seed)
    true = classes[rng.permutation(np.arange(groups) % 2)[group]]
    # Members of a group are taken for the same class, as in an embedding of groups.
    leaning = rng.beta(0.5, 0.5, groups)[group]
    predicted = classes[(rng.random(len(group)) < leaning).astype(int)]
    matrices = group_matrices(true, predicted, group, classes)
    _, low, high = with_intervals(matrices, 300, rng)["balanced_accuracy"]
    return float(low > 0.5 or high < 0.5)


def of_retrieval_interval(seed: int) -> float:
    """Of the intervals of mean average precision above chance."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(15), 8)
    value = rng.normal(size=15)[group] + rng.normal(size=120)
    table = pd.DataFrame({"row": np.arange(120), "average_precision": value, "chance": 0.0})
    table["corrected_p_value"] = 1.0
    settings = {"level": LEVEL, "n_bootstraps": 300, "labels_used": True, "seed": seed}
    first = retrieval_scores(table, np.full(120, "test"), group, **settings)[0]
    return float(first["low"] > 0 or first["high"] < 0)


def of_outliers(test: Callable, groups: int, members: int, apart: float, seed: int) -> float:
    """Of objects that are as those which they are compared with."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups + 10), members)
    scores = apart * rng.normal(size=groups + 10)[group] + rng.normal(size=len(group))
    p = test(scores, group < groups, group)
    return float((p[group >= groups] <= LEVEL).mean())


def grouped_neurons(groups: int, rng: np.random.Generator, shift: float) -> Neurons:
    """Five neurons of each of some animals, which differ; a class is of every other animal."""
    group = np.repeat(np.arange(groups), 5)
    x = 10 + shift + 2 * rng.normal(size=(groups, 6))[group] + rng.normal(size=(len(group), 6))
    return Neurons(None, np.array(["a", "b"])[group % 2], group, x, [])


def compared_neurons(shift: float, seed: int) -> tuple[float, Sets, np.random.Generator]:
    """The error of the class means of made neurons, which are real ones or moved by ``shift``."""
    rng = np.random.default_rng(seed)
    made_ones, real = grouped_neurons(12, rng, shift), grouped_neurons(12, rng, 0)
    means = [[s.x[s.labels == label].mean(axis=0) for label in "ab"] for s in (made_ones, real)]
    error = np.mean(np.abs(np.subtract(*means)) / np.abs(means[1]))
    return float(error), Sets(made_ones, real, real), rng


@cache
def mean_error(shift: float) -> float:
    """The error of the class means, over many simulations other than those of the intervals."""
    return float(np.mean([compared_neurons(shift, 10**6 + seed)[0] for seed in range(1000)]))


def of_morphometric_error(shift: float, seed: int) -> float:
    """Of the intervals of the error of made neurons."""
    error, sets, rng = compared_neurons(shift, seed)
    low, high = error_interval(sets, error, 200, rng)
    return float(not low <= mean_error(shift) <= high)


# Plates, units treated and not on each, members of a unit, and whether units are compared inside
# their plate; features are normalised by what is not treated.
GROUPS = {"units": (1, 5, 12, 4, False), "within plates": (4, 3, 5, 3, True)}


@cache
def of_groups(design: str, seed: int) -> dict[str, float]:
    """Of differences of groups whose units and plates lie apart, and of their intervals."""
    plates, treated, others, members, within = GROUPS[design]
    rng = np.random.default_rng(seed)
    per_plate = treated + others
    unit = np.repeat(np.arange(plates * per_plate), members)
    plate, is_treated = unit // per_plate, unit % per_plate < treated
    x = rng.normal(size=(len(unit), 8))
    x += rng.normal(size=(plates * per_plate, 8))[unit] + 3 * rng.normal(size=(plates, 8))[plate]
    values = robust_z(x, plate, ~is_treated)
    made_by = design_of(is_treated, unit, plate if within else None)
    _, low, high = effects(values, made_by, 1000, seed)
    return {
        "differences": float((p_values(values, made_by, 199, seed) <= LEVEL).mean()),
        "intervals": float(((low > 0) | (high < 0)).mean()),
    }


def of_pairs(seed: int) -> float:
    """Of the differences of five equal models, each of which is right or wrong in whole groups."""
    rng = np.random.default_rng(seed)
    groups, members = 20, 5
    share = rng.beta(2, 1, (groups, 5))
    right = rng.binomial(members, share) / (groups * members)
    _, p = compare_pairs(right)
    return float((holm_of_pairs(p)[np.triu_indices(5, 1)] <= LEVEL).any())


TESTS = {"conformal": conformal_p, "tail": tail_p}
NULLS: dict[str, Callable[[int], float]] = {
    **{
        f"retrieval {part}, {design}": lambda seed, part=part, design=design: of_retrieval(
            design, seed
        )[part]
        for design in DESIGNS
        for part in ("queries", "queries, corrected", "labels, corrected")
    },
    **{
        f"{part} of groups, {design}": lambda seed, part=part, design=design: of_groups(
            design, seed
        )[part]
        for design in GROUPS
        for part in ("differences", "intervals")
    },
    "differences of models, corrected": of_pairs,
    "interval of retrieval": of_retrieval_interval,
    "interval of classification": of_classification,
    "interval of realism, alike": partial(of_morphometric_error, 0),
    "interval of realism, moved": partial(of_morphometric_error, 3),
    **{
        f"outliers {name}, {groups} groups of {members}": partial(
            of_outliers, test, groups, members, apart
        )
        for name, test in TESTS.items()
        for groups, members, apart in ((15, 12, 2), (40, 3, 2), (120, 1, 0))
    },
}


def rejected(name: str, simulations: int, first: int = 0) -> tuple[float, float]:
    """The mean share over simulations of what is rejected, and its standard error."""
    shares = np.array([NULLS[name](seed) for seed in range(first, first + simulations)])
    # Where none or few were, the spread of what was seen says too little.
    least = LEVEL * (1 - LEVEL) if set(shares) <= {0.0, 1.0} else 0.0
    return float(shares.mean()), float(np.sqrt(max(shares.var(), least) / simulations))
