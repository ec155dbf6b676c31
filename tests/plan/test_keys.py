"""Keys that make no sense together end with a sentence before the first job."""

import pytest
import yaml

from morphoflow.plan.config import read_config
from morphoflow.plan.keys import check_together
from places import ROOT
from workflow import CONFIG

SCHEMA = ROOT / "config/schemas/config.schema.yaml"

IMAGES = "images: i, masks: m"

# Text of a dataset, and what is said of it.
CONFLICTS = {
    "cells": [
        (f"sources: [{{{IMAGES}}}], join_scale: true", "`crops.scale: fixed` all have one"),
        ("sources: [{arrays: x.npy, mask_suffix: _m}]", "`mask_suffix` has no effect"),
        ("sources: [{folder: f, image_suffix: _m}]", "`image_suffix` has no effect"),
        ("sources: [{arrays: x.npy, label_from: folder}]", "without `images` or `folder`"),
        (f"sources: [{{{IMAGES}, axes: nhwc}}]", "`axes` has no effect without `arrays`"),
        ("sources: [{folder: f}], features: {normalise: image}", "needs images"),
        ("sources: [{folder: f}], features: {normalise: plate}", "need each other"),
        ("sources: [{folder: f}], features: {plate_column: p}", "need each other"),
        ("sources: [{folder: f}], features: {controls: {values: [a]}}", "without `normalise`"),
        (f"sources: [{{{IMAGES}, image_suffix: a, channel_suffixes: [b, c]}}]", "already say"),
        ("sources: [{folder: f, channel_suffixes: [b, c]}]", "no effect without `images`"),
        (f"sources: [{{{IMAGES}}}], crops: {{scale: object, pixel_um: 1}}", "remove one"),
        (f"sources: [{{{IMAGES}, zoom: 2}}], crops: {{pixel_um: 1}}", "`zoom` has no effect"),
        ("sources: [{folder: f}], prealignment: {foreground: mask}", "needs masks"),
        (f"sources: [{{{IMAGES}}}], crops: {{percentiles: [99, 1]}}", "the lower one first"),
        (f"sources: [{{{IMAGES}}}], group_column: well", "without `labels`"),
    ],
    "neurons": [
        ("sources: [{folder: f}], group_column: animal", "without `labels`"),
    ],
    "organelles": [
        ("phantom: {}, em_key: raw", "`em_key` has no effect without `em`"),
        ("em: e, labels: l, group_column: cell", "without `class_table`"),
        ("em: e, labels: l, volumes: {voxel_nm: 8}", "but `scale` is object"),
        ("phantom: {}, join_scale: true, volumes: {scale: fixed}, points: {scale: nm}", "neither"),
        ("labels: l, volumes: {background: keep}", "keeps EM, but there is none"),
        (
            "sources: [{name: a, em: e, labels: l}, {name: b, labels: m}]",
            "sources.1: it has no `em`",
        ),
    ],
    "dendrites": [
        ("sources: [{simulated: {number: 9}, pixel_um: 1}]", "`pixel_um` has no effect"),
        ("sources: [{images: f}], group_column: animal", "without `labels`"),
    ],
}


def complete(text: str) -> dict:
    return read_config(yaml.safe_load(text), SCHEMA)


@pytest.mark.parametrize(
    ("modality", "text", "said"),
    [(modality, *pair) for modality, pairs in CONFLICTS.items() for pair in pairs],
)
def test_a_conflict_is_named_with_its_place(modality, text, said):
    config = complete(f"{modality}: {{mine: {{{text}}}}}")
    with pytest.raises(ValueError, match=r"^the config, ") as error:
        check_together(config)
    assert said in str(error.value) and f"{modality}.mine" in str(error.value)


def test_configurations_that_are_shipped_have_none():
    examples = [ROOT / f"config/examples/{kind}.yaml" for kind in CONFLICTS]
    shipped = [ROOT / "config/config.yaml", *examples]
    for text in (CONFIG, *(path.read_text() for path in shipped)):
        check_together(complete(text))
