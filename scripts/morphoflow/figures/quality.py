"""What was found in the files of a dataset, and what became of them."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.figures.style import in_style, readable, remark

COLORS = {
    "ok": "#009E73",
    "info": "#56B4E9",
    "repaired": "#E69F00",
    "refused": "#D55E00",
    "skipped": "#8A8A8A",
}
VERDICTS = ("ok", "repaired", "refused", "skipped")
# The finding that says what became 0 and 1 in the whole dataset: it is written out below.
RANGE = "intensity_range"
SEVERITIES = ("info", "repaired", "refused", "skipped")


def verdict_counts(quality: pd.DataFrame) -> pd.Series:
    """The number of files by verdict, the usual verdicts first."""
    counts = quality.drop_duplicates("file")["verdict"].value_counts()
    usual = [name for name in VERDICTS if name in counts]
    return counts.loc[usual + sorted(set(counts.index) - set(usual))]


def finding_counts(quality: pd.DataFrame) -> pd.DataFrame:
    """The number of files with each finding: ``code``, ``severity``, ``files``, worst first."""
    findings = quality[~quality["code"].isin(["verdict", RANGE])]
    counts = findings.groupby(["code", "severity"])["file"].nunique().rename("files").reset_index()
    rank = {name: i for i, name in enumerate(SEVERITIES)}
    counts["rank"] = [-rank.get(severity, -1) for severity in counts["severity"]]
    ordered = counts.sort_values(["rank", "files", "code"], ascending=[True, False, True])
    return ordered.drop(columns="rank").reset_index(drop=True)


@in_style
def plot_quality(quality: pd.DataFrame) -> Figure:
    """Files by verdict, and files by finding, from a quality table."""
    verdicts, findings = verdict_counts(quality), finding_counts(quality)
    height = 1.2 + 0.24 * max(len(verdicts), len(findings), 4)
    figure = Figure(figsize=(7.2, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    _bars(left, list(verdicts.index), verdicts.to_numpy(), list(verdicts.index))
    figure.supxlabel(_range_of(quality), fontsize=7, x=0.02, ha="left", wrap=True)
    left.set_title(f"verdict on each of {quality['file'].nunique()} files", loc="left")
    right.set_title("files with each finding", loc="left")
    if findings.empty:
        remark(right, "nothing was found in any file")
        return figure
    _bars(right, findings["code"].tolist(), findings["files"].to_numpy(), findings["severity"])
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
    "refused": "file refused",
    "skipped": "file skipped",
}


def _bars(axes: Axes, names: list[str], counts, kinds) -> None:
    colors = [COLORS.get(kind, COLORS["skipped"]) for kind in kinds]
    bars = axes.barh(range(len(names)), counts, color=colors, height=0.7)
    axes.bar_label(bars, padding=2, fontsize=7)
    axes.set_yticks(range(len(names)), [readable(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 1.12 * max(counts))
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("files")
