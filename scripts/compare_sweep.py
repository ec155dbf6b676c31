"""The scores of all members of a sweep, with their settings and which of them was chosen."""

from pathlib import Path

import pandas as pd

from morphoflow.analysis.scores import combine_scores
from morphoflow.analysis.sweep import loss_scores, sweep_table
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.tables import read_table, write_table

RUN = ("dataset", "model", "variant", "seed")


def main(
    *,
    scores: list[Path],
    histories: list[Path],
    members: list,
    choose_by: str,
    output: Path,
) -> None:
    """Join ``scores`` and the losses of ``histories``, both in the order of ``members``."""
    described = [tuple(member[name] for name in RUN) for member in members]
    tables = [combine_scores([read_table(path) for path in scores])]
    if histories:
        read = map(read_table, histories)
        tables.append(loss_scores(dict(zip(described, read, strict=True))))
    settings = {member["variant"]: member["settings"] for member in members}
    table = sweep_table(pd.concat(tables, ignore_index=True), settings, choose_by)
    made_by = {"choose_by": choose_by, "members": members}
    write_table(output, table, provenance(inputs=[*scores, *histories], settings=made_by))
    for dataset, part in table[table["chosen"]].groupby("dataset"):
        print(f"{dataset}: chosen is {settings[part['variant'].iloc[0]]}")


if __name__ == "__main__":
    run(main)
