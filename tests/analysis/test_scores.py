"""The scores contract: columns, uniqueness, and the spread over seeds."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.analysis.scores import (
    COLUMNS,
    check_scores,
    combine_scores,
    score,
    score_table,
    summarise_scores,
)
from morphoflow.errors import InputError


def of_seed(seed, value, model="density"):
    described = {"dataset": "toy", "model": model, "variant": "default", "seed": seed}
    return score_table(described, [score("test", "accuracy", value, 20, value - 0.1, value + 0.1)])


def test_a_table_has_exactly_the_columns_of_the_contract():
    table = of_seed(0, 0.5)
    assert list(table) == [
        *("dataset", "model", "variant", "seed", "split", "score", "value", "low", "high", "n")
    ]
    empty = score_table({"dataset": "toy", "model": "m", "variant": "v", "seed": 0}, [])
    assert list(empty) == list(COLUMNS) and len(empty) == 0
    assert (empty.dtypes == table.dtypes).all()


def test_the_order_of_tables_does_not_matter():
    tables = [of_seed(1, 0.5), of_seed(0, 0.7), of_seed(0, 0.1, "morphometry")]
    pd.testing.assert_frame_equal(combine_scores(tables), combine_scores(tables[::-1]))


def test_the_summary_is_the_spread_over_seeds():
    tables = [of_seed(0, 0.4), of_seed(1, 0.5), of_seed(2, 0.9), of_seed(0, 0.3, "morphometry")]
    tables.append(of_seed(3, np.nan))
    summary = summarise_scores(combine_scores(tables)).set_index("model")
    row = summary.loc["density"]
    assert row["mean"] == pytest.approx(0.6)
    assert row["sd"] == pytest.approx(0.07**0.5)
    assert (row["lowest"], row["highest"], row["seeds"]) == (0.4, 0.9, 3)
    assert np.isnan(summary.loc["morphometry", "sd"])


def test_a_score_twice_other_columns_and_swapped_intervals_are_refused():
    with pytest.raises(InputError, match=r"a score twice .*model density.*leave one"):
        combine_scores([of_seed(0, 0.5), of_seed(0, 0.6)])
    with pytest.raises(InputError, match=r"mine\.parquet has the columns dataset, .*expected are"):
        check_scores(of_seed(0, 0.5).drop(columns="n"), "mine.parquet")
    swapped = of_seed(0, 0.5).rename(columns={"low": "high", "high": "low"})[list(COLUMNS)]
    with pytest.raises(InputError, match=r"interval of 'accuracy' is 0\.6 to 0\.4"):
        check_scores(swapped, "mine.parquet")
