"""Images made by a trained model, as a sample store and as pictures."""

from pathlib import Path

import numpy as np
from PIL import Image

from morphoflow.command import run
from morphoflow.dendrites.reading.tiles import tiled
from morphoflow.errors import InputError
from morphoflow.files import whole
from morphoflow.model import read_model
from morphoflow.models.interface import Generating, load_model, model_file
from morphoflow.models.shared.latent import image_blocks
from morphoflow.provenance import provenance
from morphoflow.store_stream import stream_samples
from morphoflow.training.devices import prepare_device

# Images of the grid, and its width in pixels.
SHOWN, WIDTH = 64, 2048


def main(
    *, model: Path, settings: dict, output: Path, folder: Path, gpus: int, threads: int
) -> None:
    """Make ``settings['number']`` images from the seed ``settings['seed']``, some at a time.

    Image i depends on the model, the seed and i. ``folder`` gets a grid of the first ones and,
    where ``settings['files']``, each image as a PNG file.
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
    with whole(folder) as pictures, store as stream:
        pictures.mkdir()
        stream.facts["pixel_um"] = fitted.facts["pixel_um"]
        for images in image_blocks(fitted, number, seed, device):
            first = len(stream.ids)
            ids = [f"generated_{first + i:05d}" for i in range(len(images))]
            stream.append(ids, images)
            shown.extend(images[: max(0, SHOWN - first), 0])
            if settings["files"]:
                write_files(pictures, ids, images[:, 0])
        Image.fromarray(tiled(np.stack(shown), WIDTH)).save(pictures / "grid.png")
    print(f"{number} images of {images.shape[-1]} x {images.shape[-1]} pixels")


def write_files(folder: Path, ids: list[str], images: np.ndarray) -> None:
    """Write grey images (b, h, w) uint8 as PNG files under their ids."""
    for name, image in zip(ids, images, strict=True):
        Image.fromarray(image).save(folder / f"{name}.png")


if __name__ == "__main__":
    run(main)
