"""The embedding of a dataset by a trained model."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.models.shared.embedding import embed_objects
from morphoflow.training.devices import prepare_device


def main(
    *,
    model: Path,
    samples: Path,
    objects: Path,
    output: Path,
    uncertainty: bool,
    size_joined: bool,
    gpus: int,
    threads: int,
) -> None:
    """Embed every sample with the model, and join the object table's rows."""
    embed_objects(
        model=model,
        samples=samples,
        objects=objects,
        output=output,
        uncertainty=uncertainty,
        size_joined=size_joined,
        device=prepare_device(gpus, threads),
    )


if __name__ == "__main__":
    run(main)
