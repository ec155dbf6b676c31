"""Every path that a rule hands to a shell is quoted, so that any folder may have any name."""

import re

import pytest

from places import ROOT

RULES = sorted((ROOT / "rules").glob("*.smk"))
# Quoted word by word where it is made.
QUOTED = ("{params.configfiles}",)
PATHS = re.compile(r"\{(?:input|output|params|log)\b[^{}]*\}")


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_paths_and_params_are_quoted_in_shell_lines(path):
    shells = re.findall(r"\n    shell:\n((?:        .*\n)+)", path.read_text() + "\n")
    assert path.read_text().count("shell:") == len(shells)
    bare = [
        found
        for lines in shells
        for found in PATHS.findall(lines)
        if not found.endswith(":q}") and found not in QUOTED
    ]
    assert not bare
