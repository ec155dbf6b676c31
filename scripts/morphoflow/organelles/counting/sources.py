"""The tables of several volumes as those of one dataset."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from morphoflow.reading.objects import (
    few_groups,
    labels_without,
    one_class,
    small_classes,
    split_of,
    stop_at,
)
from morphoflow.reading.quality import COUNTS, as_quality, verdict_row

FEWER_GROUPS = "name more sources or smaller groups, or set `split_by` to object"


def joined_id(source: str, number: str) -> str:
    """The id of an object of a dataset that has several sources."""
    return f"{source}:{number}"


def joined_ids(tables: Mapping[str, pd.DataFrame], *columns: str) -> pd.DataFrame:
    """The rows of all tables, whose id ``columns`` name the source, which is a column as well."""
    parts = []
    for name, table in tables.items():
        ids = {c: [joined_id(name, text) for text in table[c]] for c in columns}
        named = table.assign(**{c: np.array(texts, dtype=object) for c, texts in ids.items()})
        named["source"] = name
        parts.append(named)
    return pd.concat(parts, ignore_index=True)


def joined_objects(
    tables: Mapping[str, pd.DataFrame], settings: dict
) -> tuple[pd.DataFrame, list[dict]]:
    """The objects of all sources, split anew, and what is to be said of the dataset as a whole.

    ``split_by`` "source" lets those of a source share a split. Otherwise a group that was named by
    a table is that of all sources, and an object without one is its own. Classes and groups that
    are too few for the splits raise InputError or, if ``on_bad_input`` is "skip", are listed.
    """
    objects = joined_ids(tables, "id")
    own = objects["group"] == pd.concat([t["id"] for t in tables.values()], ignore_index=True)
    group = objects["group"].where(~own, objects["id"])
    if settings["split_by"] == "source":
        group = objects["source"]
    rare = small_classes(objects["label"], objects="objects", more="")
    faults = [*rare.values(), *few_groups(group, settings["split"], FEWER_GROUPS)]
    stop_at(faults, settings["on_bad_input"])
    label = labels_without(objects["label"], rare)
    split = split_of(label, group, settings["split"])
    return objects.assign(label=label, group=group, split=split), [*faults, *one_class(label)]


def joined_shapes(tables: Mapping[str, pd.DataFrame], objects: pd.DataFrame) -> pd.DataFrame:
    """The shapes of all sources, with label, group and split of the joined ``objects``."""
    shapes = joined_ids(tables, "id").set_index("id").loc[objects["id"]].reset_index()
    known = ["source", "label", "group", "split"]
    return shapes.assign(**{name: objects[name].to_numpy() for name in known})


def joined_quality(
    tables: Mapping[str, pd.DataFrame], listed: list[dict], objects: int
) -> pd.DataFrame:
    """The findings of all sources, whose files are named after them, and those of the whole."""
    parts = [
        table.assign(
            file=[f"{name}/{file}" for file in table["file"]],
            id=[joined_id(name, text) if text else text for text in table["id"]],
        )
        for name, table in tables.items()
    ]
    rows = [{**row, "file": row["file"] or "all sources", "verdict": "ok"} for row in listed]
    if rows:
        counts = dict(zip(COUNTS, (objects, objects), strict=True))
        whole = [verdict_row("all sources", "ok", len(rows), counts), *rows]
        parts.append(as_quality(whole, COUNTS))
    return pd.concat(parts, ignore_index=True)
