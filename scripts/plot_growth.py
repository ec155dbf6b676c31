"""What a growing generator makes of the same latents at each resolution."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.growth import plot_growth
from morphoflow.figures.save import save_figure
from morphoflow.model import read_model
from morphoflow.models.interface import Filming, load_model


def main(*, model: Path, svg: Path, png: Path) -> None:
    """Draw the last frame at each resolution of the time-lapse of a ``model``."""
    fitted = read_model(model)
    movie = load_model(fitted.code, Filming).timelapse(fitted)
    save_figure(plot_growth(movie), svg, png)


if __name__ == "__main__":
    run(main)
