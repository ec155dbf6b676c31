"""Scale bars of a round length."""

import math

from matplotlib.axes import Axes

from morphoflow.colors import DARK


def round_length(largest: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above ``largest``."""
    power = 10.0 ** math.floor(math.log10(largest))
    return max(power * digit for digit in (1, 2, 5) if power * digit <= largest * (1 + 1e-9))


def scale_bar(axes: Axes, at: tuple[float, float], length: float) -> None:
    """A bar of ``length`` um in data units, its left end ``at`` (x, y), with its length below."""
    x, y = at
    axes.plot([x, x + length], [y, y], color=DARK, lw=1.5, solid_capstyle="butt", gid="scale_bar")
    axes.annotate(
        f"{length:g} µm",
        (x + length / 2, y),
        xytext=(0, -3),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=7,
    )
