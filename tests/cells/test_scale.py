"""Size joined to an embedding: where it lies, how wide it is, when it cannot be."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.cells.reading.scale import join_scale
from morphoflow.errors import InputError


def cells(n=200, seed=0):
    rng = np.random.default_rng(seed)
    split = np.where(np.arange(n) % 4 == 0, "test", "train")
    table = pd.DataFrame({"crop_scale": np.exp(rng.normal(size=n)), "split": split})
    return rng.normal(size=(n, 3)) * [5, 2, 1], table


def test_size_is_as_wide_as_the_widest_axis_of_shape_and_centred():
    x, table = cells()
    joined = join_scale(x, table)
    train = (table["split"] == "train").to_numpy()
    np.testing.assert_array_equal(joined[:, :3], x.astype(np.float32))
    widest = np.sqrt(np.linalg.eigvalsh(np.cov(x[train].T, bias=True))[-1])
    assert joined[train, 3].std() == pytest.approx(widest, rel=1e-5)
    assert joined[train, 3].mean() == pytest.approx(0, abs=1e-5)


def test_twice_the_size_is_one_step_whatever_the_size():
    x, table = cells()
    table.loc[0:2, "crop_scale"] = [1.0, 2.0, 4.0]
    size = join_scale(x, table)[:3, 3]
    assert size[1] - size[0] == pytest.approx(size[2] - size[1], rel=1e-4)


@pytest.mark.parametrize("change", [{"crop_scale": 1.0}, None])
def test_without_sizes_there_is_nothing_to_join(change):
    x, table = cells()
    table = table.assign(**change) if change else table.drop(columns="crop_scale")
    with pytest.raises(InputError, match="join_scale"):
        join_scale(x, table)
