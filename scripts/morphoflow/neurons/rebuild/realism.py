"""How real generated neurons are, each number beside the same one between real neurons."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import wasserstein_distance

from morphoflow.analysis.classification import FEWEST_FOR_INTERVAL, percentiles
from morphoflow.analysis.feature_distances import two_sample_accuracy
from morphoflow.analysis.scores import score
from morphoflow.errors import CannotAnalyse
from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.table import morphometrics, sibling_pairs
from morphoflow.neurons.morphometrics.tree import Trees
from morphoflow.neurons.rebuild.judged import forest_accuracy, largest_fold, medians

# Our morphometrics that we take for counterparts of MorphoPy's; the list itself was not available.
PUBLISHED = (
    "n_branch_points",
    "n_tips",
    "n_stems",
    "max_children",
    "max_branch_order",
    "width_um",
    "height_um",
    "depth_um",
    "cable_length_um",
    "max_path_distance_um",
    "section_length_max_um",
    "internal_section_length_mean_um",
    "terminal_section_length_mean_um",
    "partition_asymmetry_mean",
    "branch_angle_local_mean_deg",
    "path_angle_mean_deg",
    "tip_tortuosity_mean",
)

DETAILS = ("label", "quantity", "generated", "held_out", "train", "error", "error_real")

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

# Neurons of a class on each side, at least, for it to be compared.
FEWEST = 2


# Generated and real neurons that are compared, class by class.


@dataclass(frozen=True, eq=False)
class Neurons:
    """Neurons of one kind with their labels (n,), the group (n,) that each is of, such as its
    animal, and morphometrics ``x`` (n, d) by ``names``.
    """

    forest: Forest
    labels: np.ndarray
    groups: np.ndarray
    x: np.ndarray
    names: list[str]

    @classmethod
    def of(cls, forest: Forest, labels: np.ndarray, groups: np.ndarray) -> "Neurons":
        """Measure the neurons of a forest, of which there may be none."""
        if not forest.n:
            return cls(forest, labels, groups, np.empty((0, 0), np.float32), [])
        return cls(forest, labels, groups, *morphometrics(forest))

    def __len__(self) -> int:
        return len(self.labels)

    def of_label(self, label: str) -> "Neurons":
        """Those of a label."""
        rows = np.flatnonzero(self.labels == label)
        forest, groups = self.forest.select(rows), self.groups[rows]
        return Neurons(forest, self.labels[rows], groups, self.x[rows], self.names)


@dataclass(frozen=True, eq=False)
class Sets:
    """Generated neurons, and real ones of the training and the test split."""

    generated: Neurons
    train: Neurons
    held_out: Neurons

    @property
    def labels(self) -> list[str]:
        """The labels that each set has enough neurons of; CannotAnalyse if there are none."""
        common = [
            str(label)
            for label in np.unique(self.generated.labels)
            if min((s.labels == label).sum() for s in self.parts) >= FEWEST
        ]
        if not common:
            raise CannotAnalyse(
                f"no label has {FEWEST} neurons each among the generated ones, in the training "
                "split and in the test split; generate more, or give more real neurons."
            )
        return common

    @property
    def parts(self) -> tuple[Neurons, Neurons, Neurons]:
        """The three sets."""
        return self.generated, self.train, self.held_out

    def of_label(self, label: str) -> "Sets":
        """Those of a label."""
        return Sets(*(part.of_label(label) for part in self.parts))


def details(sets: Sets) -> pd.DataFrame:
    """The mean of each morphometric, and the spread of angles and children, class by class.

    The columns are DETAILS: the value in each set and the relative errors of the generated and
    of the training neurons against the held-out ones, missing where the latter have 0.
    ``branch_angle_local_q50_deg`` and the like are quantiles over all branches of all neurons,
    ``children_3_share`` and the like shares of the branch points with so many children.
    """
    rows = []
    for label in sets.labels:
        own = sets.of_label(label)
        columns = [_quantities(part) for part in own.parts]
        for name in columns[0]:
            generated, train, held_out = (column[name] for column in columns)
            errors = _error(generated, held_out), _error(train, held_out)
            rows.append((label, name, generated, held_out, train, *errors))
    return pd.DataFrame(rows, columns=list(DETAILS))


def _quantities(part: Neurons) -> dict[str, float]:
    means = dict(zip(part.names, part.x.mean(axis=0, dtype=np.float64).tolist(), strict=True))
    angles, children = branch_angles(part.forest), child_counts(part.forest)
    spread = {
        f"branch_angle_local_q{round(100 * q)}_deg": float(np.quantile(angles, q))
        if len(angles)
        else np.nan
        for q in QUANTILES
    }
    shares = {
        "children_2_share": _share(children == 2),
        "children_3_share": _share(children == 3),
        "children_above_3_share": _share(children > 3),
    }
    return {**means, **spread, **shares}


def _share(values: np.ndarray) -> float:
    """The share of true values; missing where there are none, as in neurons without a branch."""
    return float(np.mean(values)) if len(values) else np.nan


def _error(value: float, reference: float) -> float:
    return abs(value - reference) / abs(reference) if reference != 0 else np.nan


def realism_scores(sets: Sets, table: pd.DataFrame, *, repeats: int, seed: int) -> list[dict]:
    """Scores over all classes alike, from :func:`details`; those ending in ``_real`` compare the
    training neurons instead of the generated ones.

    ``morphometric_error`` is the mean over classes and morphometrics of the relative error of the
    class mean (of Laturnus and Berens' figures), with an interval from ``repeats`` bootstraps of
    the groups; ``morphometric_error_published`` is that of the features in PUBLISHED.
    ``two_sample_accuracy`` is of the nearest neighbour in standardised morphometrics;
    ``nearest_train_ratio`` the median distance of generated neurons to the nearest training
    neuron over that of held-out ones; ``branch_angle_distance_deg`` the Wasserstein distance of
    local branch angles; ``polytomy_share`` the branch points with more than two children.
    ``medians_within_quartiles`` is the share of the medians of JUDGED that are within the quartiles
    of held-out neurons, ``largest_fold`` the factor by which a median of size is off at most, and
    ``forest_accuracy`` that of a random forest.
    """
    n, labels = len(sets.generated), sets.labels
    by_label = [sets.of_label(label) for label in labels]
    features = table[table["quantity"].isin(sets.generated.names)]
    error = float(features["error"].mean())
    low, high = error_interval(sets, error, repeats, np.random.default_rng(seed))
    published = features[features["quantity"].isin(PUBLISHED)]
    center, scale = sets.train.x.mean(axis=0), sets.train.x.std(axis=0)
    scale = np.where(scale > 0, scale, 1)
    most = int(child_counts(sets.train.forest).max(initial=2))
    values = {
        "morphometric_error_real": features["error_real"].mean(),
        "morphometric_error_published": published["error"].mean(),
        "morphometric_error_published_real": published["error_real"].mean(),
        "valid_share": valid(sets.generated.forest, most).mean(),
        "nearest_train_ratio": _nearest_ratio(sets, center, scale),
    }
    for end, part in (("", "generated"), ("_real", "train")):
        accuracy, angle, polytomy = [], [], []
        for own in by_label:
            one, other = getattr(own, part), own.held_out
            pair = (one.x - center) / scale, (other.x - center) / scale
            accuracy.append(two_sample_accuracy(*pair))
            angles = branch_angles(one.forest), branch_angles(other.forest)
            angle.append(wasserstein_distance(*angles) if all(map(len, angles)) else np.nan)
            polytomy.append(_share(child_counts(one.forest) > 2))
        one, other = getattr(sets, part), sets.held_out
        pair = one.x, one.labels, other.x, other.labels
        table = medians(*pair, one.names)
        values[f"medians_within_quartiles{end}"] = table["within"].mean()
        values[f"largest_fold{end}"] = largest_fold(table)
        values[f"forest_accuracy{end}"] = forest_accuracy(*pair, seed)
        values[f"two_sample_accuracy{end}"] = np.mean(accuracy)
        values[f"branch_angle_distance{end}_deg"] = np.mean(angle)
        values[f"polytomy_share{end}"] = np.mean(polytomy)
    rows = [score("test", "morphometric_error", error, n, low, high)]
    return [*rows, *(score("test", name, float(value), n) for name, value in values.items())]


def _nearest_ratio(sets: Sets, center: np.ndarray, scale: np.ndarray) -> float:
    """The median distance of generated neurons to a training neuron over that of held-out ones."""
    generated, train, held_out = ((part.x - center) / scale for part in sets.parts)
    nearest = [
        np.median(np.sqrt(((x[:, None] - train) ** 2).sum(axis=2)).min(axis=1))
        for x in (generated, held_out)
    ]
    return nearest[0] / nearest[1]


def error_interval(
    sets: Sets, error: float, repeats: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The 95 % interval of the ``error`` of the class means, from ``repeats`` bootstraps.

    Groups are drawn anew on both sides (Efron 1979); there is none for fewer than 10 of either. A
    mean that is drawn lies further from another than the mean itself, and so do absolute
    differences, so that the draws lend the interval their spread alone, around ``error``.
    """
    sides = sets.generated, sets.held_out
    fewest = min(len(np.unique(side.groups)) for side in sides)
    if fewest < FEWEST_FOR_INTERVAL:
        return np.nan, np.nan
    drawn = [_drawn_means(side, sets.labels, repeats, rng) for side in sides]
    held_out = np.where(drawn[1] == 0, np.nan, np.abs(drawn[1]))
    errors = np.abs(drawn[0] - drawn[1]) / held_out
    means = np.nanmean(errors.reshape(repeats, -1), axis=1)
    low, high = error + np.quantile(means, percentiles(fewest)) - means.mean()
    return max(0.0, float(low)), float(high)


def _drawn_means(
    side: Neurons, labels: list[str], repeats: int, rng: np.random.Generator
) -> np.ndarray:
    """Means (repeats, labels, d) of the morphometrics where groups are drawn with replacement.

    Missing for a label of which a draw has no neuron.
    """
    names, of = np.unique(side.groups, return_inverse=True)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=repeats)
    means = []
    for label in labels:
        rows = np.flatnonzero(side.labels == label)
        weight = times[:, of[rows]].astype(np.float64)
        total = weight.sum(axis=1, keepdims=True)
        means.append(weight @ side.x[rows] / np.where(total > 0, total, np.nan))
    return np.stack(means, axis=1)


# What the realism of trees is judged by beside their morphometrics: angles, children, validity.


def branch_angles(forest: Forest) -> np.ndarray:
    """The angles (pairs,) in degrees between the first segments of branches of one branch point."""
    trees = Trees.of(forest)
    first, second = sibling_pairs(trees.is_branch, trees.start, trees.child)
    u, v = trees.segment[first], trees.segment[second]
    angle = np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1)))
    return angle[u.any(axis=1) & v.any(axis=1)]


def child_counts(forest: Forest) -> np.ndarray:
    """The number of children (b,) of each branch point, somata left out."""
    trees = Trees.of(forest)
    return trees.n_children[trees.is_branch]


def valid(forest: Forest, most_children: int) -> np.ndarray:
    """Which neurons (n,) are sound trees.

    They have one root, at the origin; parents come before their children, so that all is
    connected without a cycle; coordinates and radii are finite; no segment has the length 0, and
    there is one; and no node but the soma has more than ``most_children``.
    """
    within = np.arange(len(forest.parent)) - np.repeat(forest.offsets[:-1], forest.n_nodes)
    root = within == 0
    up = np.where(root, 0, forest.parent) + within * 0
    ordered = np.where(root, forest.parent == -1, (up >= 0) & (up < within))
    finite = np.isfinite(forest.xyz).all(axis=1) & np.isfinite(forest.radius)
    placed = np.where(root, (forest.xyz == 0).all(axis=1), True)
    sound = ordered & finite & placed
    rows = np.where(sound & ~root, forest.parent_row, 0)
    longer = root | (np.linalg.norm(forest.xyz - forest.xyz[rows], axis=1) > 0)
    children = np.bincount(rows[sound & ~root], minlength=len(rows))
    few = root | (children <= most_children)
    all_hold = np.logical_and.reduceat(sound & longer & few, forest.offsets[:-1])
    return all_hold & (forest.n_nodes > 1)
