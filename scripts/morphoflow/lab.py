"""A new lab folder: the configuration and the results of a lab, beside a clone of the workflow.

``python -m morphoflow.lab --folder DIR``, or ``make lab DIR=...``.
"""

import json
import os
from pathlib import Path

from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.plan.config import MODALITIES
from morphoflow.plan.runs import COLUMNS

WORKFLOW = Path(__file__).resolve().parents[2]
CONFIG = """# What to compute. Every key, its meaning and its default: {workflow}/config/README.md
# All paths are relative to the folder in which snakemake is called, the one above this file's.
# Take the # away before an example and write your own paths and names. A dataset without `models`
# gets those that are recommended for its kind; single runs may be listed in config/runs.tsv.
runs: config/runs.tsv
"""
SNAKEFILE = '''# The workflow, as it is in its own folder; configuration, data and results lie here.
include: {snakefile}


rule everything:
    """All that the configuration asks for, with the report."""
    default_target: True
    input:
        rules.all.input,
    localrule: True
'''


def main(folder: Path) -> None:
    """Make a lab folder with a configuration to fill in; nothing that is there is overwritten.

    Raises InputError where the folder holds one of the files already.
    """
    folder = folder.expanduser()
    if not (WORKFLOW / "Snakefile").is_file():
        raise InputError(
            f"'{WORKFLOW}' holds the library without the workflow; call this in a clone of it."
        )
    files = lab_files(WORKFLOW)
    there = [name for name in [*files, "profiles"] if os.path.lexists(folder / name)]
    if there:
        raise InputError(
            f"the folder '{folder}' holds '{there[0]}' already, and nothing is overwritten; "
            f"name another folder, or move that file away."
        )
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "profiles").symlink_to(WORKFLOW / "profiles")
    print(
        f"Made the lab folder '{folder}'. Next: fill in config/config.yaml; its README.md says how."
    )


def lab_files(workflow: Path) -> dict[str, str]:
    """The text of each file of a lab folder, by its path in it, for a ``workflow``'s folder."""
    ours = workflow / "resources" / "lab"
    snakefile = json.dumps(str(workflow / "Snakefile"), ensure_ascii=False)
    return {
        "config/config.yaml": CONFIG.format(workflow=workflow) + _examples(workflow),
        "config/runs.tsv": "\t".join(COLUMNS) + "\n",
        "Snakefile": SNAKEFILE.format(snakefile=snakefile),
        ".gitignore": (ours / "gitignore").read_text(encoding="utf-8"),
        "README.md": (ours / "README.md")
        .read_text(encoding="utf-8")
        .replace("CLONE", str(workflow)),
    }


def _examples(workflow: Path) -> str:
    """An example of each kind of data, commented out."""
    folder = workflow / "config" / "examples"
    texts = [(folder / f"{kind}.yaml").read_text(encoding="utf-8") for kind in MODALITIES]
    return "".join("\n" + "".join(f"# {line}\n" for line in t.splitlines()) for t in texts)


if __name__ == "__main__":
    run(main)
