"""Datasets of organelles that come from several volumes, each of which is measured alone.

Such a part is known as ``DATASET/sources/NAME``, which is also its folder below the results.
"""

from collections.abc import Mapping


def part_name(dataset: str, source: str) -> str:
    """The part of a dataset that a source is."""
    return f"{dataset}/sources/{source}"


def parts_of_datasets(organelles: Mapping[str, dict]) -> dict[str, dict]:
    """The complete settings of all parts by their names.

    Raises ValueError for names that are not distinct, for a scale that the largest object of each
    part would set, and for one EM to be shown below the masks of all.
    """
    parts = {}
    for dataset, settings in organelles.items():
        place = f"the config, organelles.{dataset}"
        for source in settings.get("sources", ()):
            name = part_name(dataset, source["name"])
            if name in parts:
                raise ValueError(
                    f"{place}.sources: two are named '{source['name']}'; give each its own name."
                )
            shared = {key: v for key, v in settings.items() if key not in ("sources", "models")}
            parts[name] = {**shared, **source, "models": [], "part": True}
        volumes = settings["volumes"]
        if "sources" in settings and volumes["scale"] == "fixed" and "voxel_nm" not in volumes:
            raise ValueError(
                f"{place}.volumes: of several sources, a fixed scale is not known before all are "
                f"measured; set `voxel_nm`."
            )
        em_url = settings["masks"].get("em_url", "{source}")
        if "sources" in settings and "{source}" not in em_url:
            raise ValueError(
                f"{place}.masks: `em_url` '{em_url}' is one EM for several sources; write "
                f"{{source}} where each has its name."
            )
    return parts
