"""The split into train, validation and test: fixed once, stratified by label, whole by group."""

import numpy as np
import pandas as pd

from morphoflow.tables import SPLITS


def assign_splits(
    labels: pd.Series,
    groups: pd.Series,
    fractions: dict[str, float],
    generator: np.random.Generator,
) -> np.ndarray:
    """Give every object one of train, validation and test.

    ``labels`` (n,) may be missing and form a stratum of their own then; objects of one group stay
    together, in the stratum of the group's most frequent label. A stratum of at least three groups
    has one in every split whose fraction is not zero. The result (n,) depends on the set of groups
    and labels and not on the order of the rows.
    """
    frame = pd.DataFrame({"group": groups.to_numpy(), "label": labels.fillna("").to_numpy()})
    strata = frame.groupby("group", sort=True)["label"].agg(lambda values: values.mode().iloc[0])
    shares = np.array([fractions[name] for name in SPLITS], dtype=float)
    split_of: dict[str, str] = {}
    for _, stratum in strata.groupby(strata, sort=True):
        members = generator.permutation(stratum.index.to_numpy())
        names = np.repeat(SPLITS, _counts(len(members), shares / shares.sum()))
        split_of.update(zip(members, names, strict=True))
    return frame["group"].map(split_of).to_numpy()


def _counts(n: int, shares: np.ndarray) -> np.ndarray:
    """Largest-remainder counts that sum to ``n``; each wanted split gets one where n allows."""
    ideal = shares * n
    counts = np.floor(ideal).astype(int)
    for index in np.argsort(-(ideal - counts), kind="stable")[: n - counts.sum()]:
        counts[index] += 1
    wanted = np.flatnonzero(shares > 0)
    for index in wanted:
        if counts[index] == 0 and n >= len(wanted):
            counts[np.argmax(counts)] -= 1
            counts[index] += 1
    return counts
