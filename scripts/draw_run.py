"""All figures of a run, as SVG and as PNG, and the card of a trained model."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run as run_main
from morphoflow.figures.of_run import RunFiles, figure_of
from morphoflow.figures.save import save_figure
from morphoflow.manifest import whole_folder
from morphoflow.provenance import provenance
from morphoflow.tables import read_objects, read_table

CARD = "model_card.md"
# Whose scores are on the card.
SCORED = ("cross_validation", "retrieval", "outlier")


def main(
    *,
    figures: list[str],
    run: Path,
    dataset: Path,
    pictures: list[Path],
    settings: dict,
    folder: Path,
) -> None:
    """Draw the ``figures`` of the files in ``run`` and in ``dataset`` into ``folder``.

    ``pictures`` is the store with a picture of each object, if there is one. Where
    ``settings['description']`` is that of a trained model, its card is written too.
    """
    files = RunFiles(run, dataset, next(iter(pictures), None), settings)
    with whole_folder(folder, provenance(inputs=[], settings={})) as partial:
        partial.mkdir()
        for name in figures:
            figure = figure_of(name, files)
            save_figure(figure, partial / f"{name}.svg", partial / f"{name}.png")
        if "description" in settings:
            card = card_of(run, dataset, settings["description"])
            (partial / CARD).write_text(card, encoding="utf-8")
    print(f"{len(figures)} figures")


def card_of(run: Path, dataset: Path, description: str) -> str:
    """The card of the trained model in ``run`` on the dataset whose results are in ``dataset``."""
    # Most runs have none, and torch takes long to load.
    from morphoflow.model import read_model
    from morphoflow.model_card import model_card

    scores = pd.concat(
        [read_table(run / f"{name}_scores.parquet") for name in SCORED], ignore_index=True
    )
    objects = read_objects(dataset / "objects.parquet")
    return model_card(read_model(run / "model.pt"), description, dataset.name, objects, scores)


if __name__ == "__main__":
    run_main(main)
