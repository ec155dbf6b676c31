"""Whatever a rule makes can be held against a checksum, so that no damage of it is silent."""

import re

import pytest

from morphoflow.records import MANIFEST, READERS, kind_of
from morphoflow.verify import NO_RESULTS
from places import ROOT

RULES = sorted((ROOT / "rules").glob("*.smk"))
# Tables of times, and what lies in a folder that is an output, which holds its list.
FREE = tuple(f"results/{folder}/" for folder in NO_RESULTS)


def rules_of(text: str) -> dict[str, str]:
    """The outputs of each rule, as they are written."""
    found = re.findall(r"\nrule (\w+):\n(.*?)(?=\nrule |\Z)", f"\n{text}", re.S)
    outputs = {name: re.search(r"\n    output:\n((?:        .*\n)+)", body) for name, body in found}
    return {name: match[1] for name, match in outputs.items() if match}


def files_of(output: str) -> list[str]:
    """The files that a rule makes; folders and what describes figures in the report are none."""
    text = re.sub(r"directory\((?:[^()]|\n)*\)", "", output)
    text = re.sub(r"(?:caption|patterns)=\S+", "", text)
    return [name for name in re.findall(r'"([^"\n]*)"', text) if "." in name]


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_output_holds_a_checksum_or_stands_in_a_list(path):
    for rule, output in rules_of(path.read_text()).items():
        files = [name for name in files_of(output) if not name.startswith(FREE)]
        kinds = {kind_of(ROOT / name) for name in files}
        assert kinds <= {*READERS} or MANIFEST in kinds, f"{rule} makes what nothing vouches for"


def test_outputs_are_found_in_rules():
    outputs = rules_of((ROOT / "rules/atlas.smk").read_text())
    assert files_of(outputs["draw_atlas"]) == [
        *("results/{dataset}/atlas.html", "results/{dataset}/atlas.files.json")
    ]
    outputs = rules_of((ROOT / "rules/figures.smk").read_text())
    assert {"results/{dataset}/figures/scores.svg", "files.json"} <= {
        *files_of(outputs["draw_cells"])
    }
    assert len(outputs) == 5
