"""The look that all figures share: fonts, lines, and one colour for each label."""

import textwrap

import matplotlib
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from morphoflow.colors import DARK

# Figures are drawn on machines without a screen.
matplotlib.use("Agg")

# Letters of a sentence in place of a figure that fit into a line.
LINE = 100
# Letters of a name that figures have room for.
LONGEST_NAME = 48

RC = {
    # DejaVu Sans comes with matplotlib, so text has the same shape on every machine.
    "font.family": "DejaVu Sans",
    "font.size": 8,
    # A label of the data may hold a "$", which is no formula.
    "text.parse_math": False,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": DARK,
    "axes.linewidth": 0.7,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "axes.labelcolor": DARK,
    "text.color": DARK,
    "svg.hashsalt": "morphoflow",
    "svg.fonttype": "path",
    "savefig.dpi": 150,
}
# Decorator and context manager; it leaves a user's own matplotlibrc without effect.
in_style = style.context(RC, after_reset=True)


PROPER_NAMES = {
    "kmeans": "k-means",
    "hdbscan": "HDBSCAN",
    "dbscan": "DBSCAN",
    "gaussian_mixture": "Gaussian mixture",
    "morphvae": "MorphVAE",
    "o2vae": "O2-VAE",
    "vae": "VAE",
    "prealigned_vae": "prealigned VAE",
    "polar_fourier": "polar Fourier",
    "volume_vae": "volume VAE",
    "point_ae": "point autoencoder",
    "progressive_gan": "progressive GAN",
}


def readable(name: str) -> str:
    """A name of a table (``olfactory_projection``) as words; a long one keeps its beginning."""
    words = PROPER_NAMES.get(str(name), str(name).replace("_", " "))
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"


def color_bar(figure: Figure, image: ScalarMappable, panels: np.ndarray, label: str) -> None:
    """A colour bar of some 2 inches beside all panels."""
    height = figure.get_size_inches()[1]
    bar = figure.colorbar(
        image, ax=panels.ravel().tolist(), shrink=min(0.7, 2 / height), aspect=20, pad=0.02
    )
    bar.locator = MaxNLocator(5, integer=image.get_clim()[1] > 1)
    bar.set_label(label)
    bar.outline.set_visible(False)


def remark(axes: Axes, text: str) -> None:
    """Say in an otherwise empty panel why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=DARK)


@in_style
def say(text: str) -> Figure:
    """A figure of a sentence, in place of one that cannot be drawn."""
    lines = textwrap.wrap(text, LINE)
    figure = Figure(figsize=(7.2, 0.8 + 0.16 * len(lines)))
    remark(figure.subplots(), "\n".join(lines))
    return figure
