"""A way through the latent of a generating model, as a figure and as movies."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.dendrites.movies.movie import write_gif, write_mp4
from morphoflow.dendrites.movies.pace import Pace, paced
from morphoflow.dendrites.reading.tiles import captioned, tiled
from morphoflow.figures.interpolation import plot_interpolation
from morphoflow.figures.save import save_figure
from morphoflow.model import read_model
from morphoflow.models.interface import Generating, load_model
from morphoflow.models.shared.latent import latent_block, round_trip
from morphoflow.training.devices import prepare_device

STOPS, STEPS = 5, 24
# Widths in pixels; a GIF holds every other frame.
MP4_WIDTH, GIF_WIDTH, GIF_EVERY = 768, 264, 2


def main(*, model: Path, seed: int, folder: Path, gpus: int, threads: int) -> None:
    """Write the way through the first latents of ``seed`` and back, into ``folder``.

    They are those of the first images that ``generate_images.py`` makes of the same seed.
    """
    fitted = read_model(model)
    generating = load_model(fitted.code, Generating)
    device = prepare_device(gpus, threads)
    way = round_trip(latent_block(fitted, 0, seed, device)[:STOPS], STEPS)
    images = generating.generate(fitted, way, device)[:, 0]
    figure = plot_interpolation(images.reshape(STOPS, STEPS, *images.shape[1:]))
    save_figure(figure, folder / "interpolation.svg", folder / "interpolation.png")
    pace = paced(len(images), 8, len(images), hold=False)
    write_mp4(folder / "interpolation.mp4", frames(images, pace, MP4_WIDTH), pace.frame_ms)
    pace = paced(len(images), 8, len(images) // GIF_EVERY, hold=False)
    write_gif(folder / "interpolation.gif", frames(images, pace, GIF_WIDTH), pace.frame_ms)
    print(f"{len(images)} images on a way through {STOPS} latents")


def frames(images: np.ndarray, pace: Pace, width: int) -> Iterator[np.ndarray]:
    """The frames of a movie of images (n, s, s), with the place on the way below each."""
    for row in pace.rows:
        leg, step = divmod(int(row), STEPS)
        text = f"image {leg} to image {(leg + 1) % STOPS}"
        yield captioned(tiled(images[row][None], width), text, f"{step / STEPS:.0%}", step / STEPS)


if __name__ == "__main__":
    run(main)
