"""The embedding of a dataset by a trained model, and shapes that its decoder gives back."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.models.shared.embedding import embed_objects
from morphoflow.models.shared.shapes import decode_shapes
from morphoflow.training.devices import prepare_device


def main(
    *,
    model: Path,
    samples: Path,
    objects: Path,
    output: Path,
    shapes: Path,
    uncertainty: bool,
    size_joined: bool,
    gpus: int,
    threads: int,
) -> None:
    """Embed every sample, and decode test objects and lines through the embedding."""
    device = prepare_device(gpus, threads)
    embed_objects(
        model=model,
        samples=samples,
        objects=objects,
        output=output,
        uncertainty=uncertainty,
        size_joined=size_joined,
        device=device,
    )
    decode_shapes(model=model, samples=samples, embedding=output, output=shapes, device=device)


if __name__ == "__main__":
    run(main)
