"""Figures as files whose bytes depend on the figure alone."""

from pathlib import Path

from matplotlib.figure import Figure

from morphoflow.figures.letters import spell_missing
from morphoflow.figures.style import in_style
from morphoflow.files import whole
from morphoflow.manifest import write_manifest


@in_style
def save_figure(figure: Figure, svg: Path, png: Path) -> None:
    """Write a figure as SVG and as PNG (150 dots an inch), without dates and versions."""
    spell_missing(figure)
    with whole(svg) as partial:
        figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": None})
    with whole(png) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def save_figures(figures: dict[str, Figure], folder: Path, provenance: dict) -> None:
    """Write each figure under its name into a folder, as SVG and as PNG, and their manifest."""
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.svg", folder / f"{name}.png")
    write_manifest(folder, provenance)
