"""The card of a trained model: what it was trained on, how good it is, what its limits are."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.files import whole
from morphoflow.model import read_model
from morphoflow.model_card import model_card
from morphoflow.tables import read_objects, read_table


def main(
    *,
    model: Path,
    description: str,
    dataset: str,
    objects: Path,
    scores: list[Path],
    output: Path,
) -> None:
    """Write the card of a ``model`` of a ``dataset`` beside it, as Markdown."""
    table = pd.concat([read_table(path) for path in scores], ignore_index=True)
    text = model_card(read_model(model), description, dataset, read_objects(objects), table)
    with whole(output) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
