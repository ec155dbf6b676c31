"""In which measures, and in which clusters, groups of objects differ: wild type and mutant."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from morphoflow.analysis.permuting import Design, design_of, effects, p_values
from morphoflow.analysis.significance import corrected
from morphoflow.errors import CannotAnalyse, InputError
from morphoflow.tables import OBJECT_COLUMNS, without

FEATURE, CLUSTER = "feature", "cluster"
COLUMNS = (
    *("group", "reference", "kind", "model", "variant", "name", "value", "value_of_reference"),
    *("effect", "low", "high", "p_value", "corrected_p_value", "n", "n_of_reference"),
    *("units", "units_of_reference", "crossed", "least_p_value"),
)


@dataclass(frozen=True)
class Named:
    """Values (n, d) of n objects, and ``names`` with a row for each: kind, model, variant, name.

    A ``feature`` has neither model nor variant; a ``cluster`` is 1 for its members and 0 else.
    ``rows`` (n,) bool are the objects that may be compared by them.
    """

    values: np.ndarray
    names: pd.DataFrame
    rows: np.ndarray


def feature_values(values: np.ndarray, names: list[str]) -> Named:
    """Measures (n, d) under their names."""
    described = {"kind": FEATURE, "model": "", "variant": "", "name": names}
    return Named(np.asarray(values, float), pd.DataFrame(described), np.ones(len(values), bool))


def cluster_values(clusters: np.ndarray, model: str, variant: str, seen: np.ndarray) -> Named:
    """Which object is in which of the ``clusters`` (n,), texts.

    Objects whose label the model saw (``seen``, (n,) bool) lie where their label puts them, which
    would make any two groups differ that have to do with it: they are not compared.
    """
    names = np.unique(clusters.astype(str))
    described = {"kind": CLUSTER, "model": model, "variant": variant, "name": names}
    return Named((clusters[:, None] == names).astype(float), pd.DataFrame(described), ~seen)


def compare_groups(
    named: list[Named],
    objects: pd.DataFrame,
    *,
    column: str,
    unit: str,
    within: str | None,
    reference: str | None,
    permutations: int,
    bootstraps: int,
    seed: int = 0,
) -> pd.DataFrame:
    """One row for each value of a ``column`` of ``objects`` (n rows) and each of the named values.

    Has the columns COLUMNS; none of the rows, and the reason, where the objects have no two values.

    Each value is compared with ``reference``, or without one with all others; of two, the second of
    the alphabet with the first. Where a value, or its reference, has none of the objects that may
    be compared by a part of the named values, there is no row. ``unit`` is the column of what was
    treated as a whole, ``within`` one of batches. ``effect`` is Cliff's delta, with ``low`` and
    ``high``; ``value`` and ``value_of_reference`` are medians of features and shares of clusters;
    ``corrected_p_value`` allows for all rows of the kind; ``least_p_value`` is the smallest that
    the design can give. See :mod:`morphoflow.analysis.permuting`.
    """
    try:
        _check(objects, column, unit, within, reference)
    except CannotAnalyse as reason:
        return without(COLUMNS, reason)
    texts = objects[column].astype(object)
    tables = []
    for value, other, rows, treated in _contrasts(texts, reference):
        for part in _together(named):
            kept = part.rows[rows]
            if len(np.unique(treated[kept])) < 2:
                continue
            chosen = objects.iloc[rows[kept]]
            batches = None if within is None else chosen[within].astype(str).to_numpy()
            design = design_of(treated[kept], chosen[unit].astype(str).to_numpy(), batches)
            _check_batches(design, unit, within)
            values = part.values[rows[kept]]
            table = _compared(values, part.names, design, permutations, bootstraps, seed)
            table.insert(0, "group", value)
            table.insert(1, "reference", other)
            tables.append(table)
    found = pd.concat(tables, ignore_index=True)
    place = found.columns.get_loc("p_value") + 1
    by_kind = found.groupby("kind")["p_value"]
    found.insert(place, "corrected_p_value", by_kind.transform(lambda p: corrected(p.to_numpy())))
    return found


def _together(named: list[Named]) -> list[Named]:
    """The named values in as few parts as there are sets of objects that may be compared."""
    by_rows: dict[bytes, list[Named]] = {}
    for part in named:
        by_rows.setdefault(part.rows.tobytes(), []).append(part)
    return [
        Named(
            np.concatenate([part.values for part in parts], axis=1),
            pd.concat([part.names for part in parts], ignore_index=True),
            parts[0].rows,
        )
        for parts in by_rows.values()
    ]


def _contrasts(
    texts: pd.Series, reference: str | None
) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Each comparison: the value, what it is compared with, the rows, and which have the value."""
    known = texts.notna().to_numpy()
    present = sorted(set(texts[known].astype(str)))
    if reference is None and len(present) == 2:
        reference = present[0]
    named = texts.astype(str).to_numpy()
    for value in present:
        if value == reference:
            continue
        rows = known if reference is None else np.isin(named, (value, reference)) & known
        rows = np.flatnonzero(rows)
        yield value, reference or "others", rows, named[rows] == value


def _compared(
    values: np.ndarray,
    names: pd.DataFrame,
    design: Design,
    permutations: int,
    bootstraps: int,
    seed: int,
) -> pd.DataFrame:
    table = names.copy()
    for title, rows in (("value", design.treated), ("value_of_reference", ~design.treated)):
        medians = np.ma.median(np.ma.masked_invalid(values[rows]), axis=0).filled(np.nan)
        is_share = (names["kind"] == CLUSTER).to_numpy()
        table[title] = np.where(is_share, values[rows].mean(axis=0), medians)
    table["effect"], table["low"], table["high"] = effects(values, design, bootstraps, seed)
    p = p_values(values, design, permutations, seed)
    # What never differs was no test, and counts as none in the correction.
    table["p_value"] = np.where(_vary(values), p, np.nan)
    units, others = design.sizes
    facts = {"n": design.treated.sum(), "n_of_reference": (~design.treated).sum()}
    facts |= {"units": units, "units_of_reference": others, "crossed": design.crossed}
    return table.assign(**facts, least_p_value=design.least_p)


def _vary(values: np.ndarray) -> np.ndarray:
    """Whether each column (d,) has two values that are known and differ."""
    masked = np.ma.masked_invalid(values)
    return (masked.max(axis=0) > masked.min(axis=0)).filled(False)


def _check(
    objects: pd.DataFrame, column: str, unit: str, within: str | None, reference: str | None
) -> None:
    for name in filter(None, (column, unit, within)):
        # Of the columns that every object table has, one of nothing is left out of an AnnData.
        if name == column and name not in objects and name in OBJECT_COLUMNS:
            raise CannotAnalyse(f"the objects have no {name}, by which they could be compared")
        if name not in objects:
            known = ", ".join(map(str, objects))
            raise InputError(
                f"compare: objects have no column '{name}' (they have: {known}); name one of "
                f"these, or a `table` with the columns id and {name}."
            )
    values = sorted(set(objects[column].dropna().astype(str)))
    if len(values) < 2:
        has = f"'{values[0]}' alone" if values else "nothing"
        raise CannotAnalyse(
            f"the objects have {has} in the column '{column}', and two groups are needed to "
            f"compare; name another column in `compare`"
        )
    if reference is not None and reference not in values:
        raise InputError(
            f"compare: the column '{column}' has no '{reference}' (it has: {', '.join(values)}); "
            f"name one of these as `reference`."
        )
    for name in filter(None, (unit, within)):
        missing = objects.index[objects[name].isna() & objects[column].notna()]
        if len(missing):
            raise InputError(
                f"compare: '{missing[0]}' has nothing in the column '{name}'; fill it in, or leave "
                f"its '{column}' empty."
            )


def _check_batches(design: Design, unit: str, within: str | None) -> None:
    pairs = np.unique(np.stack([design.units, design.strata]), axis=1)
    if len(pairs.T) > design.units.max() + 1:
        raise InputError(
            f"compare: objects of one '{unit}' have several values of '{within}', so that it "
            f"cannot be exchanged within one; name a smaller `unit`, such as the well or the slice."
        )
