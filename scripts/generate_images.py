"""Images made by a trained model: drawn at random, and on a way through its latent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from morphoflow.command import run
from morphoflow.dendrites.movies.movie import write_gif, write_mp4
from morphoflow.dendrites.movies.pace import Pace, paced
from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.dendrites.reading.tiles import captioned, tiled
from morphoflow.errors import InputError
from morphoflow.file_names import file_names
from morphoflow.integrity import new_store
from morphoflow.manifest import list_files, whole_folder
from morphoflow.model import Model, read_model
from morphoflow.models.interface import Filming, Generating, load_model, model_file
from morphoflow.models.shared.latent import image_blocks, latent_block, round_trip
from morphoflow.provenance import provenance
from morphoflow.store import write_array
from morphoflow.store_stream import stream_samples
from morphoflow.training.devices import prepare_device

# Images of the grid, and its width in pixels.
SHOWN, WIDTH = 64, 2048
STOPS, STEPS = 5, 24
# Of movies of the way: widths in pixels; a GIF holds every other frame.
MP4_WIDTH, GIF_WIDTH, GIF_EVERY = 768, 264, 2
# Of the time-lapse: widths in pixels, seconds, frames at most. Noise does not compress in a GIF.
LAPSE_MP4_WIDTH, LAPSE_MP4_SECONDS, LAPSE_MP4_FRAMES = 1080, 15, 600
LAPSE_GIF_WIDTH, LAPSE_GIF_SECONDS, LAPSE_GIF_FRAMES, LAPSE_GIF_LATENTS = 400, 8, 60, 9


def main(
    *,
    model: Path,
    settings: dict,
    output: Path,
    folder: Path,
    interpolation: Path,
    movies: list[Path],
    gpus: int,
    threads: int,
) -> None:
    """Make ``settings['number']`` images from the seed ``settings['seed']``, some at a time.

    Image i depends on the model, the seed and i. ``folder`` gets a grid of the first ones and,
    where ``settings['files']``, each image as a PNG file. ``interpolation`` gets the images
    (STOPS, STEPS, side, side) on the way through the first STOPS latents and back, and of the
    ``movies``, a GIF and an MP4 file show them and two more the time-lapse of the training.
    """
    number, seed = settings["number"], settings["seed"]
    if number < 1:
        raise InputError(f"{number} images were asked for; set `number` to 1 or more.")
    fitted = read_model(model)
    load_model(fitted.code, Generating)
    device = prepare_device(gpus, threads)
    record = provenance(
        inputs=[model],
        settings=settings,
        seed=seed,
        modules=(str(model_file(fitted.code)),),
    )
    shown: list[np.ndarray] = []
    store = stream_samples(
        output, axes=["image", "channel", "y", "x"], units="grey level", provenance=record
    )
    with whole_folder(folder, record) as pictures, store as stream:
        pictures.mkdir()
        stream.facts["pixel_um"] = fitted.facts["pixel_um"]
        for ids, images in image_blocks(fitted, settings, device):
            stream.append(ids, images)
            shown.extend(images[: max(0, SHOWN - len(shown)), 0])
            if settings["files"]:
                write_files(pictures, ids, images[:, 0])
        Image.fromarray(tiled(np.stack(shown), WIDTH)).save(pictures / "grid.png")
    way = way_images(fitted, settings, device)
    with new_store(interpolation) as group:
        group.attrs["provenance"] = record
        write_array(group, "x", way)
    write_way(way, *movies[:2])
    write_timelapse(load_model(fitted.code, Filming).timelapse(fitted), *movies[2:])
    list_files(movies, record)
    print(f"{number} images of {images.shape[-1]} x {images.shape[-1]} pixels")


def way_images(fitted: Model, settings: dict, device: torch.device) -> np.ndarray:
    """The images (STOPS, STEPS, side, side) uint8 on the way through the first latents and back."""
    way = round_trip(latent_block(fitted, 0, settings["seed"], device)[:STOPS], STEPS)
    images = load_model(fitted.code, Generating).generate(fitted, way, settings, device)[:, 0]
    return images.reshape(STOPS, STEPS, *images.shape[1:])


def write_way(way: np.ndarray, gif: Path, mp4: Path) -> None:
    """Write the images of a way as movies that go round."""
    images = way.reshape(-1, *way.shape[2:])
    pace = paced(len(images), 8, len(images), hold=False)
    write_mp4(mp4, frames(images, pace, MP4_WIDTH), pace.frame_ms)
    pace = paced(len(images), 8, len(images) // GIF_EVERY, hold=False)
    write_gif(gif, frames(images, pace, GIF_WIDTH), pace.frame_ms)


def write_timelapse(lapse: Timelapse, gif: Path, mp4: Path) -> None:
    """Write what a generator made of the same latents from step to step, named below each frame."""
    number = len(lapse.images)
    pace = paced(number, LAPSE_MP4_SECONDS, LAPSE_MP4_FRAMES, hold=True)
    write_mp4(mp4, lapse.frames(pace, LAPSE_MP4_WIDTH), pace.frame_ms)
    pace = paced(number, LAPSE_GIF_SECONDS, LAPSE_GIF_FRAMES, hold=True)
    few = replace(lapse, images=lapse.images[:, :LAPSE_GIF_LATENTS])
    write_gif(gif, few.frames(pace, LAPSE_GIF_WIDTH), pace.frame_ms)


def frames(images: np.ndarray, pace: Pace, width: int) -> Iterator[np.ndarray]:
    """The frames of a movie of images (n, s, s), with the place on the way below each."""
    for row in pace.rows:
        leg, step = divmod(int(row), STEPS)
        text = f"image {leg} to image {(leg + 1) % STOPS}"
        yield captioned(tiled(images[row][None], width), text, f"{step / STEPS:.0%}", step / STEPS)


def write_files(folder: Path, ids: list[str], images: np.ndarray) -> None:
    """Write grey images (b, h, w) uint8 as PNG files under their ids."""
    for name, image in zip(file_names(ids), images, strict=True):
        Image.fromarray(image).save(folder / f"{name}.png")


if __name__ == "__main__":
    run(main)
