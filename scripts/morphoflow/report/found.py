"""What came into a dataset, and what was found in its files, in sentences."""

import pandas as pd

from morphoflow.figures.style import readable
from morphoflow.tables import SPLITS

NOUNS = {
    "neurons": ("neuron", "neurons"),
    "cells": ("cell", "cells"),
    "organelles": ("organelle", "organelles"),
    "dendrites": ("image of dendrites", "images of dendrites"),
}
MOST_LABELS = 8
MOST_FINDINGS = 12
SEVERITIES = ("refused", "skipped", "repaired", "info")


def counted(n: int, one: str, many: str) -> str:
    """A number with its noun, in the singular or plural."""
    return f"{n:,} {one if n == 1 else many}"


def came_in(objects: pd.DataFrame, modality: str, titles: list[str]) -> str:
    """One sentence: how many objects of which labels, in how many groups, and where from."""
    text = counted(len(objects), *NOUNS[modality])
    if titles:
        text += f" ({'; '.join(titles)})"
    groups = objects["group"].nunique()
    if groups < len(objects):
        text += f", in {counted(groups, 'group', 'groups')} that stay together"
    splits = objects["split"].value_counts().reindex(SPLITS, fill_value=0)
    shares = ", ".join(f"{splits[name]:,} for {name}" for name in SPLITS)
    return f"{text}; {_labels(objects['label'])}. Split: {shares}."


def _labels(labels: pd.Series) -> str:
    counts = labels.dropna().value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if counts.empty:
        return "without labels"
    shown = ", ".join(f"{name} ({n:,})" for name, n in counts[:MOST_LABELS].items())
    more = len(counts) - MOST_LABELS
    shown += f" and {more:,} more" if more > 0 else ""
    missing = int(labels.isna().sum())
    shown += f"; {missing:,} without one" if missing else ""
    return f"{counted(len(counts), 'label', 'labels')}: {shown}"


def found_in(quality: pd.DataFrame, objects: pd.DataFrame) -> list[str]:
    """Sentences on the verdicts of files, on objects left out, and on those that are flagged."""
    verdicts = quality.drop_duplicates("file")["verdict"].value_counts()
    parts = ", ".join(f"{n:,} {readable(verdict)}" for verdict, n in verdicts.items())
    sentences = [f"{counted(quality['file'].nunique(), 'file', 'files')} read: {parts}."]
    if "n_objects" in quality:
        read, kept = int(quality["n_objects_read"].sum()), int(quality["n_objects"].sum())
        sentences.append(f"{read:,} objects in them, of which {kept:,} were kept.")
    for name in objects.select_dtypes(bool):
        flagged = int(objects[name].sum())
        if flagged:
            sentences.append(f"{flagged:,} of {len(objects):,}: {readable(name)}.")
    return sentences


def finding_table(quality: pd.DataFrame) -> list[dict]:
    """The most frequent findings, the worst first: what, how grave, how often, an example."""
    findings = quality[quality["code"] != "verdict"]
    if findings.empty:
        return []
    rows = findings.groupby(["severity", "code"]).agg(
        count=("message", "size"), example=("message", "first")
    )
    rows = rows.reset_index()
    rows["rank"] = [SEVERITIES.index(s) if s in SEVERITIES else 9 for s in rows["severity"]]
    rows = rows.sort_values(["rank", "count", "code"], ascending=[True, False, True])
    return rows.drop(columns="rank").head(MOST_FINDINGS).to_dict("records")
