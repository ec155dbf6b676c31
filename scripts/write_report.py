"""The page that shows what was found, and the file that explains the folder of results."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.manifest import whole_folder
from morphoflow.plan.models import add_combinations, read_models, read_yaml
from morphoflow.provenance import provenance
from morphoflow.report.page import Sources, write_page


def main(
    *,
    config: dict,
    datasets: list[str],
    results: Path,
    models: Path,
    own_models: Path,
    bibliography: Path,
    captions: Path,
    templates: Path,
    folder: Path,
    readme: Path,
) -> None:
    """Write ``folder/index.html`` with all that it shows, and ``readme``.

    The ``datasets`` lie in ``results``; ``models`` and ``own_models`` are folders of cards.
    """
    cards = read_models(models, own=own_models)
    add_combinations(cards, config["combinations"])
    sources = Sources(config, cards, read_yaml(bibliography), captions, templates, results)
    with whole_folder(folder, provenance(inputs=[], settings={})) as partial:
        write_page(sources, datasets, partial)
    readme.write_text((templates / "README.md").read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    run(main)
