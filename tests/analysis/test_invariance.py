"""How far turns move an embedding: known answers, and too few objects."""

import numpy as np
import pytest
import torch

from morphoflow.analysis.invariance import COLUMNS, invariance_scores, invariance_table
from morphoflow.tables import REASON


def mean(x: torch.Tensor) -> np.ndarray:
    """An embedding that no quarter turn or flip can change."""
    return x.flatten(1).mean(dim=1, keepdim=True).numpy()


def corner(x: torch.Tensor) -> np.ndarray:
    """An embedding by one corner, which turns replace by another."""
    return x[:, 0, :1, 0].numpy()


def test_what_turns_cannot_change_moves_nothing_and_a_corner_moves():
    x = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    ids = np.array([f"o{i}" for i in range(6)])
    still, moved = (invariance_table(ids, x, embed) for embed in (mean, corner))
    assert list(still) == list(moved) == list(COLUMNS)
    scores = [
        {row["score"]: row["value"] for row in invariance_scores(table)} for table in (still, moved)
    ]
    assert scores[0]["invariance_shift_exact"] < 0.01 < 1 < scores[1]["invariance_shift_exact"]
    assert scores[1]["invariance_itself_first"] < 1


@pytest.mark.parametrize("n", [0, 1])
def test_turns_of_fewer_than_two_objects_say_why(n):
    table = invariance_table(np.arange(n), torch.zeros(n, 1, 8, 8), mean)
    assert table.empty and list(table) == list(COLUMNS) and f"there are {n}" in table.attrs[REASON]
    assert invariance_scores(table) == []
