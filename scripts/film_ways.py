"""Movies of how the images of a flow come out of noise."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.dendrites.movies.movie import write_gif, write_mp4
from morphoflow.dendrites.movies.pace import paced
from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.integrity import new_store
from morphoflow.manifest import list_files
from morphoflow.model import read_model
from morphoflow.models.interface import Flowing, load_model, model_file
from morphoflow.models.shared.latent import latent_block
from morphoflow.provenance import provenance
from morphoflow.store import write_array
from morphoflow.training.devices import prepare_device

# Images that are followed, seconds of a movie, and widths in pixels; noise does not compress.
SHOWN, SECONDS, MP4_WIDTH, GIF_WIDTH = 9, 4, 768, 264


def main(
    *, model: Path, settings: dict, output: Path, movies: list[Path], gpus: int, threads: int
) -> None:
    """Follow the first images of the seed ``settings['seed']`` from noise to what they become.

    ``output`` gets the images (steps + 1, SHOWN, side, side) on the ways, and the ``movies``, a GIF
    and an MP4 file, show them.
    """
    fitted, seed = read_model(model), settings["seed"]
    flowing, device = load_model(fitted.code, Flowing), prepare_device(gpus, threads)
    ways = flowing.ways(fitted, latent_block(fitted, 0, seed, device)[:SHOWN], settings, device)
    record = provenance(
        inputs=[model], settings=settings, seed=seed, modules=(str(model_file(fitted.code)),)
    )
    with new_store(output) as group:
        group.attrs["provenance"] = record
        write_array(group, "x", ways)
    steps = np.arange(len(ways))
    lapse = Timelapse(ways, steps, np.full(len(steps), ways.shape[-1]))
    pace = paced(len(ways), SECONDS, len(ways), hold=True)
    gif, mp4 = movies
    write_gif(gif, lapse.frames(pace, GIF_WIDTH), pace.frame_ms)
    write_mp4(mp4, lapse.frames(pace, MP4_WIDTH), pace.frame_ms)
    list_files(movies, record)
    print(f"{len(ways)} steps of {ways.shape[1]} images")


if __name__ == "__main__":
    run(main)
