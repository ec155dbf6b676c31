"""The weights that neuron-gan publishes, as a model of this project, and images by it."""

import tempfile
from pathlib import Path

import yaml
from PIL import Image

from morphoflow.command import run
from morphoflow.dendrites.reading.published import fetch_archive
from morphoflow.dendrites.reading.tiles import tiled
from morphoflow.errors import InputError
from morphoflow.manifest import whole_folder
from morphoflow.model import write_model
from morphoflow.models.progressive_gan.model import generate, latents
from morphoflow.models.progressive_gan.neuron_gan import published_model, read_checkpoint
from morphoflow.provenance import provenance
from morphoflow.reading.guard import reading
from morphoflow.training.devices import prepare_device

SHOWN, WIDTH = 16, 2048


def main(*, card: Path, settings: dict, output: Path) -> None:
    """Write ``model.pt`` and ``grid.png``, some images by it, into the folder ``output``.

    ``settings`` are those of the variant `faithful` of the progressive GAN.
    """
    with reading(card):
        facts = yaml.safe_load(card.read_text())
    record = provenance(inputs=[card], settings=settings)
    with tempfile.TemporaryDirectory() as name:
        print(fetch_archive(facts, Path(name), [".pth"]))
        found = sorted(Path(name).rglob("*.pth"))
        if len(found) > 1:
            raise InputError(
                f"{facts['url']} holds {len(found)} .pth files, of which one is meant."
            )
        model = published_model(read_checkpoint(found[0]), settings, record)
    device = prepare_device(0, 1)
    images = generate(model, latents(SHOWN, model.facts["latent_size"], 0, device), {}, device)
    with whole_folder(output, record) as partial:
        partial.mkdir()
        write_model(partial / "model.pt", model)
        Image.fromarray(tiled(images[:, 0], WIDTH)).save(partial / "grid.png")


if __name__ == "__main__":
    run(main)
