"""Laws of the split: groups whole, labels in proportion, independent of the order of the rows."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.splits import assign_splits

FRACTIONS = {"train": 0.6, "validation": 0.2, "test": 0.2}


def frame(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    group = [f"animal{i // 3}" for i in range(n)]
    label = np.repeat(["a", "b", "c", None], n // 4)
    return pd.DataFrame({"label": label, "group": group}).sample(frac=1, random_state=rng)


def split(table: pd.DataFrame, seed: int = 0) -> pd.Series:
    generator = np.random.default_rng(seed)
    return pd.Series(
        assign_splits(table["label"], table["group"], FRACTIONS, generator), index=table.index
    )


def test_a_group_is_never_torn():
    table = frame()
    assert split(table).groupby(table["group"]).nunique().max() == 1


def test_every_label_keeps_the_fractions():
    table = frame()
    for _, part in split(table).groupby(table["label"].fillna("unknown")):
        assert part.value_counts().to_dict() == {"train": 18, "validation": 6, "test": 6}


def test_the_order_of_rows_does_not_matter_but_the_seed_does():
    table = frame()
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(split(table), split(shuffled).loc[table.index])
    assert not split(table).equals(split(table, seed=1))


@pytest.mark.parametrize("n", [3, 4, 5, 8, 17])
def test_three_objects_are_enough_for_three_splits(n):
    ids = pd.Series([f"n{i}" for i in range(n)])
    parts = split(pd.DataFrame({"label": ["x"] * n, "group": ids}))
    assert set(parts) == set(FRACTIONS) and len(parts) == n
