"""The quality table: one form for all modalities, and a code with a remedy for every finding."""

import ast
from pathlib import Path

import pandas as pd
import pytest

from morphoflow.cells.reading.prepare import CODES as CELLS
from morphoflow.dendrites.reading.prepare import CODES as DENDRITES
from morphoflow.errors import InputError
from morphoflow.images.images import CODES as IMAGES
from morphoflow.neurons.reading.prepare import CODES as NEURONS
from morphoflow.neurons.reading.prepare import MEASURED
from morphoflow.reading.findings import Finding, Refused
from morphoflow.reading.quality import (
    COUNTS,
    Report,
    fault,
    note,
    nothing_left,
    quality_table,
    with_rows,
)

FOUND = ("Finding", "Refused")
LIBRARY = Path(__file__).resolve().parents[2] / "scripts" / "morphoflow"
READERS = {
    "images": (IMAGES, {}),
    "cells/reading": (CELLS, IMAGES),
    "dendrites/reading": (DENDRITES, IMAGES),
    "neurons/reading": (NEURONS, {}),
}
CODES = {
    "seen": ("info", "nothing is wrong"),
    "mended": ("repaired", "it was mended"),
    "broken": ("refused", "mend it"),
}
SEEN, MENDED, BROKEN = (Finding(code, f"it is {code}", value="7") for code in CODES)
ONE_BROKEN = Finding("broken", "one is broken", id="a")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "ok"),
        ([SEEN], "ok"),
        ([SEEN, MENDED], "repaired"),
        ([MENDED, ONE_BROKEN], "partly_refused"),
        ([ONE_BROKEN, BROKEN, SEEN], "refused"),
    ],
)
def test_the_verdict_on_a_file_is_its_worst_finding(findings, verdict):
    assert Report("f", CODES, findings=findings).verdict == verdict


def test_a_refusal_names_the_remedy_and_stops_or_is_listed():
    report = Report("f.tif", CODES)
    with pytest.raises(InputError, match=r"^f\.tif: it is broken; mend it, or set on_bad_input to"):
        report.refuse(BROKEN, "stop")
    assert report.findings == [] and SEEN.sentence(CODES) == "it is seen"
    report.refuse(Refused("broken", "it is broken", value="7").finding, "skip")
    assert report.findings == [BROKEN]
    said = nothing_left([Report("ok.tif", CODES, findings=[SEEN]), report], "look elsewhere")
    assert str(said) == "nothing is left to use. f.tif: it is broken; mend it."
    assert str(nothing_left([], "look elsewhere")) == "look elsewhere"


def test_a_file_has_a_row_of_its_measures_and_then_one_for_each_finding():
    measured = {"n_objects_read": 3, "n_objects": 2}
    report = Report("f.tif", CODES, findings=[ONE_BROKEN, SEEN], measured=measured)
    table = quality_table([report], COUNTS)
    assert list(table)[:5] == ["id", "file", "verdict", "severity", "code"]
    assert list(table)[5:] == ["value", "message", "n_objects_read", "n_objects"]
    assert table["code"].tolist() == ["verdict", "broken", "seen"]
    assert table["id"].tolist() == ["", "a", ""] and set(table["verdict"]) == {"partly_refused"}
    assert table["message"].tolist() == ["2 findings", "one is broken; mend it", "it is seen"]
    assert table["n_objects"].tolist() == [2, pd.NA, pd.NA]


def test_a_table_on_files_of_lines_says_the_line_and_the_one_object_of_the_file():
    found = Finding("mended", "line mended", line=4)
    table = quality_table([Report("n.swc", CODES, "n", [found])], MEASURED, lines=True)
    assert list(table)[5:8] == ["line", "value", "message"] and list(table)[8:] == list(MEASURED)
    assert table["line"].tolist() == [pd.NA, 4] and table["id"].tolist() == ["n", "n"]
    assert table.dtypes[list(MEASURED)].astype(str).to_dict() == MEASURED
    assert table["cable_length_um"].isna().all() and table["verdict"].unique() == ["repaired"]


def test_rows_on_labels_come_last_and_change_no_type():
    table = quality_table([Report("f", CODES, measured=dict.fromkeys(COUNTS, 1))], COUNTS)
    longer = with_rows(table, [fault("stray", "gone", id="x", line=2), note("same", "alike")])
    assert longer["verdict"].tolist() == ["ok", "skipped", "ok"]
    assert longer["severity"].tolist() == ["info", "refused", "info"]
    pd.testing.assert_frame_equal(longer[:1], table)
    pd.testing.assert_frame_equal(with_rows(table, []), table)


@pytest.mark.parametrize("folder", READERS)
def test_every_finding_of_a_reader_has_a_code_and_every_code_is_used(folder):
    codes, elsewhere = READERS[folder]
    named, texts = set(), set()
    for file in (LIBRARY / folder).glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in without_codes(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FOUND and node.args:
                named |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
            if isinstance(node, ast.Constant):
                texts.add(node.value)
    assert named and named <= set(codes)
    assert set(codes) - set(elsewhere) <= texts


def without_codes(tree: ast.Module):
    """All nodes of a module but those of its table of codes."""
    for statement in tree.body:
        if not isinstance(statement, ast.AnnAssign):
            yield from ast.walk(statement)
