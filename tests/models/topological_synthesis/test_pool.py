"""The pool of sections: what one segment does not tell of its bends is taken from longer ones."""

import numpy as np

from morphoflow.forest import single
from morphoflow.models.topological_synthesis.pool import Pool
from morphoflow.neurons.samples.sections import section_table, sections


def test_a_single_step_bends_as_the_next_longer_section_does():
    # A stem of one step, a bent branch of two, and a straight one of two that is longer.
    xyz = [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 2, 0], [0, 3, 0], [0, 9, 0]]
    forest = single("a", np.array(xyz), np.array([-1, 0, 1, 2, 1, 4]))
    pool = Pool.of(section_table(*sections(forest)))
    np.testing.assert_allclose(pool.length, [1, 2, 8])
    np.testing.assert_allclose(pool.turn, np.radians([90, 90, 0]), atol=1e-5)
    np.testing.assert_allclose(pool.contraction, [np.sqrt(2) / 2] * 2 + [1], rtol=1e-5)


def test_where_all_sections_are_single_steps_all_are_straight():
    forest = single(
        "a", np.array([[0, 0, 0], [0, 1, 0], [1, 1, 0], [-1, 1, 0]]), np.array([-1, 0, 1, 1])
    )
    pool = Pool.of(section_table(*sections(forest)))
    assert pool.contraction.tolist() == [1, 1, 1] and not pool.turn.any()
