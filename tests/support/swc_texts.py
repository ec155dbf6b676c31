"""Reading SWC files as the tests write them."""

from pathlib import Path

import numpy as np

from morphoflow.forest import Forest
from morphoflow.neurons.reading.prepare import Part, read_neurons

ALL = ["axon", "dendrite", "apical", "other"]
PLAIN = """1 1 0 0 0 5 -1
2 3 0 10 0 1 1
3 3 -4 13 0 1 2
4 3 4 13 0 1 2
"""


def read(files, part=None, **settings):
    defaults = {
        "compartments": ALL,
        "roots": "join",
        "on_bad_input": "skip",
    }
    return read_neurons([Part(files, **(part or {}))], **{**defaults, **settings})


def read_text(folder: Path, text: str | bytes, **settings):
    """The one neuron of a text, and its findings as {code: row of the quality table}."""
    file = folder / "cell.swc"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    forest, quality = read([file], **settings)
    forest.check()
    findings = quality[quality["code"] != "verdict"]
    return forest, {row["code"]: row for _, row in findings.iterrows()}


def assert_same(a: Forest, b: Forest, atol: float = 0.0) -> None:
    for name in ("ids", "offsets", "parent", "compartment", "bridge"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("xyz", "radius"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=0, atol=atol)


def segments(forest: Forest) -> list[tuple]:
    """The segments of a forest of one as sorted coordinates, whatever the order of its nodes."""
    up = forest.parent_row[1:]
    return sorted(map(tuple, np.hstack([forest.xyz[1:], forest.xyz[up]]).tolist()))
