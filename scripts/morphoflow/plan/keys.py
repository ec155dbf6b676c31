"""Keys of a configuration that make no sense together, refused before the first job.

The Snakefile imports this module. Every error is a ValueError with a sentence for the user.
"""

from collections.abc import Iterable, Mapping

# Keys of a source that only some kinds of source can use, by modality; those with a default are
# always there.
SOURCE_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "cells": {
        "array_labels": ("arrays",),
        "key": ("arrays",),
        "axes": ("arrays",),
        "masks": ("images",),
        "mask_suffix": ("images",),
        "image_suffix": ("images",),
        "channel_suffixes": ("images",),
        "project": ("images", "folder", "card"),
        "label_from": ("images", "folder"),
        "group": ("images", "folder", "card"),
    },
    "dendrites": {
        "pixel_um": ("images", "card"),
    },
}

# Keys of a dataset that only have a meaning beside another, by modality.
NEEDED_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "neurons": {"group_column": ("labels",)},
    "cells": {"group_column": ("labels",)},
    "organelles": {
        "em_key": ("em",),
        "em_voxel_size_nm": ("em",),
        "labels_key": ("labels",),
        "voxel_size_nm": ("labels",),
        "classes_key": ("classes",),
        "context_key": ("context",),
        "group_column": ("class_table",),
    },
    "dendrites": {"group_column": ("labels",)},
}


def check_together(config: Mapping[str, Mapping[str, dict]]) -> None:
    """Raise ValueError for the first keys of a dataset of the complete ``config`` that conflict."""
    for modality in ("neurons", "cells", "organelles", "dendrites"):
        for name, settings in config[modality].items():
            place = f"the config, {modality}.{name}"
            _check_sources(place, settings.get("sources", ()), SOURCE_KEYS.get(modality, {}))
            _check_needed(place, settings, NEEDED_KEYS[modality])
            if modality == "cells":
                _check_cells(place, settings)
            if modality == "organelles":
                _check_organelles(place, settings)


def _check_sources(place: str, sources: Iterable[dict], only: dict[str, tuple[str, ...]]) -> None:
    for number, source in enumerate(sources):
        for key, kinds in only.items():
            if key in source and not set(kinds) & set(source):
                _refuse(
                    f"{place}.sources.{number}",
                    f"`{key}` has no effect without {_either(kinds)}",
                    "remove it",
                )


def _check_needed(place: str, settings: dict, needed: dict[str, tuple[str, ...]]) -> None:
    for key, others in needed.items():
        sources = settings.get("sources", ())
        # Cards of datasets bring tables of their own.
        carded = any("card" in source for source in sources)
        known = set(settings).union(*sources)
        if key in settings and not carded and not set(others) & known:
            _refuse(
                place, f"`{key}` has no effect without {_either(others)}", "add that or remove it"
            )


def _check_cells(place: str, settings: dict) -> None:
    sources, crops = settings["sources"], settings["crops"]
    if crops["scale"] == "object" and "pixel_um" in crops:
        _refuse(
            f"{place}.crops",
            "`pixel_um` is the width of a pixel with a fixed scale, but `scale` is object",
            "remove one of them",
        )
    only_images = all("images" in source for source in sources)
    if settings["join_scale"] and crops["scale"] == "fixed" and only_images:
        _refuse(
            place,
            "`join_scale` joins the scale of each cell, but with `crops.scale: fixed` all have one",
            "set `crops.scale` to object, or remove `join_scale`",
        )
    for number, source in enumerate(sources):
        if "zoom" in source and "pixel_um" in crops:
            _refuse(
                f"{place}.sources.{number}",
                "`zoom` has no effect beside `crops.pixel_um`, which says the scale",
                "remove one of them",
            )
        if {"image_suffix", "channel_suffixes"} <= set(source):
            _refuse(
                f"{place}.sources.{number}",
                "`channel_suffixes` already say how the names of images end",
                "put `image_suffix` in front of each of them, and remove it",
            )
        if "folder" in source and settings["prealignment"]["foreground"] == "mask":
            _refuse(
                f"{place}.prealignment",
                "`foreground: mask` needs masks, which crops of a `folder` do not have",
                "set it to intensity",
            )
    _check_features(place, settings["features"], sources)
    low, high = crops["percentiles"]
    if not low < high:
        _refuse(f"{place}.crops", f"`percentiles` are {low} and {high}", "put the lower one first")


def _check_features(place: str, features: dict, sources: Iterable[dict]) -> None:
    place, by = f"{place}.features", features["normalise"]
    if (by == "plate") != ("plate_column" in features):
        _refuse(
            place,
            "`normalise: plate` and `plate_column`, which names the plates, need each other",
            "set both or none",
        )
    if "controls" in features and by == "none" and not features["sphere"]:
        _refuse(
            place,
            "`controls` have no effect without `normalise` or `sphere`",
            "set one of these, or remove `controls`",
        )
    if by == "image" and not any({"images", "card"} & set(source) for source in sources):
        _refuse(place, "`normalise: image` needs images with masks", "use plate or none")


def _check_organelles(place: str, settings: dict) -> None:
    volumes, points = settings["volumes"], settings["points"]
    if volumes["scale"] == "object" and "voxel_nm" in volumes:
        _refuse(
            f"{place}.volumes",
            "`voxel_nm` is the size of a voxel with a fixed scale, but `scale` is object",
            "remove one of them",
        )
    _check_em(place, settings)
    if settings["join_scale"] and volumes["scale"] == "fixed" and points["scale"] == "nm":
        _refuse(
            place,
            "`join_scale` joins the scale of each object, but neither `volumes` nor `points` scale "
            "objects",
            "set `volumes.scale` to object or `points.scale` to unit, or remove `join_scale`",
        )


def _check_em(place: str, settings: dict) -> None:
    """Refuse EM that only some volumes have, and cubes that are to keep what is not there."""
    volumes = [{**settings, **source} for source in settings.get("sources", [{}])]
    has_em = ["em" in volume or "phantom" in volume for volume in volumes]
    if any(has_em) and not all(has_em):
        _refuse(
            f"{place}.sources.{has_em.index(False)}",
            "it has no `em`, though other sources have, so that texture would be measured of some",
            "add it, or remove `em` from all",
        )
    if settings["volumes"]["background"] == "keep" and not all(has_em):
        _refuse(f"{place}.volumes", "`background: keep` keeps EM, but there is none", "remove it")


def _either(kinds: tuple[str, ...]) -> str:
    return " or ".join(f"`{kind}`" for kind in kinds)


def _refuse(place: str, what: str, way_out: str) -> None:
    raise ValueError(f"{place}: {what}; {way_out}.")
