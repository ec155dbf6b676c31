"""A trained model's encoder as a file that torch runs without this project."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.manifest import list_files
from morphoflow.model import read_model
from morphoflow.models.interface import model_file
from morphoflow.models.shared.exporting import export_encoder
from morphoflow.provenance import provenance
from morphoflow.store import read_samples


def main(*, model: Path, samples: Path, output: Path) -> None:
    """Write the encoder of a ``model``, tried on the ``samples`` that it was trained on."""
    fitted = read_model(model)
    record = provenance(
        inputs=[model, samples],
        settings=fitted.settings,
        seed=fitted.provenance["seed"],
        modules=(str(model_file(fitted.code)),),
    )
    difference = export_encoder(fitted, read_samples(samples), record, output)
    list_files([output], record)
    print(f"its vectors differ from those of the model by {difference:.1e} of their size")


if __name__ == "__main__":
    run(main)
