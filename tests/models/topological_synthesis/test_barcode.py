"""Laws of barcodes, and of the trees that are grown from them."""

import numpy as np
import pytest

from morphoflow.models.topological_synthesis.barcode import (
    N_FEATURES,
    choices,
    elder_bars,
    fit_choice,
    grow_stem,
)

NO_CHOICE = np.zeros(N_FEATURES)


def test_the_branch_with_the_farthest_tip_goes_on():
    parent, length = np.array([-1, 0, 0, 1, 1]), np.array([10.0, 5, 20, 3, 9])
    bar, birth, death, host = elder_bars(parent, length)
    assert bar.tolist() == [0, 1, 0, 2, 1]
    assert birth.tolist() == [0, 10, 15]
    assert death.tolist() == [30, 24, 18]
    assert host.tolist() == [-1, 0, 1]


def random_bars(n, seed):
    rng = np.random.default_rng(seed)
    birth = np.sort(rng.uniform(1, 50, n))
    birth[0] = 0
    death = birth + rng.uniform(1, 60, n)
    death[0] = 1 + death.max()
    return birth, death, rng.random(n)


@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_a_tree_has_the_barcode_that_it_was_grown_from(n):
    birth, death, uniform = random_bars(n, n)
    parent, length, heir = grow_stem(birth, death, NO_CHOICE, uniform)
    assert len(parent) == 2 * n - 1 and (length > 0).all()
    assert (parent < np.arange(len(parent))).all()
    assert np.isin(np.bincount(parent[1:], minlength=1), (0, 2)).all()
    bar, births, deaths, _ = elder_bars(parent, length)
    np.testing.assert_allclose(sorted(births), birth)
    np.testing.assert_allclose(sorted(deaths), sorted(death))
    inner = np.flatnonzero(parent >= 0)
    assert (heir[inner] == (bar[inner] == bar[parent[inner]])).all()


def test_bars_of_one_birth_leave_at_one_branch_point():
    birth, death = np.array([0.0, 4, 4, 4]), np.array([20.0, 9, 8, 7])
    parent, length, _ = grow_stem(birth, death, NO_CHOICE, np.full(4, 0.5))
    assert parent.tolist() == [-1, 0, 0, 0, 0]
    assert length.tolist() == [4, 16, 5, 4, 3]


def test_the_weights_of_choices_are_found_again():
    weight, stems = np.array([0.0, 0, 0, -1.0, 0, 0]), []
    for seed in range(150):
        birth, death, uniform = random_bars(25, seed)
        parent, length, _ = grow_stem(birth, death, weight, uniform)
        _, births, deaths, host = elder_bars(parent, length)
        order = np.argsort(births)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        stems.append((births[order], deaths[order], np.where(host < 0, -1, place[host])[order]))
    np.testing.assert_allclose(fit_choice(stems), weight, atol=0.35)


def test_a_choice_does_not_depend_on_the_unit_of_length():
    birth, death, _ = random_bars(12, 3)
    host = np.r_[-1, np.zeros(11, np.int64)]
    longer = choices(1e3 * birth, 1e3 * death, host)
    for small, large in zip(choices(birth, death, host), longer, strict=True):
        np.testing.assert_allclose(small, large)


def test_what_leaves_no_choice_gives_no_weights():
    lone = np.array([0.0]), np.array([5.0]), np.array([-1])
    fork = np.array([0.0, 2]), np.array([5.0, 4]), np.array([-1, 0])
    assert not fit_choice([lone, fork]).any()
    assert len(choices(*fork)[0]) == 0
