"""What learned embeddings of organelles add to the table of measures, beside untrained twins.

On the hard phantom, or with ``--lab`` on the results of a dataset in a lab folder (its target
``samples``, with the models features, voxels and point_ae). Scores are of frozen embeddings:
balanced accuracy of a logistic regression and of a random forest in folds that all embeddings of a
seed share, and the adjusted Rand index of k-means with as many clusters as classes. Where objects
have groups, each group is predicted from the others; else there are five folds, divided anew five
times (once for the forest) with each seed, as is the network. Networks learn from the training
split and see no label.

``gain`` is that of a trained model over its untrained twin, alone and beside the table, and of
table and model together over the table alone: the mean of paired differences with two 95 %
intervals, over seeds (Student, so that of networks) and over objects (bootstrap within classes of
the mean over seeds, so that of objects like these). Seconds are process CPU seconds on one thread.

Tried with seed 0 alone, accuracy alone and beside the table (.529): the volume VAE as below .433
and .696; with mirrored training objects .392 and .663; these with the loss under the best of the
eight mirrored poses of each object (after O2-VAE) .308 and .604, at 2.4 times the cost; the
contrastive model as below .354 and .608, its untrained twin .379 and .625. The first of these was
then run with five seeds.

``organelles_urocell*.json`` are of UroCell with these same settings; the last two
tell what experts said of each mitochondrion. 219 of its 335 objects are cut by the border, so that
the table has little but their surface to volume; with ``border: keep`` it tells mitochondria and
lysosomes .807 apart (.830 as recorded), and branched mitochondria .824 (.656). The contrastive
model, seed 0 alone, tells the former .795 apart, untrained .764, beside the table .859 and .797.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from machine import cpu_model
from organelles_scores import by_objects, gain, grouped, joined, means, scores

from morphoflow.model import Model, write_model
from morphoflow.models.interface import Baseline, Embedding, Trained, load_model
from morphoflow.plan.models import read_models, settings_of
from morphoflow.store import read_samples
from morphoflow.tables import read_objects
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
PHANTOM = {"kind": "hard", "shape": [160, 640, 640], "voxel_size_nm": [16, 8, 8]}
PHANTOM |= {"per_class": 60, "seed": 7}
MERGING = {"split": {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 17}}
MERGING |= {"label_column": "label", "on_bad_input": "stop", "min_voxels": 1, "border": "mark"}
MEASURES = {"neighbour_radius_um": 1, "density_cell_um": 1, "border": "mark"}
CUBES = {"size": 32, "scale": "object", "fill": 0.9, "background": "mask"}
CLOUDS = {"number": 1024, "sampling": "farthest", "scale": "unit", "seed": 0}
# Stores of samples: the script that makes them, its settings, and how objects lie in them.
SAMPLES = {
    "volumes": ("cut_volumes", CUBES, "axes"),
    "volumes_as_they_lie": ("cut_volumes", CUBES, "as_it_lies"),
    "points": ("sample_points", CLOUDS, "axes"),
}
# Models with what is changed of their variant; each has an untrained twin. Texture is too fine for
# cubes of 32 voxels here, and in the table, so that the first two see the mask alone.
MODELS = {
    "volume_vae": ("volume_vae", {"epochs": 20, "channels": ["mask"], "augment": "none"}),
    "contrastive": ("contrastive", {"epochs": 20, "channels": ["mask"]}),
    "contrastive, two scales": ("contrastive", {"epochs": 30, "fine_size": 14}),
    "point_ae": ("point_ae", {"epochs": 12}),
}
VARIANT = {"contrastive": "demo", "volume_vae": "demo", "point_ae": "demo"}
# Baselines without training, and the store that each is fitted on.
BASELINES = {"voxels": "volumes", "voxels, as they lie": "volumes_as_they_lie"}
STORES = ("features.zarr", "volumes.zarr", "points.zarr")
TABLE = "table"


def main() -> None:
    """Prepare the samples, train, score, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", type=Path, help="results of a dataset; without it a phantom")
    parser.add_argument("--source", default="", help="where the dataset is from, for the record")
    parser.add_argument("--labels", type=Path, help="table (id, label) of other classes")
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where samples stay (default: temporary)")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        if options.lab is None:
            prepare(folder)
        else:
            take(folder, options.lab)
        made = {"source": options.source or PHANTOM, **record(folder, options)}
    options.output.write_text(json.dumps(made, indent=1) + "\n")
    print(options.output.read_text())


def take(folder: Path, lab: Path) -> None:
    """Take the object table and samples of a dataset's results ``lab``."""
    for name, place in {"objects.parquet": lab, **dict.fromkeys(STORES, lab / "samples")}.items():
        if not (folder / name).exists():
            (folder / name).symlink_to((place / name).absolute())


def prepare(folder: Path) -> None:
    """Make a phantom, its object table, measures and samples."""
    phantom = folder / "phantom"
    if not phantom.exists():
        run("generate_phantom", settings=PHANTOM, output=phantom)
    source = {"em": str(phantom / "em.zarr"), "labels": str(phantom / "labels.zarr")}
    measure(folder, source, [phantom / "classes.csv"])


def measure(folder: Path, source: dict, classes: list[Path]) -> None:
    """Make the object table, measures and samples of a volume as the workflow's jobs do."""
    tables = {name: folder / f"{name}.parquet" for name in ("objects", "shapes", "contacts")}
    if tables["shapes"].exists():
        return
    none = {"counts": [], "contacts": [], "labels": classes, "block": None}
    made = {"contacts_table": tables["contacts"], "quality": folder / "counted.parquet"}
    run("merge_counts", source=source, settings=MERGING, objects=tables["objects"], **none, **made)
    made = {"features": folder / "features.zarr", "density": folder / "density.parquet"}
    read = {"measures": [], "legacy": False, "settings": MEASURES}
    read |= {"counted": folder / "counted.parquet", "quality": folder / "quality.parquet"}
    run("merge_measures", source=source, **tables, **read, **made)
    for name, (script, settings, pose) in SAMPLES.items():
        table = tables["objects" if pose == "as_it_lies" else "shapes"]
        part, share = folder / f"part_{name}.zarr", {"part": 0, "parts": 1, "pose": pose}
        run(script, settings=settings, output=part, source=source, objects=table, **share)
        joining = {"parts": [part], "names": [], "objects": tables["objects"]}
        run("join_samples", output=folder / f"{name}.zarr", **joining)


def run(script: str, **flags) -> None:
    """Run an entry script as a job does."""
    line = [sys.executable, str(ROOT / "scripts" / f"{script}.py")]
    for name, value in flags.items():
        texts = value if isinstance(value, list) else [value]
        line.append("--" + name.replace("_", "-"))
        line += [json.dumps(v) if isinstance(v, dict | bool | None) else str(v) for v in texts]
    subprocess.run(line, check=True)


def record(folder: Path, options: argparse.Namespace) -> dict:
    """The scores of all embeddings with every seed, their means, and what is gained."""
    objects, names = read_objects(folder / "objects.parquet"), options.models
    if options.labels:
        said = pd.read_csv(options.labels, dtype=str).set_index("id")["label"]
        objects["label"] = objects["id"].map(said)
    cards = read_models(ROOT / "config" / "models")
    stores = {
        name: store for name, store in BASELINES.items() if (folder / f"{store}.zarr").exists()
    }
    rows, right = [], {}
    for seed in range(options.seeds):
        embeddings = {TABLE: fitted(folder, objects, cards, "features", "features")[0]}
        for name, store in stores.items():
            embeddings[name] = fitted(folder, objects, cards, "voxels", store)[0]
        for name in names:
            for trained in (True, False):
                key = name if trained else f"{name}, untrained"
                embeddings[key], facts = embedding(folder, objects, cards, name, seed, trained)
                rows.append({"seed": seed, "embedding": key, **facts})
        for name in list(embeddings)[1:]:
            embeddings[f"{TABLE} + {name}"] = joined(embeddings[TABLE], embeddings[name])
        for key, x in embeddings.items():
            found, right[key, seed] = scores(x, objects, seed)
            rows.append({"seed": seed, "embedding": key, **found})
            print(seed, key, rows[-1], flush=True)
    table = pd.DataFrame(rows).groupby(["embedding", "seed"]).first()
    versus = {name: f"{name}, untrained" for name in names}
    versus |= {f"{TABLE} + {name}": f"{TABLE} + {name}, untrained" for name in names}
    gains = [*versus.items(), *((f"{TABLE} + {name}", TABLE) for name in (*names, *stores))]
    known = objects["label"].dropna()
    made = {f"{a} over {b}": gain(table, a, b) for a, b in gains}
    for a, b in gains:
        more = [right[a, s].astype(float) - right[b, s] for s in range(options.seeds)]
        made[f"{a} over {b}"]["accuracy_by_objects"] = by_objects(np.mean(more, 0), known)
    return {
        "objects": known.value_counts().sort_index().to_dict(),
        "groups": "each is predicted from the others" if grouped(objects) else "none",
        "seeds": options.seeds,
        "models": {name: MODELS[name][1] for name in names},
        "scores": {k: means(part) for k, part in table.groupby(level=0)},
        "gain": made,
        "machine": cpu_model(),
    }


def fitted(
    folder: Path,
    objects: pd.DataFrame,
    cards: dict,
    name: str,
    store: str,
    variant: str = "default",
) -> tuple[np.ndarray, Model]:
    """The embedding by a baseline that is fitted and not trained, and the model."""
    samples, code = read_samples(folder / f"{store}.zarr"), cards[name]["code"]
    settings = settings_of(cards, name, variant)
    facts, state = load_model(code, Baseline).fit(samples, objects, settings, 0)
    model = Model(name, code, settings, facts, state, {})
    return load_model(code, Embedding).embed(model, samples, CPU), model


def embedding(
    folder: Path, objects: pd.DataFrame, cards: dict, name: str, seed: int, trained: bool
) -> tuple[np.ndarray, dict]:
    """The embedding of all objects by a network, and what its training took; kept in ``folder``."""
    kept = folder / f"{name}, seed {seed}, {'trained' if trained else 'untrained'}.npz"
    if kept.exists():
        with np.load(kept) as file:
            return file["x"], json.loads(str(file["facts"]))
    model, changes = MODELS[name]
    card = cards[model]
    changes = card["variants"][VARIANT[model]] | changes | ({} if trained else {"epochs": 0})
    one = {model: {**card, "variants": {"changed": changes}}}
    settings = settings_of(one, model, "changed")
    samples = read_samples(folder / f"{card['form']}.zarr")
    start = time.process_time()
    learner = load_model(card["code"], Trained).build(samples, objects, settings, seed, CPU)
    fabric = make_fabric(gpus=0, precision=settings["precision"], threads=1)
    with TemporaryDirectory() as place:
        loop = {"epochs": settings["epochs"], "patience": 0, "seed": seed, "fabric": fabric}
        made = fit(learner, **loop, checkpoint=Path(place) / "checkpoint")
    used = round(time.process_time() - start, 1)
    trained_model = Model(model, card["code"], settings, learner.facts, made.best, {})
    x = load_model(card["code"], Embedding).embed(trained_model, samples, CPU)
    facts = {"cpu_s": used, "best_epoch": made.best_epoch}
    np.savez(kept, x=x, facts=json.dumps(facts))
    write_model(kept.with_suffix(".pt"), trained_model)
    return x, facts


if __name__ == "__main__":
    main()
