"""How well classes are told apart by embeddings, for ``organelles_embeddings.py``."""

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# What a logistic regression multiplies the errors of standardised columns with.
PENALTY = 0.1
SCORES = ("accuracy", "forest", "ari")
REPEATS, DRAWS = 5, 2000


def joined(*blocks: np.ndarray) -> np.ndarray:
    """Embeddings side by side, each standardised and of the same total variance."""
    parts = [StandardScaler().fit_transform(x) for x in blocks]
    return np.concatenate([x / np.sqrt(x.var(0).sum()) for x in parts], axis=1)


def grouped(objects: pd.DataFrame) -> bool:
    """Whether objects share groups."""
    return objects["group"].nunique() < len(objects)


def scores(x: np.ndarray, objects: pd.DataFrame, seed: int) -> tuple[dict, np.ndarray]:
    """The SCORES of the labelled objects, and how often the regression got each right (n,)."""
    known = objects["label"].notna().to_numpy()
    x, label = StandardScaler().fit_transform(x[known]), objects["label"][known].to_numpy(str)
    ways = divisions(objects[known], seed)
    regression = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=1000)
    linear = make_pipeline(StandardScaler(), regression)
    right = np.mean([cross_val_predict(linear, x, label, **way) == label for way in ways], 0)
    trees = {"class_weight": "balanced", "min_samples_leaf": 2, "random_state": seed}
    by_trees = cross_val_predict(RandomForestClassifier(50, **trees), x, label, **ways[0])
    found = KMeans(len(set(label)), n_init=10, random_state=seed).fit_predict(x)
    accuracies = (of_classes(each, label).mean() for each in (right, by_trees == label))
    made = (*accuracies, adjusted_rand_score(label, found))
    return dict(zip(SCORES, map(float, made), strict=True)), right


def divisions(objects: pd.DataFrame, seed: int) -> list[dict]:
    """How the objects are divided: by whole groups, or REPEATS times into five folds."""
    if grouped(objects):
        return [{"cv": LeaveOneGroupOut(), "groups": objects["group"].to_numpy(str)}]
    seeds = range(REPEATS * seed, REPEATS * (seed + 1))
    return [{"cv": StratifiedKFold(5, shuffle=True, random_state=each)} for each in seeds]


def of_classes(right: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The mean of what objects (n,) are got right, by class (c,)."""
    return np.array([right[label == name].mean() for name in np.unique(label)])


def means(part: pd.DataFrame) -> dict[str, float]:
    """Means over seeds of what was measured."""
    return part.mean().dropna().round(3).to_dict()


def gain(table: pd.DataFrame, one: str, other: str) -> dict[str, list[float]]:
    """Mean and ends of the 95 % interval over seeds of the paired differences in the SCORES."""
    gains = {}
    for name in SCORES:
        difference = (table.loc[one][name] - table.loc[other][name]).to_numpy()
        reach = student.ppf(0.975, len(difference) - 1) * difference.std(ddof=1)
        reach /= np.sqrt(len(difference))
        middle = difference.mean()
        gains[name] = [round(float(v), 3) for v in (middle, middle - reach, middle + reach)]
    return gains


def by_objects(more: np.ndarray, labels: pd.Series) -> list[float]:
    """Mean over classes, and ends of its 95 % interval, of what each object (n,) is got right more.

    Objects are drawn anew within classes.
    """
    generator, label = np.random.default_rng(0), labels.to_numpy(str)
    parts = [more[label == name] for name in np.unique(label)]
    drawn = [part[generator.integers(len(part), size=(DRAWS, len(part)))].mean(1) for part in parts]
    ends = np.quantile(np.mean(drawn, 0), [0.025, 0.975])
    return [round(float(v), 3) for v in (np.mean([part.mean() for part in parts]), *ends)]
