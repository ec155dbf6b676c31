"""Letters that the font of figures does not have, as their code points: 細 is U+7D30.

Another font would differ from machine to machine, and with it the bytes of a figure.
"""

from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

from morphoflow.figures.style import RC


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
    """A text with the code points of letters that the font does not have in place of these."""
    return "".join(letter if _known(letter) else f"U+{ord(letter):04X}" for letter in text)


@cache
def _known(letter: str) -> bool:
    """Whether figures can show a letter; the end of a line is no letter."""
    font = get_font(findfont(RC["font.family"]))
    return letter == "\n" or font.get_char_index(ord(letter)) != 0
