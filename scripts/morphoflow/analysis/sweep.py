"""Which settings of a sweep are best: chosen on validation, reported on the test split."""

import json

import pandas as pd

from morphoflow.errors import InputError

LOSS = "loss"


def sweep_table(scores: pd.DataFrame, settings: dict[str, dict], choose_by: str) -> pd.DataFrame:
    """The scores of a sweep with the settings of each row, and which member was chosen.

    Parameters
    ----------
    scores
        The score tables of all members together, see :mod:`morphoflow.analysis.scores`.
    settings
        For each variant the values that the sweep gave its settings.
    choose_by
        Name of a score of the validation split. Of each dataset the variant is chosen whose mean
        over the seeds is largest, or smallest if it is ``loss``; of equal ones the first.

    Returns
    -------
    The scores with a column for each swept setting (a list or other value that is no plain number
    or text as JSON) and the column ``chosen``.
    """
    names = list(dict.fromkeys(name for values in settings.values() for name in values))
    table = scores.copy()
    for name in names:
        table[name] = [_plain(settings[variant].get(name)) for variant in table["variant"]]
    best = _best(scores, list(settings), choose_by)
    pairs = zip(table["dataset"], table["variant"], strict=True)
    table["chosen"] = [best[dataset] == variant for dataset, variant in pairs]
    return table


def loss_scores(histories: dict[tuple, pd.DataFrame]) -> pd.DataFrame:
    """The validation loss of the best epoch of each run (dataset, model, variant, seed)."""
    rows = [
        dict(zip(("dataset", "model", "variant", "seed"), run, strict=True))
        | {"split": "validation", "score": LOSS, "value": _best_loss(history)}
        for run, history in histories.items()
    ]
    return pd.DataFrame(rows)


def _best_loss(history: pd.DataFrame) -> float:
    return float(history["validation_loss"].min()) if len(history) else float("nan")


def _best(scores: pd.DataFrame, order: list[str], choose_by: str) -> dict[str, str]:
    rows = scores[(scores["split"] == "validation") & (scores["score"] == choose_by)]
    if rows["value"].isna().all():
        known = sorted(set(scores.loc[scores["split"] == "validation", "score"]))
        raise InputError(
            f"no member of the sweep has the score '{choose_by}' on its validation split; "
            f"set `choose_by` to one of {', '.join(known)}."
        )
    means = rows.groupby(["dataset", "variant"])["value"].mean()
    sign = -1 if choose_by == LOSS else 1
    return {
        dataset: (sign * part.droplevel(0).reindex(order)).idxmax()
        for dataset, part in means.groupby(level=0)
    }


def _plain(value: object) -> object:
    return value if isinstance(value, (int, float, str)) or value is None else json.dumps(value)
