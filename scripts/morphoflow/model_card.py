"""A model's card: what it was trained on, how good it is, and what it is not to be used for.

After Mitchell et al., "Model cards for model reporting", FAccT 2019.
"""

import numpy as np
import pandas as pd

from morphoflow.model import Model

# Scores that say most about an embedding, each with words; missing ones are left out.
SCORES = {
    "logistic_balanced_accuracy": "balanced accuracy of logistic regression",
    "knn_balanced_accuracy": "balanced accuracy of nearest neighbours",
    "majority_balanced_accuracy": "balanced accuracy of the most frequent class",
    "retrieval_map": "mean average precision of retrieval",
    "retrieval_chance": "mean average precision by chance",
    "outlier_fraction": "share of objects called outliers",
}
MOST_LABELS = 20


def model_card(
    model: Model, description: str, dataset: str, objects: pd.DataFrame, scores: pd.DataFrame
) -> str:
    """The card as Markdown.

    ``description`` is that of the model's kind, ``objects`` the object table of its ``dataset``,
    ``scores`` those of its embedding (columns split, score, value, low, high, n).
    """
    parts = {
        f"{model.name} trained on {dataset}": description.strip(),
        "Training data": _data(model, objects),
        "Scores": _scores(scores),
        "Limits": _limits(model, objects),
        "How it was made": _made(model),
        "How to use it": _use(),
    }
    first, *rest = parts.items()
    sections = [f"# {first[0]}\n\n{first[1]}", *(f"## {title}\n\n{text}" for title, text in rest)]
    return "\n\n".join(sections) + "\n"


def _data(model: Model, objects: pd.DataFrame) -> str:
    train = objects[objects["split"] == "train"]
    splits = objects["split"].value_counts()
    parts = ", ".join(f"{splits.get(name, 0)} {name}" for name in ("train", "validation", "test"))
    lines = [
        f"{len(objects)} objects of {objects['group'].nunique()} groups ({parts}); the network was "
        f"fitted to the {len(train)} of the training split.",
        f"Labels seen by the training: {len(model.labels_seen) or 'none'}.",
    ]
    counts = train["label"].value_counts()
    if len(counts):
        named = [f"{_plain(name)} {n}" for name, n in counts.head(MOST_LABELS).items()]
        more = f" and {len(counts) - MOST_LABELS} more" if len(counts) > MOST_LABELS else ""
        lines.append(f"Training objects by label: {', '.join(named)}{more}.")
    return "\n\n".join(lines)


def _scores(scores: pd.DataFrame) -> str:
    lines = ["| score | of | value | 95 % interval | objects |", "|---|---|---|---|---|"]
    shown = scores[scores["score"].isin(SCORES) & scores["value"].notna()]
    for row in shown.itertuples():
        interval = f"{row.low:.3f} to {row.high:.3f}" if np.isfinite(row.low) else "none"
        lines.append(
            f"| {SCORES[row.score]} | {row.split} | {row.value:.3f} | {interval} | {row.n} |"
        )
    if not len(shown):
        return "None could be computed: the objects have fewer than two labels, or are too few."
    return "\n".join(lines)


def _limits(model: Model, objects: pd.DataFrame) -> str:
    labels = objects.loc[objects["split"] == "train", "label"].dropna()
    rare = [_plain(name) for name, n in labels.value_counts().items() if n < 10]
    lines = [
        "* It knows objects of the kind, staining, resolution and preparation above. How far "
        "outside of them a new object lies, the rule `apply_model` says (`training_percentile`).",
        "* Objects of one group (animal, image) are alike: scores of new groups may be lower than "
        "those of a split that shares groups.",
    ]
    if rare:
        lines.append(f"* Fewer than 10 training objects have the label: {', '.join(rare)}.")
    if model.labels_seen:
        lines.append(
            "* It was trained with labels: its embedding of training objects shows these labels, "
            "and is no evidence of structure in the data."
        )
    return "\n".join(lines)


def _made(model: Model) -> str:
    record = model.provenance
    settings = "\n".join(f"* {name}: {value}" for name, value in sorted(model.settings.items()))
    inputs = "\n".join(f"* {entry}" for entry in record["inputs"])
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return f"Seed {record['seed']}; {versions}.\n\nSettings:\n\n{settings}\n\nInputs:\n\n{inputs}"


def _use() -> str:
    return (
        "`morphoflow.models.shared.embedding.vectors(model, samples)` embeds a store of samples. "
        "Without this project `encoder.pt2` does the same, which the target `exported` writes for "
        "models that can do so: "
        '`torch.export.load("encoder.pt2").module()` is a function of a tensor of samples. '
        '`torch.load("model.pt", weights_only=True)` gives the weights (`state`), and what the '
        "network is built from (`settings`, `facts`)."
    )


def _plain(name: object) -> str:
    """A name of the data without what Markdown or HTML would take for markup."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#&" else letter for letter in str(name))
