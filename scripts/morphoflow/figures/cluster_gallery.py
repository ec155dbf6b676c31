"""Members of each cluster: nearest to its centre, of all distances, and within one sd."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from morphoflow.colors import UNKNOWN, cluster_color, known_labels, label_colors
from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import Crops, spaced
from morphoflow.figures.keys import channel_key, channel_key_height
from morphoflow.figures.montage import Tiles, clipped, heading, in_lines
from morphoflow.figures.style import in_style, readable, remark
from morphoflow.tables import NOISE

WIDTH, MARGIN, NAMES, GAP, APART = 7.2, 0.1, 1.2, 0.03, 0.12  # inches
TITLE, ABOVE, BETWEEN, REST = 0.28, 0.18, 0.1, 0.2  # inches
CHOICES = ("closest", "uniform", "within_sd")
WORDS = ("closest to the centre", "evenly by distance", "evenly within one sd")
# The pictures of a choice stand in lines of four: two lines, or one where clusters are many.
COLUMNS, LINES, FEW, MOST = 4, 2, 8, 20
SIDE = (WIDTH - 2 * MARGIN - NAMES - 2 * APART) / (len(CHOICES) * COLUMNS) - GAP


@dataclass(frozen=True)
class Members:
    """A cluster's ``number`` and ``size``, and the rows drawn of it for each choice."""

    number: int
    size: int
    rows: dict[str, np.ndarray]


def choose_members(x: np.ndarray, clusters: np.ndarray, most: int) -> list[Members]:
    """At most ``most`` members for each choice of every cluster but noise, largest cluster first.

    ``x`` (n, d) is the embedding, ``clusters`` (n,) the number of each object's cluster. Members
    are ranked by their distance to the mean of their cluster, ties by row. ``closest`` are the
    first; ``uniform`` are spaced evenly over all ranks, ``within_sd`` over those at most the root
    mean square of the distances away.
    """
    numbers, sizes = np.unique(clusters[clusters != NOISE], return_counts=True)
    order = np.lexsort((numbers, -sizes))
    chosen = []
    for number, size in zip(numbers[order].tolist(), sizes[order].tolist(), strict=True):
        members = np.flatnonzero(clusters == number)
        points = x[members].astype(np.float64)
        distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
        ranked = members[np.argsort(distance, kind="stable")]
        # Rounding must not leave a cluster of equal distances without any member.
        inner = np.count_nonzero(distance <= np.sqrt((distance**2).mean()) * (1 + 1e-9))
        rows = {
            "closest": ranked[:most],
            "uniform": ranked[spaced(size, most)],
            "within_sd": ranked[spaced(inner, most)],
        }
        chosen.append(Members(number, size, rows))
    return chosen


def majority(labels: list) -> tuple[str, float] | None:
    """The most frequent known label (the first by name in a tie) and its share of the known."""
    known = [label for label in known_labels(labels) if label != UNKNOWN]
    if not known:
        return None
    names, counts = np.unique(known, return_counts=True)
    return str(names[counts.argmax()]), float(counts.max() / len(known))


@in_style
def plot_cluster_gallery(
    crops: Crops, x: np.ndarray, clusters: np.ndarray, labels: list, method: str
) -> Figure:
    """A row for each of up to 20 clusters of the objects (n,) of ``crops``, largest first."""
    _, sizes = np.unique(clusters[clusters != NOISE], return_counts=True)
    lines = LINES if len(sizes) <= FEW and sizes.max(initial=0) > COLUMNS else 1
    members = choose_members(x, clusters, lines * COLUMNS)[:MOST]
    h, w = crops.x.shape[2:]
    tall = lines * (SIDE * h / w + GAP) + BETWEEN
    start = MARGIN + channel_key_height(crops.channels)
    top = start + TITLE + ABOVE
    figure = Figure(figsize=(WIDTH, top + len(members) * tall + REST + MARGIN))
    if not members:
        remark(figure.subplots(), f"{readable(method)} found no clusters: all objects are noise")
        return figure
    heading(figure, f"{readable(method)}, {len(sizes)} clusters", MARGIN, start)
    channel_key(figure, crops.channels, MARGIN)
    pictures = _pictures(crops, members)
    for i, cluster in enumerate(members):
        drawn = _draw_cluster(figure, pictures[i], top + i * tall)
        _name(drawn[0], cluster, clusters, labels)
        if i == 0:
            for tiles, words in zip(drawn, WORDS, strict=True):
                tiles.axes.set_title(words, fontsize=7.5, pad=3)
    _note_rest(figure, len(sizes) - len(members), int((clusters == NOISE).sum()))
    return figure


def _draw_cluster(figure: Figure, pictures: dict[str, np.ndarray], top: float) -> list[Tiles]:
    """The pictures of a cluster's choices side by side, ``top`` inches below the upper edge."""
    lefts = [MARGIN + NAMES + j * (COLUMNS * (SIDE + GAP) + APART) for j in range(len(CHOICES))]
    return [
        Tiles(figure, in_lines(pictures[choice], COLUMNS), left=left, top=top, side=SIDE, gap=GAP)
        for choice, left in zip(CHOICES, lefts, strict=True)
    ]


def _pictures(crops: Crops, members: list[Members]) -> list[dict[str, np.ndarray]]:
    """The pictures of each choice of each cluster, all with one contrast."""
    drawn = np.unique(np.concatenate([rows for m in members for rows in m.rows.values()]))
    crop = crops.take(drawn)
    pictures = composite(crop, display_limits(crop))
    return [
        {choice: pictures[np.searchsorted(drawn, rows)] for choice, rows in m.rows.items()}
        for m in members
    ]


def _name(tiles: Tiles, cluster: Members, clusters: np.ndarray, labels: list) -> None:
    color = cluster_color(cluster.number)
    # The middle of all lines, in steps of a line.
    middle = (tiles.axes.get_ylim()[0] - tiles.size[1]) / 2 / tiles.step[1]
    style = {"fontsize": 7, "inches": NAMES}
    tiles.left_of(middle, "■\n\n", color=color, **style)
    tiles.left_of(middle, f"    cluster {cluster.number}\n\n", weight="bold", **style)
    tiles.left_of(middle, f"n = {cluster.size:,}", **style)
    common = majority([labels[row] for row in np.flatnonzero(clusters == cluster.number)])
    if common is None:
        return tiles.left_of(middle, "\n\nno labels", **style)
    text = clipped(f"{common[1]:.0%} {readable(common[0])}", 18)
    return tiles.left_of(middle, f"\n\n{text}", color=label_colors(labels)[common[0]], **style)


def _note_rest(figure: Figure, hidden: int, noise: int) -> None:
    parts = [f"{hidden} smaller clusters not shown"] if hidden else []
    parts += [f"{noise:,} objects in no cluster (noise)"] if noise else []
    bottom = figure.get_figheight() - MARGIN - 0.15
    heading(figure, "; ".join(parts), MARGIN, bottom, weight="normal", fontsize=7)
