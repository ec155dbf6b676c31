"""Which groups of objects differ, and how embeddings mix batches: sentences and rows of a page."""

import pandas as pd

from morphoflow.analysis.differences import CLUSTER, FEATURE
from morphoflow.analysis.permuting import FEWEST_FOR_INTERVAL
from morphoflow.figures.style import readable
from morphoflow.report.found import counted
from morphoflow.report.verdict import LEVEL, run_name
from morphoflow.tables import REASON

NOUNS = {FEATURE: ("measure", "measures"), CLUSTER: ("share of a cluster", "shares of clusters")}
MOST_NAMED, MOST_ROWS = 3, 15


def differing_in_words(table: pd.DataFrame, settings: dict) -> list[str]:
    """Sentences on each group of a table of differences, by the settings of the comparison."""
    if REASON in table.attrs:
        return [f"No groups are compared: {table.attrs[REASON]}."]
    sentences = []
    for (group, reference), rows in table.groupby(["group", "reference"], sort=False):
        named, sizes = f"{readable(group)} beside {readable(reference)}", _sizes(rows, settings)
        sentences.append(f"{named} ({readable(settings['column'])}): {_counts(rows)}.")
        sentences.append(f"{sizes}. {_most(rows)}".strip())
        sentences += _cautions(rows.iloc[0], settings)
    return sentences


def _sizes(rows: pd.DataFrame, settings: dict) -> str:
    row = rows.iloc[0]
    n, m = row["units"], row["units_of_reference"]
    if row["crossed"]:
        both = counted(n, "unit", "units")
        return f"Both in {both} of {readable(settings['unit'])}, and compared inside them"
    alone = (n, m) == (row["n"], row["n_of_reference"])
    objects = "" if alone else f", {row['n']:,} and {row['n_of_reference']:,} objects"
    unit = "objects, each for itself" if alone else f"units of {readable(settings['unit'])}"
    within = settings["within"]
    inside = f", compared inside each {readable(within)}" if within else ""
    return f"{n:,} and {m:,} {unit}{objects}{inside}"


def _told(rows: pd.DataFrame) -> dict[str, tuple[pd.DataFrame, int]]:
    """Of each kind the rows that differ, the largest effects first, and how many were tested."""
    found = {}
    for kind in NOUNS:
        mine = rows[rows["kind"] == kind].dropna(subset="p_value")
        differ = mine[mine["corrected_p_value"] <= LEVEL]
        order = differ["effect"].abs().sort_values(ascending=False, kind="stable").index
        found[kind] = differ.loc[order], len(mine)
    return found


def _counts(rows: pd.DataFrame) -> str:
    counts = " and ".join(
        f"{len(differ):,} of {counted(n, *NOUNS[kind])}"
        for kind, (differ, n) in _told(rows).items()
        if n
    )
    return f"{counts} differ"


def _most(rows: pd.DataFrame) -> str:
    """The largest effects that are told from chance; nothing where there are none."""
    named = [
        "; ".join(_named(row) for _, row in differ[:MOST_NAMED].iterrows())
        for differ, _ in _told(rows).values()
        if len(differ)
    ]
    return f"Most: {'; '.join(named)}." if named else ""


def _named(row: pd.Series) -> str:
    interval = "" if pd.isna(row["low"]) else f", {row['low']:+.2f} to {row['high']:+.2f}"
    return f"{title_of(row)} ({row['effect']:+.2f}{interval})"


def title_of(row: pd.Series) -> str:
    """What a row is about: a measure, or a cluster of a run."""
    if row["kind"] == FEATURE:
        return readable(row["name"])
    name = "noise" if row["name"] == "noise" else f"cluster {row['name']}"
    return f"{name} of {run_name(row['model'], row['variant'])}"


def _cautions(row: pd.Series, settings: dict) -> list[str]:
    n, m = row["units"], row["units_of_reference"]
    sentences = []
    if row["least_p_value"] > LEVEL:
        sentences.append(
            f"With {n:,} and {m:,} units no p-value can be below {row['least_p_value']:.2g}, "
            "however large a difference: effects are shown, and nothing is decided. More units, "
            "not more objects of each, would change that."
        )
    if min(n, m) < FEWEST_FOR_INTERVAL:
        sentences.append(f"No intervals: there are fewer than {FEWEST_FOR_INTERVAL} units a group.")
    if row["crossed"]:
        sentences.append(
            f"The test takes objects of one {readable(settings['unit'])} for independent of one "
            "another; if they are not, name what was treated as a whole as `unit`."
        )
    return sentences


def mixing_in_words(table: pd.DataFrame) -> list[str]:
    """A sentence on how well embeddings mix batches; none where no batch has several objects."""
    known = table.dropna(subset="same_batch")
    if known.empty:
        return []
    best, worst = known.iloc[0], known.iloc[-1]
    parts = [
        f"{run_name(row['model'], row['variant'])} {row['same_batch']:.0%} ({row['expected']:.0%})"
        for row in ([best] if len(known) == 1 else [best, worst])
    ]
    return [
        f"Neighbours of the same {readable(best['batch'])}, and how many there would be by chance "
        f"among objects of one group: {', '.join(parts)}"
        + (", from the best mixed embedding to the worst." if len(known) > 1 else ".")
    ]


def rows_of_differences(table: pd.DataFrame) -> list[dict]:
    """The rows that a page shows: those least by chance, then those with the largest effects."""
    order = table.assign(size=-table["effect"].abs()).sort_values(
        ["corrected_p_value", "size"], kind="stable"
    )
    shown = order.dropna(subset="p_value").head(MOST_ROWS)
    titles = [title_of(row) for _, row in shown.iterrows()]
    rows = shown.astype(object).where(shown.notna(), None).assign(title=titles)
    return rows.to_dict("records")
