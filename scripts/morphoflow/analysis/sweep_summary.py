"""All sweeps in one tidy table: a row a score of a member, its mean over seeds and an interval."""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from morphoflow.analysis.scores import KEY
from morphoflow.errors import InputError

MEASURED = (*KEY, "value", "low", "high", "n", "chosen")
LEVEL = 0.95


def summarise_sweeps(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The tables of sweeps (see :func:`morphoflow.analysis.sweep.sweep_table`), by name, as one.

    Columns: sweep, dataset, model, ``settings`` (what the sweep gave the member, as
    ``kappa=500, pooling=max``), split, score, mean, ``low`` and ``high`` (the 95 % interval of the
    mean over seeds by Student's t, missing for one seed), seeds, chosen. Scores that no seed has
    are left out.
    """
    if not tables:
        raise InputError("there is no sweep to summarise; name one in `sweeps` in the config.")
    return pd.concat([_summary(name, table) for name, table in tables.items()], ignore_index=True)


def _summary(name: str, table: pd.DataFrame) -> pd.DataFrame:
    swept = [column for column in table if column not in MEASURED]
    settings = _in_words(table[swept])
    keys = ["dataset", "model", "settings", "split", "score", "chosen"]
    grouped = table.assign(settings=settings).groupby(keys, sort=False)["value"]
    rows = grouped.agg(mean="mean", sd="std", seeds="count").reset_index()
    rows = rows[rows["seeds"] > 0]
    half = student.ppf((1 + LEVEL) / 2, np.maximum(rows["seeds"] - 1, 1))
    half = half * rows["sd"] / np.sqrt(rows["seeds"])
    rows = rows.assign(sweep=name, low=rows["mean"] - half, high=rows["mean"] + half)
    return rows[["sweep", *keys[:-1], "mean", "low", "high", "seeds", "chosen"]]


def _in_words(settings: pd.DataFrame) -> list[str]:
    """The settings of each row as one text."""
    columns = [
        [f"{name}={_word(value)}" for value in settings[name].astype(object)] for name in settings
    ]
    return [", ".join(row) for row in zip(*columns, strict=True)]


def _word(value: object) -> str:
    if value is None or value != value:
        return "none"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
