"""Shuffled labels: the same labels, dealt out anew, so that nothing can be learned from them."""

import numpy as np
import pandas as pd

from morphoflow.shuffle import shuffled_labels


def table(n: int = 300) -> pd.DataFrame:
    labels = [None if k % 10 == 0 else "abc"[k % 3] for k in range(n)]
    return pd.DataFrame({"id": [f"n{k}" for k in range(n)], "label": labels, "group": "g"})


def test_labels_are_kept_as_a_whole_and_lost_one_by_one():
    before, after = table(), shuffled_labels(table(), seed=1)
    assert after["label"].isna().equals(before["label"].isna())
    assert after["label"].value_counts().to_dict() == before["label"].value_counts().to_dict()
    pd.testing.assert_frame_equal(after.drop(columns="label"), before.drop(columns="label"))
    kept = (after["label"] == before["label"])[before["label"].notna()].mean()
    assert abs(kept - 1 / 3) < 0.1, "as many stay by chance as there are classes"


def test_the_deal_depends_on_ids_and_seed_alone():
    order = np.random.default_rng(0).permutation(300)
    mixed = shuffled_labels(table().iloc[order].reset_index(drop=True), seed=1)
    there = shuffled_labels(table(), seed=1).set_index("id")["label"]
    assert (
        mixed.set_index("id")["label"].reindex(there.index).fillna("") == there.fillna("")
    ).all()
    other = shuffled_labels(table(), seed=2).set_index("id")["label"]
    assert not other.equals(there)
