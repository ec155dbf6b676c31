"""Figures as files whose bytes depend on the figure alone."""

from functools import cache
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

from morphoflow.figures.style import RC, in_style
from morphoflow.files import whole
from morphoflow.manifest import list_files
from morphoflow.records import MANIFEST


@in_style
def save_figure(figure: Figure, svg: Path, png: Path) -> None:
    """Write a figure as SVG and as PNG (150 dots an inch), without dates and versions."""
    spell_missing(figure)
    with whole(svg) as partial:
        figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": None})
    # Both have one layout, which is half the cost of drawing.
    figure.set_layout_engine("none")
    with whole(png) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def save_figures(figures: dict[str, Figure], folder: Path, provenance: dict) -> None:
    """Write each figure under its name into a folder, as SVG and as PNG, and their manifest."""
    written = []
    for name, figure in figures.items():
        files = [folder / f"{name}.svg", folder / f"{name}.png"]
        save_figure(figure, *files)
        written += files
    list_files(written, provenance, folder / MANIFEST)


def spell_missing(figure: Figure) -> None:
    """Write out the letters of a figure's texts that its font does not have."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            # What ticks say is kept by the axis, which sets their texts anew whenever it is drawn.
            labels = [label.get_text() for label in axis.get_ticklabels()]
            if any(spelled(label) != label for label in labels):
                axis.set_ticks(axis.get_ticklocs(), labels=list(map(spelled, labels)))
    for text in figure.findobj(Text):
        text.set_text(spelled(text.get_text()))


def spelled(text: str) -> str:
    """A text with code points in place of letters that the font does not have: 細 is U+7D30.

    Another font would differ from machine to machine, and with it the bytes of a figure.
    """
    return "".join(letter if _known(letter) else f"U+{ord(letter):04X}" for letter in text)


@cache
def _known(letter: str) -> bool:
    """Whether figures can show a letter; the end of a line is no letter."""
    font = get_font(findfont(RC["font.family"]))
    return letter == "\n" or font.get_char_index(ord(letter)) != 0
