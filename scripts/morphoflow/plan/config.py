"""The configuration: its defaults, and what its parts say of each other.

Every error is a ValueError with a sentence for the user.
"""

from collections.abc import Iterable
from pathlib import Path

from morphoflow.places import relative
from morphoflow.plan.models import check_keys, check_known, load_yaml
from morphoflow.schema import complete

MODALITIES = ("neurons", "cells", "organelles", "dendrites")
# What lies beside the folders of datasets in the results, and the most letters of the name of a
# dataset, which stands in names of files.
FOLDERS = ("benchmarks", "checkpoints", "logs", "report", "sources", "sweeps")
LONGEST = 64


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


def datasets_of(config: dict) -> dict[str, str]:
    """The kind of each dataset by its name; raises ValueError for a name that is taken."""
    kinds: dict[str, str] = {}
    for kind in MODALITIES:
        for name in config[kind]:
            other = kinds.setdefault(name, kind)
            if other != kind:
                raise ValueError(
                    f"the config names '{name}' under {other} and under {kind}; give one of the "
                    f"two another name."
                )
            if name in FOLDERS or len(name) > LONGEST:
                taken = "is that of another folder in results" if name in FOLDERS else "is too long"
                raise ValueError(
                    f"the config, {kind}: the name '{name}' {taken}; give the dataset another of "
                    f"at most {LONGEST} letters."
                )
    return kinds


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
