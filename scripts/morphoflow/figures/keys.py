"""What the colours of a picture stand for: channels and labels."""

import math

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from morphoflow.colors import GREY, UNKNOWN, label_colors, sorted_labels
from morphoflow.figures.channels import channel_colors
from morphoflow.figures.montage import clipped
from morphoflow.figures.style import readable

# Colours of channels are too pale on white, so their key has a dark ground of its own.
GROUND = "#1A1A1A"
LINE, LETTER = 0.17, 0.068  # inches
LISTED = 30


def channel_key_height(channels: list[str]) -> float:
    """The inches that :func:`channel_key` needs; one channel needs no key."""
    return 0.3 if len(channels) > 1 else 0.0


def channel_key(figure: Figure, channels: list[str], margin: float) -> None:
    """Name the channels in their colours on a line at the top, ``margin`` inches from its edges."""
    if len(channels) < 2:
        return
    colors = channel_colors(len(channels))
    hidden = len(channels) - len(colors)
    width, height = figure.get_size_inches()
    names = [readable(name) for name in channels[: len(colors)]]
    room = (width - 2 * margin - 0.4 * (len(names) + 2 * bool(hidden))) / LETTER
    names = [clipped(name, _letters(names, room)) for name in names]
    handles = [_square(name, color) for name, color in zip(names, colors, strict=False)]
    handles += [Line2D([], [], ls="", label=f"{hidden} not shown")] if hidden else []
    figure.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(1 - margin / width, 1 - margin / height),
        ncols=len(handles),
        borderaxespad=0,
        borderpad=0.35,
        columnspacing=1,
        handlelength=1,
        labelcolor="white",
        frameon=True,
        facecolor=GROUND,
        edgecolor=GROUND,
        framealpha=1,
        fancybox=False,
    )


def _letters(names: list[str], room: float) -> int:
    """The letters at which names are clipped so that they have ``room`` letters in all."""
    longest = max(map(len, names))
    fits = [n for n in range(1, longest + 1) if sum(min(len(name), n) for name in names) <= room]
    return max(fits, default=1)


def key_height(labels: list, width: float) -> float:
    """The inches that :func:`label_key` needs below a figure ``width`` inches wide."""
    names = sorted_labels(labels)
    return 0.0 if names == [UNKNOWN] else LINE * math.ceil(_entries(names) / _columns(names, width))


def label_key(figure: Figure, labels: list, margin: float) -> None:
    """Name the first 30 labels in their colours at the foot, ``margin`` inches from its edges.

    Nothing is said where no label is known.
    """
    names, colors = sorted_labels(labels), label_colors(labels)
    if names == [UNKNOWN]:
        return
    handles = [_square(readable(name), colors.get(name, GREY)) for name in names[:LISTED]]
    if len(names) > LISTED:
        handles.append(Line2D([], [], ls="", label=f"and {len(names) - LISTED} more"))
    width, height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(margin / width, margin / height),
        ncols=_columns(names, width - 2 * margin),
        borderaxespad=0,
        borderpad=0,
        labelspacing=0.3,
        columnspacing=1.2,
        handlelength=1,
    )


def _square(name: str, color: str) -> Line2D:
    return Line2D([], [], ls="", marker="s", ms=6, mew=0, c=color, label=name)


def _entries(names: list[str]) -> int:
    return min(len(names), LISTED + 1)


def _columns(names: list[str], width: float) -> int:
    widest = 0.35 + LETTER * max(len(readable(name)) for name in names)
    return max(1, min(_entries(names), int(width / widest)))
