"""Laws of the forest: what its arrays promise, and that its file gives them back."""

import dataclasses

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.forest import DTYPES, Forest, concatenate
from synthetic_neurons import line, random_binary_tree, small_forest, y_shape

ARRAYS = ("ids", *DTYPES)


def same(a: Forest, b: Forest) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ARRAYS)


def test_factories_give_valid_trees_of_known_size():
    forest = concatenate([line(n=5, step_um=2.0), y_shape(stem=2, left=3, right=4)])
    forest.check()
    assert forest.n_nodes.tolist() == [5, 10]
    np.testing.assert_allclose(forest.cable_length, [8.0, 9.0], rtol=1e-6)
    children = np.bincount(forest.neuron(1).parent[1:], minlength=10)
    assert children.tolist() == [1, 1, 2, 1, 1, 0, 1, 1, 1, 0]
    tree = random_binary_tree(np.random.default_rng(3), n_tips=9, step_um=0.5)
    tree.check()
    assert set(np.bincount(tree.parent[1:], minlength=17)) == {0, 2}
    np.testing.assert_allclose(tree.cable_length, [16 * 0.5], rtol=1e-6)


def test_parent_rows_stay_within_their_neuron():
    forest = small_forest(6)
    rows = forest.parent_row
    inner = rows >= 0
    assert (forest.owner[rows[inner]] == forest.owner[inner]).all()
    assert (~inner).sum() == forest.n


def test_select_is_indexing_and_concatenate_undoes_it():
    forest = small_forest(6)
    order = np.array([4, 0, 4, 2])
    picked = forest.select(order)
    assert picked.ids.tolist() == forest.ids[order].tolist()
    np.testing.assert_allclose(picked.cable_length, forest.cable_length[order], rtol=1e-12)
    assert same(concatenate([forest.neuron(i) for i in range(6)]), forest)
    assert len(forest.select([])) == 0


def test_file_gives_back_equal_arrays_and_equal_bytes(tmp_path):
    forest = small_forest(6)
    for name in ("a", "b"):
        forest.write(tmp_path / f"{name}.zarr", provenance={"settings": {"units": "um"}})
    assert same(Forest.read(tmp_path / "a.zarr"), forest)
    assert sha256(tmp_path / "a.zarr") == sha256(tmp_path / "b.zarr")
    forest.select([1, 0]).write(tmp_path / "c.zarr", provenance={"settings": {"units": "um"}})
    assert sha256(tmp_path / "a.zarr") != sha256(tmp_path / "c.zarr")


def test_reading_something_else_says_so(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.zarr"):
        Forest.read(tmp_path / "nothing.zarr")


@pytest.mark.parametrize(
    ("name", "row", "value", "complaint"),
    [
        ("parent", 3, 4, "before its parent"),
        ("parent", 2, -1, "more than one root"),
        ("parent", 0, 0, "first node"),
        ("xyz", 1, np.nan, "not finite"),
        ("radius", 1, 0.0, "not positive"),
        ("xyz", 0, 1.0, "away from the origin"),
    ],
)
def test_check_names_the_neuron_and_the_broken_law(name, row, value, complaint):
    array = getattr(line(), name).copy()
    array[row] = value
    broken = dataclasses.replace(line(), **{name: array})
    with pytest.raises(InputError, match=f"'line' .*{complaint}"):
        broken.check()


def test_check_refuses_repeated_ids_and_wrong_offsets():
    with pytest.raises(InputError, match="unique"):
        concatenate([line(), line()]).check()
    with pytest.raises(InputError, match="offsets"):
        dataclasses.replace(line(), offsets=np.array([0, 4])).check()
    with pytest.raises(InputError, match="float32"):
        dataclasses.replace(line(), xyz=line().xyz.astype(np.float64)).check()
