"""A paragraph on methods, with the works to cite, from what ran and with which settings."""

import re
from dataclasses import dataclass

from morphoflow.plan.models import CORRECT_FOR
from morphoflow.report.found import NOUNS, counted
from morphoflow.report.verdict import BASELINE, COMBINED, run_name

MARK = re.compile(r"\[(@[^\]]+)\]")


@dataclass(frozen=True)
class Ran:
    """What the text is about.

    ``datasets`` hold for each dataset its ``modality``, the number of ``objects``, and ``rows`` of
    its ranking (``model variant kind``); ``models`` the cards, ``analysis`` the settings of the
    analysis, ``versions`` those of packages.
    """

    datasets: dict[str, dict]
    models: dict[str, dict]
    analysis: dict[str, dict]
    versions: dict[str, str]


def methods(ran: Ran, bibliography: dict[str, str]) -> tuple[str, list[str]]:
    """The paragraph with numbers in brackets, and the references in the order of their numbers."""
    parts = [_software(ran), *_data(ran), *_models(ran), *_analysis(ran), *_compared(ran)]
    text = " ".join(parts)
    order: list[str] = []

    def number(mark: re.Match) -> str:
        keys = [key.strip().removeprefix("@") for key in mark[1].split(",")]
        order.extend(key for key in keys if key not in order)
        return f"[{', '.join(str(order.index(key) + 1) for key in keys)}]"

    return MARK.sub(number, text), [bibliography[key] for key in order]


def _software(ran: Ran) -> str:
    used = ", ".join(
        f"{name} {ran.versions[name]}"
        for name in ("python", "numpy", "scikit-learn", "torch")
        if name in ran.versions
    )
    version = ran.versions.get("morphoflow", "")
    return (
        f"Data were analysed with morphoflow {version} ({used}), a workflow in Snakemake "
        "[@molder2021]; analyses use scikit-learn [@pedregosa2011]."
    )


def _data(ran: Ran) -> list[str]:
    parts = [
        f"{name} ({counted(facts['objects'], *NOUNS[facts['modality']])})"
        for name, facts in ran.datasets.items()
    ]
    return [
        f"Datasets: {', '.join(parts)}. Objects were divided into training, validation and test "
        "splits by group, so that objects of one group share a split; models were fitted to the "
        "training split alone."
    ]


def _models(ran: Ran) -> list[str]:
    """What was compared on each dataset, each model with the works that its card names."""
    sentences = []
    for name, facts in ran.datasets.items():
        rows = [
            run_name(row["model"], row["variant"])
            + (", a baseline" if row["kind"] == BASELINE else "")
            + _marks(ran.models[row["model"]].get("cites", []))
            + _corrected(ran, row)
            for row in facts["rows"]
        ]
        sentences.append(f"Embeddings of {name}: {'; '.join(rows)}.")
    return sentences


def _corrected(ran: Ran, row: dict) -> str:
    """How a combination of embeddings was corrected for batches, where it was."""
    own = ran.analysis["combinations"] if row["kind"] == COMBINED else {}
    column = own.get(row["variant"], {}).get(CORRECT_FOR)
    return f", with {column} mixed by Harmony [@korsunsky2019]" if column else ""


def _marks(keys: list[str]) -> str:
    return f" [{', '.join(f'@{key}' for key in keys)}]" if keys else ""


def _analysis(ran: Ran) -> list[str]:
    validation, maps, clusters = (ran.analysis[k] for k in ("cross_validation", "maps", "clusters"))
    return [
        "Labels were predicted from embeddings by nearest neighbours, logistic regression and "
        f"random forests [@breiman2001] in {validation['repeats']} repeats of nested "
        f"cross-validation with {validation['folds']} folds [@varma2006], whole groups held out "
        "together. Embeddings are ranked by the balanced accuracy of logistic regression; "
        "intervals (95 %) are of a bootstrap over groups "
        f"({validation['bootstraps']:,} draws) [@efron1979], and differences were tested by paired "
        "t-tests over groups with Holm's correction for all pairs of embeddings [@holm1979].",
        f"Clusters ({', '.join(clusters['methods'])}) are compared with labels by the adjusted "
        "Rand index [@hubert1985] and judged by their stability when a fifth of the groups is "
        "left out [@benhur2002].",
        f"Maps show principal components, t-SNE (perplexity {maps['perplexity']:g}) [@maaten2008] "
        f"and UMAP ({maps['neighbours']} neighbours) [@mcinnes2018].",
        "Outliers and retrieval are corrected for the false discovery rate [@benjamini1995] "
        f"({ran.analysis['outliers']['false_discovery_rate']:g} and "
        f"{ran.analysis['retrieval']['false_discovery_rate']:g}).",
    ]


def _compared(ran: Ran) -> list[str]:
    """How groups of objects were compared, where they were."""
    compared = [ran.analysis["compare"].get(name) for name in ran.datasets]
    draws = sorted({settings["permutations"] for settings in compared if settings})
    if not draws:
        return []
    return [
        "Groups of objects were compared in every measure and in the share of every cluster by "
        f"permutation ({', '.join(f'{n:,}' for n in draws)} arrangements) of whole units, or of "
        "objects inside units where groups meet there, of mean ranks within strata "
        "[@vanelteren1960, @phipson2010]; effects are Cliff's delta [@cliff1993] with intervals of "
        "a bootstrap over units, and p-values are corrected for the false discovery rate of 0.05 "
        "[@benjamini1995]."
    ]
