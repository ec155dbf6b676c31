"""The page that shows what was found, and the file that explains the folder of results."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.files import whole
from morphoflow.manifest import list_files, whole_folder
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
    record = provenance(inputs=[], settings={})
    with whole_folder(folder, record) as partial:
        write_page(sources, datasets, partial)
    with whole(readme) as partial:
        partial.write_bytes((templates / "README.md").read_bytes())
    list_files([readme], record)


if __name__ == "__main__":
    run(main)
