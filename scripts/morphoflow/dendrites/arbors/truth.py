"""What was traced in simulated images beside what is true of the arbors that they show."""

import pandas as pd

# The statistic of :mod:`.arbors` for each of what a simulation says of the part that is seen, and
# those that no arbor has, as dendrites never fuse.
TRUE = {
    "seen_length_um": "skeleton_length_um",
    **{f"seen_{name}": name for name in ("branch_points", "tips", "cut_ends", "crossings")},
}
NONE = ("contacts", "loops")


def true_and_traced(objects: pd.DataFrame, arbors: pd.DataFrame) -> pd.DataFrame | None:
    """Means of the simulated images among ``objects``: ``true``, ``traced`` and ``error``.

    A row for each statistic of ``arbors`` whose truth is known; ``error`` is the difference by the
    mean truth, NaN where that is below 1, and ``n`` counts images. None where none was simulated.
    """
    simulated = objects[objects["simulated"]]
    if simulated.empty:
        return None
    known = [name for name in TRUE if TRUE[name] in arbors]
    both = simulated[["id", *known]].rename(columns=TRUE)
    both = both.merge(arbors, on="id", suffixes=("_true", "_traced"), validate="one_to_one")
    names = [TRUE[name] for name in known]
    rows = [(both[f"{name}_true"].mean(), both[f"{name}_traced"].mean()) for name in names]
    rows += [(0.0, both[name].mean()) for name in NONE]
    table = pd.DataFrame(rows, index=[*names, *NONE], columns=["true", "traced"])
    error = table["traced"] / table["true"].where(table["true"] >= 1) - 1
    return table.assign(error=error, n=len(both))
