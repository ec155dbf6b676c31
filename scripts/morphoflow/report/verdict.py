"""In plain words, which model of a dataset is best and how sure that is."""

import pandas as pd

from morphoflow.figures.style import readable

LEVEL = 0.05
# How a row was made; a baseline learns no features by a network.
BASELINE, UNTRAINED, TRAINED, COMBINED = "baseline", "untrained", "trained", "combination"
FEWEST_GROUPS = 6
MOST_NAMED = 6


def run_name(model: str, variant: str) -> str:
    """A variant of a model as words."""
    return readable(model) if variant == "default" else f"{readable(model)} ({readable(variant)})"


def in_words(ranking: pd.DataFrame, pairs: pd.DataFrame) -> list[str]:
    """Sentences on the best row of ``ranking``, which has a column ``kind``, and its rivals."""
    if ranking["balanced_accuracy"].isna().all():
        return [_unjudged(ranking)]
    best = ranking.iloc[0]
    sentences = [_best(best)]
    rest = ranking.iloc[1:].dropna(subset="balanced_accuracy")
    if len(rest):
        sentences.append(_rivals(best, rest))
    if best["groups"] >= FEWEST_GROUPS:
        sentences += _learned(ranking, pairs)
    seen = int(ranking["balanced_accuracy"].isna().sum())
    if seen:
        sentences.append(
            f"No cross-validation for {seen} of {len(ranking)} rows: their model saw labels, or "
            "there are too few objects. They stand below, by the test split."
        )
    return sentences


def _unjudged(ranking: pd.DataFrame) -> str:
    if ranking["test_balanced_accuracy"].notna().any():
        return (
            "No row has a cross-validation: every model saw labels. The order is by the test "
            "split, and nothing is said about how sure it is."
        )
    return "No order can be given: there are fewer than two labels in two groups of objects."


def _best(best: pd.Series) -> str:
    text = f"Best by cross-validation is {run_name(best['model'], best['variant'])}: "
    text += f"balanced accuracy {best['balanced_accuracy']:.2f}"
    if pd.notna(best["balanced_accuracy_low"]):
        low, high = best["balanced_accuracy_low"], best["balanced_accuracy_high"]
        text += f" (95 % interval {low:.2f} to {high:.2f})"
    chance = best["majority_balanced_accuracy"]
    return f"{text}, where always guessing the most frequent label gives {chance:.2f}."


def _rivals(best: pd.Series, rest: pd.DataFrame) -> str:
    groups = int(best["groups"])
    if groups < FEWEST_GROUPS:
        return f"With {groups} groups of objects no test can tell the rows apart."
    alike = rest[~(rest["corrected_p_value"] < LEVEL)]
    over = f"paired t-tests over {groups:,} groups of objects, Holm's correction for all pairs"
    if alike.empty:
        return f"It is better than every other row ({over}, p < {LEVEL})."
    if len(alike) == len(rest):
        return f"No other row is distinguishable from it ({over}): the order means little."
    names = [run_name(row.model, row.variant) for row in alike.itertuples()]
    shown = ", ".join(names[:MOST_NAMED])
    shown += f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"Not distinguishable from it: {shown} ({over})."


def _learned(ranking: pd.DataFrame, pairs: pd.DataFrame) -> list[str]:
    """Whether training is worth it: against the best baseline, and the untrained twin."""
    judged = ranking.dropna(subset="balanced_accuracy")
    trained = judged[judged["kind"] == TRAINED]
    if trained.empty:
        return []
    best = trained.iloc[0]
    twins = judged[(judged["kind"] == UNTRAINED) & (judged["model"] == best["model"])]
    others = {
        "the best baseline": judged[judged["kind"] == BASELINE],
        "the same network without training": twins,
    }
    return [_against(best, rows.iloc[0], what, pairs) for what, rows in others.items() if len(rows)]


def _against(one: pd.Series, other: pd.Series, what: str, pairs: pd.DataFrame) -> str:
    row = pairs[
        (pairs["model"] == one["model"])
        & (pairs["variant"] == one["variant"])
        & (pairs["other_model"] == other["model"])
        & (pairs["other_variant"] == other["variant"])
    ].iloc[0]
    name, beside = (run_name(r["model"], r["variant"]) for r in (one, other))
    if not row["corrected_p_value"] < LEVEL:
        return f"The best trained model, {name}, is not distinguishable from {what}, {beside}."
    word = "better" if row["difference"] > 0 else "worse"
    by = abs(row["difference"])
    return f"The best trained model, {name}, is {word} than {what}, {beside}, by {by:.2f}."
