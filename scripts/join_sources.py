"""The volumes of a dataset as one: its objects, split anew, their shapes and what was found."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.counting.sources import (
    joined_ids,
    joined_objects,
    joined_quality,
    joined_shapes,
)
from morphoflow.organelles.shapes.measures import write_features
from morphoflow.provenance import provenance
from morphoflow.tables import read_table, write_objects, write_table


def main(
    *,
    names: list[str],
    objects: list[Path],
    contacts: list[Path],
    quality: list[Path],
    shapes: list[Path],
    density: list[Path],
    settings: dict,
    folder: Path,
    features: Path,
) -> None:
    """Join the tables of the sources ``names`` into files of their own names in ``folder``."""
    given = {"contacts": contacts, "quality": quality, "shapes": shapes, "density": density}
    tables = {
        form: dict(zip(names, map(read_table, paths), strict=True))
        for form, paths in {"objects": objects, **given}.items()
    }
    table, listed = joined_objects(tables["objects"], settings)
    measured = joined_shapes(tables["shapes"], table)
    inputs = [path for paths in (objects, *given.values()) for path in paths]
    record = provenance(inputs=inputs, settings={**settings, "names": names})
    write_objects(folder / "objects.parquet", table, record)
    write_table(folder / "shapes.parquet", measured, record)
    pairs = joined_ids(tables["contacts"], "id_a", "id_b")
    write_table(folder / "contacts.parquet", pairs, record)
    write_table(folder / "density.parquet", joined_ids(tables["density"]), record)
    found = joined_quality(tables["quality"], listed, len(table))
    write_table(folder / "quality.parquet", found, record)
    write_features(features, measured, record)
    print(f"{len(table)} objects of {len(names)} sources")


if __name__ == "__main__":
    run(main)
