"""Classes as numbers, and the fixed subset of labels that a model may see."""

import numpy as np
import pandas as pd

UNLABELLED = -1


def class_names(labels: pd.Series) -> list[str]:
    """The sorted names of the labels that are not missing."""
    return sorted(labels.dropna().unique())


def class_numbers(labels: pd.Series, classes: list[str]) -> np.ndarray:
    """The position of each label in ``classes`` (n,) int64, or UNLABELLED."""
    number = {name: k for k, name in enumerate(classes)}
    return np.array([number.get(name, UNLABELLED) for name in labels], dtype=np.int64)


def seen_labels(
    ids: np.ndarray, numbers: np.ndarray, fraction: float, generator: np.random.Generator
) -> np.ndarray:
    """The class numbers (n,) with all but a fraction of each class hidden as UNLABELLED.

    Each class keeps at least one label unless the fraction is 0. Which ones depends on the ids and
    the generator, not on the order of the rows, and a larger fraction contains a smaller one.
    """
    seen = np.full(len(numbers), UNLABELLED)
    for number in np.unique(numbers[numbers != UNLABELLED]):
        members = np.flatnonzero(numbers == number)
        members = generator.permutation(members[np.argsort(ids[members])])
        kept = max(round(fraction * len(members)), 1) if fraction > 0 else 0
        seen[members[:kept]] = number
    return seen
