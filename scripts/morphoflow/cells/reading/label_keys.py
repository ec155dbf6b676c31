"""Label tables that name objects by image and number, or whole images or wells, without ids.

Such are CellProfiler's tables of objects (``ImageNumber``, ``ObjectNumber``) and plate maps
(``Metadata_Plate``, ``Metadata_Well``). A line of one gets a text as its id, such as ``image a.tif
object 3``, for which the objects are put in once the images are known.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

import pandas as pd

from morphoflow.errors import InputError

# The columns that say which image, object, plate and well a line is of, the first there is.
IMAGE = ("image", "ImageName", "Image_FileName", "FileName")
IMAGE_NUMBER = ("ImageNumber", "Metadata_ImageNumber")
NUMBER = ("ObjectNumber", "Number_Object_Number", "object")
PLATE = ("plate", "Metadata_Plate", "plate_map_name")
WELL = ("well", "Metadata_Well", "well_position")

# CellProfiler has one such column for each channel.
OF_CHANNEL = ("FileName_", "Image_FileName_")

# How names of images say their well: A01 or A - 01 between other parts, or its row and column.
BY_LETTER = re.compile(r"(?<![A-Za-z0-9])([A-P])(?: - )?(\d{1,2})(?![A-Za-z0-9])")
BY_NUMBERS = re.compile(r"(?<![A-Za-z0-9])r(\d{1,2})c(\d{1,2})(?=f|\b|_)")


def with_ids(table: pd.DataFrame) -> pd.DataFrame:
    """A table of texts with a column ``id``, made of other columns where it has none.

    An image's number counts all images in the order of their names, as CellProfiler does; a column
    with its name outranks it. The table stays as it is if it has no such columns. Raises
    InputError where lines of one image are not told apart.
    """
    if any(name.lower() == "id" for name in table):
        return table
    column = {name.lower(): name for name in table}
    named = [name for name in table if name.startswith(OF_CHANNEL)]
    image, number, plate, well = (
        _first(table, column, names) for names in (IMAGE, NUMBER, PLATE, WELL)
    )
    image = table[named[0]].str.strip() if image is None and named else image
    counted = _first(table, column, IMAGE_NUMBER)
    if image is not None:
        key = "image " + image
    elif counted is not None:
        key = "image number " + counted
    elif well is not None:
        return table.assign(id=("" if plate is None else "plate " + plate + " ") + "well " + well)
    else:
        return table
    if number is None:
        _refuse_several(key)
        return table.assign(id=key)
    return table.assign(id=key + (" object " + number).where(number != "", ""))


def _refuse_several(key: pd.Series) -> None:
    """Raise InputError for an image of several lines that say nothing of their objects."""
    several = key[key.duplicated()]
    if len(several):
        raise InputError(
            f"a label table has several lines of the {several.iloc[0]} and no column "
            f"{NUMBER[0]} that says which of its objects each is of; call one so, or keep one line."
        )


def by_object(table: pd.DataFrame, rows: pd.DataFrame, files: list[str]) -> pd.DataFrame:
    """The label table with a line for each object in place of the lines of :func:`with_ids`.

    ``rows`` are the objects (id, source, image), ``files`` the images in the order in which they
    are counted. Lines of wells without an image are left out if others have one, since a plate map
    is of the whole plate; any other line that names no object stays as it is.
    """
    keys = table["id"].str.extract(r"^((?:image|plate|well) .+?)(?: object (\S+))?$")
    place, number = keys[0], keys[1]
    keyed = place.notna() & ~table["id"].isin(rows["id"])
    if not keyed.any():
        return table
    places = pd.DataFrame(list(_places(files, set(place[keyed]))), columns=["place", "file"])
    # An object's number is what its id has after that of its image.
    images = rows["image"].where(rows["image"].notna(), "").astype(str)
    of_image = [
        identifier[len(image) + 1 :] for identifier, image in zip(rows["id"], images, strict=True)
    ]
    objects = pd.DataFrame({"object": rows["id"], "file": rows["source"], "number": of_image})
    # Without the table's own columns, which may be called the same.
    lines = pd.DataFrame({"place": place[keyed], "wanted": number[keyed]}).rename_axis("line")
    found = lines.reset_index().merge(places, on="place").merge(objects, on="file")
    found = found[found["wanted"].isna() | (found["wanted"] == found["number"])]
    # What a line says of an object outranks what another says of its image or well.
    found = found.sort_values("wanted", kind="stable", na_position="last")
    several = found["object"].duplicated() & found["wanted"].isna()
    found = found[~several]
    left = keyed & ~table.index.isin(found["line"])
    well = place.fillna("").str.contains("well ")
    wells_known = bool(well[keyed & ~left].any())
    left &= ~(well & wells_known)
    named = table.loc[found["line"]].assign(id=found["object"].to_numpy())
    return pd.concat([table[~keyed | left], named], ignore_index=True)


def _first(table: pd.DataFrame, column: dict[str, str], names: tuple[str, ...]) -> pd.Series | None:
    """The first of the columns that is there, in whatever capitals, without spaces around."""
    there = [column[name.lower()] for name in names if name.lower() in column]
    return table[there[0]].str.strip() if there else None


def _places(files: list[str], wanted: set[str]) -> Iterator[tuple[str, str]]:
    """The images, plates and wells that tables may name, each with a file that it is or has.

    A name without its folder is that of a file if no other is called so.
    """
    plates = {match[1] for key in wanted if (match := re.match(r"plate (.+) well ", key))}
    short = Counter(PurePosixPath(file).name for file in files)
    for number, file in enumerate(files, 1):
        path = PurePosixPath(file)
        known = [path] if short[path.name] > 1 else [path, PurePosixPath(path.name)]
        names = [text for name in known for text in (str(name), _without_ending(name))]
        yield from ((f"image {name}", file) for name in dict.fromkeys(names))
        yield f"image number {number}", file
        wells = list(_wells(_without_ending(path)))
        yield from ((f"well {well}", file) for well in wells)
        for plate in plates:
            if re.search(rf"(?<![A-Za-z0-9]){re.escape(plate)}(?![A-Za-z0-9])", file):
                yield from ((f"plate {plate} well {well}", file) for well in wells)


def _without_ending(path: PurePosixPath) -> str:
    return str(path.with_suffix("")).removesuffix(".ome")


def _wells(name: str) -> Iterator[str]:
    """How the well that a name says may be written: A1 and A01."""
    found = [(letter, int(column)) for letter, column in BY_LETTER.findall(name)]
    found += [
        (chr(ord("A") + int(row) - 1), int(column)) for row, column in BY_NUMBERS.findall(name)
    ]
    for letter, column in dict.fromkeys(found):
        yield from dict.fromkeys([f"{letter}{column}", f"{letter}{column:02d}"])
