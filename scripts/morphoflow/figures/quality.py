"""What was found in the files of a dataset, and what became of them."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.figures.style import in_style, readable, remark
from morphoflow.reading.quality import COUNTS

COLORS = {
    "ok": "#009E73",
    "info": "#56B4E9",
    "repaired": "#E69F00",
    "refused": "#D55E00",
    "skipped": "#8A8A8A",
    "kept": "#009E73",
    "left out": "#D55E00",
}
# A single bar is as thin as one of these.
FEWEST_BARS = 4
PLACE = ("file", "id", "code", "severity")
VERDICTS = ("ok", "repaired", "refused", "skipped")
# The finding that says what became 0 and 1 in the whole dataset: it is written out below.
RANGE = "intensity_range"
SEVERITIES = ("info", "repaired", "refused", "skipped")


def verdict_counts(quality: pd.DataFrame) -> pd.Series:
    """The number of files by verdict, the usual verdicts first."""
    counts = quality.drop_duplicates("file")["verdict"].value_counts()
    usual = [name for name in VERDICTS if name in counts]
    return counts.loc[usual + sorted(set(counts.index) - set(usual))]


def object_counts(quality: pd.DataFrame) -> pd.Series:
    """How many objects were kept and left out, of a quality table of files that hold many."""
    read, kept = (int(quality[name].sum()) for name in COUNTS)
    counts = pd.Series({"kept": kept, "left out": read - kept})
    return counts[counts > 0] if read else counts[:1]


def finding_counts(quality: pd.DataFrame) -> pd.DataFrame:
    """How often there is each finding: ``code``, ``severity``, ``found``, worst first.

    It counts once for a file, or, where it concerns objects of a file, for each of them.
    """
    findings = quality[~quality["code"].isin(["verdict", RANGE])]
    findings = findings.drop_duplicates([name for name in PLACE if name in quality])
    counts = findings.groupby(["code", "severity"]).size().rename("found").reset_index()
    rank = {name: i for i, name in enumerate(SEVERITIES)}
    counts["rank"] = [-rank.get(severity, -1) for severity in counts["severity"]]
    ordered = counts.sort_values(["rank", "found", "code"], ascending=[True, False, True])
    return ordered.drop(columns="rank").reset_index(drop=True)


@in_style
def plot_quality(quality: pd.DataFrame) -> Figure:
    """What became of files, or of the objects in them, and each finding, from a quality table."""
    files = quality["file"].nunique()
    counted = f"{files:,} file{'' if files == 1 else 's'}"
    many = set(COUNTS) <= set(quality)
    left_bars = object_counts(quality) if many else verdict_counts(quality)
    findings = finding_counts(quality)
    height = 1.2 + 0.24 * max(len(left_bars), len(findings), FEWEST_BARS)
    figure = Figure(figsize=(7.2, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    _bars(left, list(left_bars.index), left_bars.to_numpy(), list(left_bars.index))
    figure.supxlabel(_range_of(quality), fontsize=7, x=0.02, ha="left", wrap=True)
    left.set_xlabel("objects" if many else "files")
    left.set_title(f"objects in {counted}" if many else f"verdict on {counted}", loc="left")
    right.set_title(f"findings ({findings['found'].sum():,})", loc="left")
    if findings.empty:
        remark(right, "nothing was found in any file")
        return figure
    _bars(right, findings["code"].tolist(), findings["found"].to_numpy(), findings["severity"])
    right.set_xlabel("files or objects with it")
    for severity in SEVERITIES:
        if severity in set(findings["severity"]):
            right.barh([0], [0], color=COLORS[severity], label=_MEANINGS[severity])
    figure.legend(loc="outside lower right", ncols=4)
    return figure


def _range_of(quality: pd.DataFrame) -> str:
    """The sentence about the intensities of the dataset, or nothing."""
    told = quality[quality["code"] == RANGE]
    return "\n".join(told["message"]) if len(told) else ""


_MEANINGS = {
    "info": "only noted",
    "repaired": "repaired",
    "refused": "refused",
    "skipped": "skipped",
}


def _bars(axes: Axes, names: list[str], counts, kinds) -> None:
    colors = [COLORS.get(kind, COLORS["skipped"]) for kind in kinds]
    bars = axes.barh(range(len(names)), counts, color=colors, height=0.7)
    axes.bar_label(bars, padding=2, fontsize=7)
    axes.set_yticks(range(len(names)), [readable(name) for name in names])
    axes.set_ylim(max(len(names), FEWEST_BARS) - 0.4, -0.6)
    axes.set_xlim(0, 1.12 * max(*counts, 1))
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    axes.tick_params(axis="y", length=0)
