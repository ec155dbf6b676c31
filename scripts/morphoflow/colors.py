"""Colours of labels and of clusters, the same in figures, tables and viewers."""

from morphoflow.tables import NOISE

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
