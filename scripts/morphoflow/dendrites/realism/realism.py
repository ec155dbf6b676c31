"""How far generated images are from real ones, beside how far real ones are from each other."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from morphoflow.analysis.scores import score
from morphoflow.dendrites.realism.distances import better, bounds
from morphoflow.dendrites.realism.sets import ImageSet
from morphoflow.errors import CannotAnalyse

COLUMNS = ("metric", "comparison", "value", "low", "high", "n_a", "n_b", "better")

# Images and groups of a set, at least: halves of it are needed, and a distance within each.
FEWEST, FEWEST_GROUPS = 4, 2

INTERVAL = (2.5, 97.5)

WITHIN = 1.96

SPLITS = {"held_out": "test", "train": "train"}

Measure = Callable[[ImageSet, ImageSet], dict[str, float]]


def realism_table(
    generated: ImageSet,
    train: ImageSet,
    held_out: ImageSet,
    real: dict[str, ImageSet],
    distances: Measure,
    *,
    repeats: int,
    seed: int,
    simulated: ImageSet | None = None,
) -> pd.DataFrame:
    """Every distance of every comparison: a row for each, with the columns of COLUMNS.

    ``real`` are all real images as they are (``real``) and made worse (by the names of what was
    done), row by row the same. All comparisons are of n by n images, since many distances depend
    on n: n is the largest for which each set, and each half of the real images, has enough, and
    sets are drawn down to it at random. ``generated_held_out`` and ``generated_train`` have the
    distance over these and an interval of 1.96 standard errors, from ``repeats`` random halves of
    the groups on both sides (delete-half jackknife, Shao and Wu 1989); it is missing where a side
    is a single group; so have ``simulated_held_out`` and ``simulated_train``, for the images of a
    simulation. ``real_<name>`` is the median distance from one half of the real images, by
    group, to the other half as it is, over as many random halves, and what 95 % of them lie
    within: ``real_real`` is the scale. Held-out images of fewer than four are not compared.

    Raises CannotAnalyse where too few images or groups are left to compare anything.
    """
    _enough(len(generated), "among the generated ones", "generate more")
    _enough(len(train), "in the training split", "give more images")
    tested = {"generated": generated}
    if simulated is not None:
        _enough(len(simulated), "among the simulated ones", "simulate more")
        tested["simulated"] = simulated
    if len(np.unique(real["real"].groups)) < FEWEST_GROUPS:
        raise CannotAnalyse(
            "realism needs real images of two neurons (groups) or more, to tell what real ones "
            "differ by, but there is one; give images of more neurons."
        )
    rng = np.random.default_rng(seed)
    halves = [split_in_two(real["real"].groups, rng) for _ in range(repeats)]
    references = {"train": train}
    if len(held_out) >= FEWEST:
        references = {"held_out": held_out, **references}
    sizes = [
        *map(len, (*tested.values(), *references.values())),
        *(len(h) for pair in halves for h in pair),
    ]
    n = _enough(min(sizes), "in half of the real neurons (groups)", "give images of more neurons")
    rows = []
    for kind, images in tested.items():
        drawn = _drawn(images, n, rng)
        for name, reference in references.items():
            sides = drawn, _drawn(reference, n, rng)
            rows += _compared(f"{kind}_{name}", *sides, distances, repeats, rng)
    return pd.DataFrame([*rows, *_baselines(real, halves, n, distances)], columns=list(COLUMNS))


def realism_scores(table: pd.DataFrame) -> list[dict]:
    """The rows of :func:`realism_table` as scores.

    Generated images have the split that they were compared with and the score ``realism_<metric>``,
    simulated ones ``simulated_<metric>``; real ones the split ``all`` and
    ``<comparison>_<metric>``.
    """
    rows = []
    for row in table.itertuples():
        kind, _, reference = row.comparison.partition("_")
        held_against = SPLITS.get(reference)
        what = {"generated": "realism"}.get(kind, kind) if held_against else row.comparison
        named = (held_against or "all", f"{what}_{row.metric}")
        rows.append(score(*named, row.value, row.n_a, row.low, row.high))
    return rows


def _enough(images: int, where: str, way: str) -> int:
    if images < FEWEST:
        raise CannotAnalyse(
            f"realism is measured over {FEWEST} images or more, "
            f"but {where} there are {images}; {way}."
        )
    return images


def _drawn(images: ImageSet, n: int, rng: np.random.Generator) -> ImageSet:
    return images.take(np.sort(rng.permutation(len(images))[:n]))


def _compared(
    name: str,
    tested: ImageSet,
    reference: ImageSet,
    distances: Measure,
    repeats: int,
    rng: np.random.Generator,
) -> list[dict]:
    """Rows of one comparison, with standard errors from halves of both sides."""
    values = pd.Series(distances(tested, reference))
    error = pd.Series(np.nan, index=values.index)
    if min(len(np.unique(side.groups)) for side in (tested, reference)) >= FEWEST_GROUPS:
        spread = [distances(_half(tested, rng), _half(reference, rng)) for _ in range(repeats)]
        error = pd.DataFrame(spread).std()
    low, high = values - WITHIN * error, values + WITHIN * error
    return [
        _row(metric, name, values[metric], low[metric], high[metric], len(tested), len(reference))
        for metric in values.index
    ]


def _half(images: ImageSet, rng: np.random.Generator) -> ImageSet:
    return images.take(half_of(images.groups, rng))


def _baselines(
    real: dict[str, ImageSet],
    halves: list[tuple[np.ndarray, np.ndarray]],
    n: int,
    distances: Measure,
) -> list[dict]:
    """Rows of the real images and of those made worse, each against the other half."""
    rows = []
    for name, images in real.items():
        table = pd.DataFrame(
            [distances(images.take(one[:n]), real["real"].take(other[:n])) for one, other in halves]
        )
        low, middle, high = (table.quantile(q / 100) for q in (INTERVAL[0], 50, INTERVAL[1]))
        rows += [
            _row(metric, f"real_{name}", middle[metric], low[metric], high[metric], n, n)
            for metric in table
        ]
    return rows


def _row(metric, comparison, value, low, high, n_a, n_b) -> dict:
    low, high = np.clip([low, high], *bounds(metric))
    values = (metric, comparison, value, low, high, n_a, n_b, better(metric))
    return dict(zip(COLUMNS, values, strict=True))


# Random halves of images by group: what two samples of one kind differ by, and standard errors.
#
# All draws are without replacement. A bootstrap with replacement draws images twice, and every
# measure of neighbours takes them for copies.


def split_in_two(groups: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The rows of two halves of images, no group of ``groups`` (n,) in both, in random order.

    Groups go in random order each to the half that has fewer images.
    """
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    side = np.empty(len(names), dtype=int)
    filled = [0, 0]
    for group in rng.permutation(len(names)):
        side[group] = filled[1] < filled[0]
        filled[side[group]] += sizes[group]
    rows = rng.permutation(len(groups))
    second = side[codes[rows]] == 1
    return rows[~second], rows[second]


def half_of(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rows of a random half of the groups, fewer where their number is odd.

    Where that is a single image, one more group is taken: distances within need two.
    """
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(names))
    enough = 1 + int(np.argmax(np.cumsum(sizes[order]) >= 2))
    kept = np.zeros(len(names), dtype=bool)
    kept[order[: max(len(names) // 2, enough)]] = True
    return np.flatnonzero(kept[codes])
