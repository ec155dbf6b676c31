"""The scores contract: one tidy table for every number that a run is judged by."""

import numpy as np
import pandas as pd

from morphoflow.errors import InputError

RUN = ("dataset", "model", "variant", "seed")
KEY = (*RUN, "split", "score")
COLUMNS = (*KEY, "value", "low", "high", "n")
KINDS = {
    **dict.fromkeys(("dataset", "model", "variant", "split", "score"), "object"),
    **dict.fromkeys(("value", "low", "high"), "float64"),
    **dict.fromkeys(("seed", "n"), "int64"),
}


def score(
    split: str, name: str, value: float, n: int, low: float = np.nan, high: float = np.nan
) -> dict:
    """One score: its value over ``n`` objects of ``split`` and its 95 % interval, if it has one."""
    return {"split": split, "score": name, "value": value, "low": low, "high": high, "n": n}


def score_table(run: dict, rows: list[dict]) -> pd.DataFrame:
    """Rows of :func:`score` with the run (dataset, model, variant, seed) that they belong to."""
    table = pd.DataFrame([{**run, **row} for row in rows], columns=list(COLUMNS)).astype(KINDS)
    check_scores(table, "the score table")
    return table


def check_scores(table: pd.DataFrame, name: str) -> None:
    """Raise InputError unless ``table`` has the contract's columns and one row a score."""
    if tuple(table.columns) != COLUMNS:
        raise InputError(
            f"{name} has the columns {', '.join(table.columns)}; expected are {', '.join(COLUMNS)}."
        )
    twice = table[table.duplicated(list(KEY))]
    if len(twice):
        row = ", ".join(f"{key} {twice.iloc[0][key]}" for key in KEY)
        raise InputError(f"{name} holds a score twice ({row}); leave one of its sources out.")
    if (table["low"] > table["high"]).any():
        row = table[table["low"] > table["high"]].iloc[0]
        raise InputError(
            f"{name}: the interval of '{row['score']}' is {row['low']} to {row['high']}; "
            f"its ends are swapped, compute the score anew."
        )


def combine_scores(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Several score tables as one, sorted, so that their order does not matter."""
    table = pd.concat(tables, ignore_index=True)[list(COLUMNS)].astype(KINDS)
    check_scores(table, "the combined score table")
    return table.sort_values(list(KEY), ignore_index=True)


def summarise_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Each score over the seeds of a model and variant: mean, sd, lowest, highest, seeds.

    ``sd`` is the standard deviation of a sample; it is missing for one seed. Missing values are
    left out; ``seeds`` counts the others.
    """
    keys = [key for key in KEY if key != "seed"]
    grouped = table.groupby(keys, sort=True)["value"]
    named = {"mean": "mean", "sd": "std", "lowest": "min", "highest": "max", "seeds": "count"}
    return grouped.agg(**named).reset_index()
