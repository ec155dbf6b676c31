"""Object tables: labels, classes and groups that do not fit, and the split of the objects."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from morphoflow.errors import InputError
from morphoflow.reading.quality import fault, note
from morphoflow.splits import assign_splits
from morphoflow.tables import SPLITS


def stop_at(faults: list[dict], on_bad_input: str) -> None:
    """Raise InputError with the first of the ``faults``, if bad input is to stop the run."""
    if faults and on_bad_input == "stop":
        raise InputError(
            f"{faults[0]['message']}, or set on_bad_input to skip ({len(faults)} such findings)."
        )


def stray_labels(
    tables: list[pd.DataFrame], known: Collection, absent: str = "there is no object '{}'"
) -> list[dict]:
    """A fault for each line of label ``tables`` (id, file, line) whose object is not ``known``."""
    return [
        fault(
            "stray_label",
            f"{row.file}, line {row.line}: {absent.format(row.id)}; correct the id or remove the "
            f"line",
            id=str(row.id),
            file=row.file,
            line=row.line,
            value=str(row.id),
        )
        for table in tables
        for row in table[~table["id"].isin(known)].itertuples()
    ]


def small_classes(
    labels: pd.Series,
    named: Collection[str] = (),
    objects: str = "usable objects",
    more: str = "add objects, ",
) -> dict[str, dict]:
    """Classes that cannot have an object in each split, with the fault for each.

    Classes that are ``named`` count even where no object has them. ``objects`` says what is
    counted, and ``more`` how there could be more of it.
    """
    sizes = labels.value_counts()
    counts = {label: int(sizes.get(label, 0)) for label in sorted({*sizes.index, *named})}
    return {
        label: fault(
            "small_class",
            f"the class '{label}' has {n} {objects}, but {len(SPLITS)} are needed for one in each "
            f"split; {more}merge the class with another or leave its label empty",
            value=label,
        )
        for label, n in counts.items()
        if n < len(SPLITS)
    }


def few_groups(
    groups: pd.Series, split: dict, remedy: str, form: str = "the objects form {} group(s)"
) -> list[dict]:
    """A fault if there are too few groups for the splits that are wanted."""
    wanted, n = sum(split[name] > 0 for name in SPLITS), groups.nunique()
    if n >= wanted:
        return []
    message = (
        f"{form.format(n)}, such as '{groups.iloc[0]}', which cannot be spread over {wanted} "
        f"splits; {remedy}"
    )
    return [fault("few_groups", message, value=str(n))]


def one_class(labels: pd.Series) -> list[dict]:
    """A note if all labels are the same."""
    names = labels.dropna().unique()
    if len(names) != 1:
        return []
    message = f"all labels are '{names[0]}', so there is nothing to tell apart"
    return [note("one_class", message, value=names[0])]


def joined(names: pd.Series, *partitions: Sequence) -> np.ndarray:
    """The groups (n,) of rows that share a name or a value of any of the ``partitions`` (n,) each.

    A group has the first of its names in the order of the alphabet.
    """
    n = len(names)
    code, in_order = pd.factorize(names, sort=True)
    codes = [code, *(pd.factorize(np.asarray(part))[0] for part in partitions)]
    starts = n + np.cumsum([0, *(code.max() + 1 for code in codes)])
    ends = np.concatenate([code + start for code, start in zip(codes, starts, strict=False)])
    edges = (np.ones(len(ends)), (np.tile(np.arange(n), len(codes)), ends))
    graph = coo_array(edges, shape=(starts[-1], starts[-1]))
    _, component = connected_components(graph, directed=False)
    first = pd.Series(code).groupby(component[:n]).transform("min")
    return np.asarray(in_order)[first]


def labels_without(labels: pd.Series, classes: Collection[str]) -> pd.Series:
    """The labels as objects; None where there is none, and for those of the ``classes``."""
    kept = labels.astype(object).where(~labels.isin(list(classes)), None)
    return kept.where(kept.notna(), None)


def split_of(labels: pd.Series, groups: pd.Series, split: dict) -> np.ndarray:
    """The split (n,) of each object, by the fractions and the seed that ``split`` holds."""
    fractions = {name: split[name] for name in SPLITS}
    return assign_splits(labels, groups, fractions, np.random.default_rng(split["seed"]))
