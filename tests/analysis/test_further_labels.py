"""Further labels of the same objects are scored beside the label, and change nothing of its own."""

import numpy as np
import pandas as pd

from morphoflow.analysis import tables
from morphoflow.embedding import make_embedding
from synthetic_embeddings import splits

SETTINGS = {"folds": 2, "repeats": 1, "most_objects": 100, "bootstraps": 20}


def data(n=24, **further):
    rng = np.random.default_rng(0)
    label = np.array(["a", "b"])[np.arange(n) % 2]
    x = rng.normal(size=(n, 3)) + 4 * (label == "a")[:, None]
    ids = [f"o{k}" for k in range(n)]
    columns = {"id": ids, "label": label, "group": ids, "split": splits(n, 3)}
    return make_embedding(x, pd.DataFrame({**columns, **further}), {})


def cross_validation(of, settings, seed):
    features = np.random.default_rng(1).normal(size=(of.n_obs, 2))
    return tables.cross_validation(of, features, settings, seed)


def by_name(rows):
    return {row["score"]: row for row in rows if row["split"] == "cross_validation"}


def test_each_further_label_has_the_scores_that_it_would_have_as_the_label():
    layer = np.array(["5", "6"])[np.arange(24) // 2 % 2]
    plain = cross_validation(data(), SETTINGS, 0)
    table, rows = cross_validation(data(label_by_layer=layer), SETTINGS, 0)
    pd.testing.assert_frame_equal(table, plain[0])
    both = by_name(rows)
    own = by_name(cross_validation(data(label=layer), SETTINGS, 0)[1])
    assert own.keys() == by_name(plain[1]).keys()
    for name, row in own.items():
        further = both[f"label_by_layer_{name}"]
        np.testing.assert_equal({**further, "score": name}, row)
        np.testing.assert_equal(both[name], by_name(plain[1])[name])
    assert (
        both["logistic_accuracy"]["value"] > 0.9 > both["label_by_layer_logistic_accuracy"]["value"]
    )
