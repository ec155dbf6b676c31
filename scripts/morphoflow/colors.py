"""Colours of labels and of clusters, the same in figures, tables and viewers."""

import re
from collections.abc import Iterable

import pandas as pd

from morphoflow.tables import NOISE

UNKNOWN = "unknown"

# Okabe and Ito's colours, told apart with any colour vision, then further ones that differ from
# their neighbours in lightness.
LABEL_COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#332288",
    "#B8AD1F",
    "#882255",
    "#44AA99",
    "#661100",
    "#AA4499",
    "#117733",
    "#DDAA77",
    "#000000",
    "#6A7FDB",
)
# Other colours than those of labels, since a cluster's number has nothing to do with a label.
CLUSTER_COLORS = (
    "#4E3B8B",
    "#F28E2B",
    "#1B9E9E",
    "#E15759",
    "#8CB84A",
    "#B07AA1",
    "#9C755F",
    "#2F6B3A",
    "#F4B6C2",
    "#3B8BC4",
    "#C9A227",
    "#7A1F3D",
    "#86BCB6",
    "#5A5A5A",
)
GREY = "#9A9A9A"
LIGHT_GREY = "#CFCFCF"
DARK = "#333333"


def cluster_color(number: int) -> str:
    """The colour of a cluster by its number, grey for noise; beyond 14, colours repeat."""
    return GREY if number == NOISE else CLUSTER_COLORS[number % len(CLUSTER_COLORS)]


def known_labels(labels: Iterable) -> list[str]:
    """The labels as strings, with UNKNOWN for missing ones."""
    return [UNKNOWN if pd.isna(label) else str(label) for label in labels]


def sorted_labels(labels: Iterable) -> list[str]:
    """The distinct labels by name (``type2`` before ``type10``), UNKNOWN last."""
    return sorted(set(known_labels(labels)), key=_place)


def _place(label: str) -> tuple:
    # Splitting at digits puts text and numbers in turn, so that like is compared with like.
    parts = [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", label)]
    return label == UNKNOWN, parts, label


def label_colors(labels: Iterable) -> dict[str, str]:
    """A colour for each distinct label, by rank of its name; grey for UNKNOWN.

    The same set of labels has the same colours in every figure; beyond 16, colours repeat.
    """
    names = [label for label in sorted_labels(labels) if label != UNKNOWN]
    colors = {name: LABEL_COLORS[i % len(LABEL_COLORS)] for i, name in enumerate(names)}
    return {**colors, UNKNOWN: GREY}
