"""Combined embeddings: weights act on squared distances, whatever the sets' size and scale."""

import anndata
import numpy as np
import pandas as pd
import pytest

from morphoflow.analysis.combination import combine, without_batches
from morphoflow.analysis.mixing import mixing
from morphoflow.errors import InputError


@pytest.fixture
def sets():
    generator = np.random.default_rng(0)
    return [embedding(generator.normal(size=(20, d)) * scale) for d, scale in ((3, 1), (50, 1e3))]


def embedding(x: np.ndarray, first: int = 0) -> anndata.AnnData:
    ids = [f"o{i}" for i in range(first, first + len(x))]
    split = ["train"] * (len(x) - 4) + ["test"] * 4
    return anndata.AnnData(
        x.astype(np.float32), obs=pd.DataFrame({"split": split, "label_seen": False}, index=ids)
    )


def total_variance(x: np.ndarray) -> float:
    return float(x[:16].var(axis=0).sum())


def test_each_set_has_the_variance_of_its_weight_in_the_training_split(sets):
    x, _ = combine(sets, [3.0, 0.5])
    assert total_variance(x[:, :3]) == pytest.approx(3, rel=1e-5)
    assert total_variance(x[:, 3:]) == pytest.approx(0.5, rel=1e-5)


def test_neither_offset_nor_unit_of_a_set_matters(sets):
    x, _ = combine(sets, [1, 1])
    moved = [sets[0], embedding(np.asarray(sets[1].X) * 7 + 5)]
    np.testing.assert_allclose(combine(moved, [1, 1])[0], x, atol=1e-4)


def test_rows_are_joined_by_id_and_not_by_place(sets):
    x, objects = combine(sets, [1, 2])
    shuffled, again = combine([sets[0], sets[1][::-1]], [1, 2])
    np.testing.assert_array_equal(x, shuffled)
    assert objects["id"].tolist() == again["id"].tolist() == [f"o{i}" for i in range(20)]


def test_sets_of_other_objects_are_refused(sets):
    other = embedding(np.asarray(sets[1].X), first=1)
    with pytest.raises(InputError, match="'o0'"):
        combine([sets[0], other], [1, 1])


def test_a_set_that_tells_nothing_is_refused(sets):
    with pytest.raises(InputError, match="embedding 2 is the same"):
        combine([sets[0], embedding(np.ones((20, 4)))], [1, 1])


def batches_apart(n: int = 240) -> tuple[np.ndarray, pd.DataFrame]:
    """Three kinds of objects in two batches, of which the second lies elsewhere."""
    generator, kind, batch = np.random.default_rng(1), np.arange(n) % 3, np.arange(n) // 3 % 2
    x = 6 * np.eye(5)[kind] + 3 * batch[:, None] * np.eye(5)[4] + generator.normal(size=(n, 5))
    ids = [f"o{i}" for i in range(n)]
    return x - x.mean(axis=0), pd.DataFrame({"id": ids, "kind": kind, "plate": batch})


def test_batches_are_mixed_and_kinds_stay_apart():
    pytest.importorskip("harmonypy")
    x, objects = batches_apart()
    found = without_batches(x, objects, "plate", 0)
    plates = [mixing(each, objects["plate"], objects["kind"])["same_batch"] for each in (x, found)]
    kinds = mixing(found, objects["kind"], objects["plate"])["same_batch"]
    assert plates[0] > 0.7 and plates[1] < 0.55 and kinds > 0.95
    np.testing.assert_array_equal(found, without_batches(x, objects, "plate", 0))


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("day", None, "`correct_for` is 'day', but the objects have id, kind, plate"),
        ("plate", [None] * 2 + ["a"] * 238, r"'o0' has no value of 'plate'.*2 of 240"),
        ("plate", ["a"] * 240, "the same value of 'plate'"),
    ],
)
def test_batches_that_are_not_known_or_are_one_are_refused(column, values, said):
    x, objects = batches_apart()
    if values:
        objects["plate"] = values
    with pytest.raises(InputError, match=said):
        without_batches(x, objects, column, 0)
