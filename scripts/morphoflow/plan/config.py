"""The configuration: its defaults, and what its parts say of each other.

Every error is a ValueError with a sentence for the user.
"""

from collections.abc import Iterable
from pathlib import Path

from morphoflow.places import relative
from morphoflow.plan.models import check_keys, check_known, load_yaml
from morphoflow.schema import complete

MODALITIES = ("neurons", "cells", "organelles", "dendrites")


def check_named(config: dict, workflow: Path) -> None:
    """Raise ValueError if a configuration names no dataset; ``workflow`` is where to make one."""
    if any(config.get(modality) for modality in MODALITIES):
        return
    if config:
        raise ValueError(
            f"the config names no dataset; take the # away before an example in it, or write a "
            f"dataset of your own under one of {', '.join(MODALITIES)}."
        )
    raise ValueError(
        f"the working directory '{Path.cwd()}' has no config/config.yaml; go to a lab folder or "
        f"name it by --directory, make a new one (make -C '{workflow.resolve()}' lab DIR=FOLDER), "
        f"or name a configuration by --configfile."
    )


def read_config(config: dict, schema: Path) -> dict:
    """The configuration with all defaults."""
    check_keys(config, "the config")
    return complete(config, load_yaml(schema), "the config")


def check_simulated(dendrites: dict[str, dict]) -> None:
    """Raise ValueError if a dataset is to be compared with a simulated one that is not there."""
    for name, settings in dendrites.items():
        simulated = settings["realism"]["simulated"]
        if simulated is not None:
            place = f"the config, dendrites.{name}.realism.simulated: dataset"
            check_known(simulated, dendrites, place, "the config's `dendrites`")


def check_recommended(clusters: dict) -> None:
    """Raise ValueError unless the recommended clustering method is among those that are used."""
    if clusters["recommended"] != "stable":
        place = "the config, clusters.recommended: method"
        check_known(clusters["recommended"], clusters["methods"], place, "clusters.methods")


def check_compared(
    compared: dict[str, dict], datasets: dict[str, str], elsewhere: Iterable[Path] = ()
) -> None:
    """Raise ValueError unless every dataset whose groups are compared is there, and its table is.

    ``elsewhere`` are folders in which a user may have meant the table.
    """
    for name, settings in compared.items():
        check_known(name, datasets, "the config, compare: dataset", "the config")
        table = settings["table"]
        if table is not None and not Path(table).is_file():
            raise ValueError(
                f"the config, compare.{name}: the table '{table}' does not exist. "
                f"{relative(table, elsewhere)}"
            )
