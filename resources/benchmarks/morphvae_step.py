"""Time a training step of MorphVAE against the published code, and compare what it has learned.

The published code is not part of this project and needs a checkout of its repository; it runs here
with the project's own packages. Both codes run in the same process on one thread and on the same
generated neurons. Times are process CPU seconds of a whole optimisation step.
"""

import argparse
import contextlib
import io
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from machine import cpu_model

from morphoflow.models.morphvae.learner import MorphVAELearner
from morphoflow.models.morphvae.model import build
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.plan.models import read_models, settings_of

N_WALKS, N_STEPS = 256, 16
N_TIMED = 128
N_TRAIN, N_HELD, BATCH, EPOCHS, SEEDS = 72, 24, 24, 14, (0, 1)
JITTER_UM = 1e-3
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/morphvae_step.py --published CHECKOUT"
CPU = torch.device("cpu")


def main() -> None:
    """Time both codes, train both, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path, required=True, help="checkout of morphvae")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    published = load_published(options.published)
    record = {
        "what": f"a training step on {N_TIMED} toy neurons (set three), {N_WALKS} walks of at most "
        f"{N_STEPS} steps, embedding, hidden and latent size 32, kappa 500, all labels",
        "command": COMMAND,
        "unit": "process CPU seconds per optimisation step, one thread",
        "repeats": options.repeats,
        "cpu": cpu_model(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
        "published": "berenslab/morphvae, the training step of utils/training_utils.py",
        "step": compare_times(published, options.repeats),
        "learning": compare_learning(published),
    }
    options.output.write_text(json.dumps(record, indent=2) + "\n")
    print(options.output.read_text())


def compare_times(published: SimpleNamespace, repeats: int) -> dict:
    """CPU seconds of a step, in turns, on the toy neurons and on walks that are all different."""
    walks = toy_walks(N_TIMED, seed=17)
    ours = make_ours(walks, N_TIMED, batch_size=N_TIMED)
    # Moved apart by less than the figures show, so that no walk is the same as another.
    noise = np.random.default_rng(0).normal(0, JITTER_UM, walks.x.shape)
    apart = SimpleNamespace(**{**vars(walks), "x": (walks.x + noise).astype(np.float32)})
    ours_apart = make_ours(apart, N_TIMED, batch_size=N_TIMED)
    theirs = published.Training(walks, np.arange(N_TIMED), N_TIMED)
    generator, fabric = torch.Generator().manual_seed(0), Fabric(accelerator="cpu")
    rows = torch.arange(N_TIMED)
    jobs = {
        "published": lambda: theirs.epoch(),
        "ours": lambda: ours.step(rows, generator, fabric),
        "ours_all_walks_distinct": lambda: ours_apart.step(rows, generator, fabric),
    }
    seconds = {name: [] for name in jobs}
    for _ in range(repeats + 1):
        for name, job in jobs.items():
            seconds[name].append(timed(job))
    # The first round warms up.
    seconds = {name: values[1:] for name, values in seconds.items()}
    return {
        "mean_length": round(float(walks.length.mean()), 2),
        "walks": int(walks.length.size),
        "distinct_walks": int(ours.train.walks.n_walks.sum()),
        "seconds": {name: summary(values) for name, values in seconds.items()},
        "ratio": {name: ratio(seconds["published"], seconds[name]) for name in list(jobs)[1:]},
    }


def compare_learning(published: SimpleNamespace) -> dict:
    """The error on held-out neurons after equal numbers of steps on equal batches."""
    walks = toy_walks(N_TRAIN + N_HELD, seed=18)
    held = np.arange(N_TRAIN, N_TRAIN + N_HELD)
    errors = {"published": [], "ours": []}
    for seed in SEEDS:
        theirs = published.Training(walks, np.arange(N_TRAIN), BATCH, seed)
        ours = make_ours(walks, N_TRAIN, BATCH, seed)
        generator = torch.Generator().manual_seed(seed)
        for epoch in range(EPOCHS):
            theirs.epoch()
            train_ours(ours, epoch, generator)
        errors["published"].append(theirs.error(held))
        errors["ours"].append(validation_error(ours))
    return {
        "what": "root mean squared error of a coordinate (um) of held-out neurons, the decoder "
        "running free, padding left out, each neuron with equal weight",
        "neurons": {"train": N_TRAIN, "held_out": N_HELD, "per_step": BATCH},
        "steps": EPOCHS * N_TRAIN // BATCH,
        "seeds": list(SEEDS),
        "rmse_um": {name: [round(value, 4) for value in of] for name, of in errors.items()},
    }


def make_ours(
    walks: SimpleNamespace, n_train: int, batch_size: int, seed: int = 0
) -> MorphVAELearner:
    """Our learner with its default settings; the neurons after ``n_train`` are for validation."""
    settings = settings_of(read_models(Path("config/models")), "morphvae", "default")
    n = len(walks.x)
    split = np.where(np.arange(n) < n_train, "train", "validation")
    if n_train == n:
        # The learner needs a neuron to validate on; the last one is then there twice.
        chosen = np.append(np.arange(n), n - 1)
        split = np.append(split, "validation")
    else:
        chosen = np.arange(n)
    samples = SimpleNamespace(
        x=walks.x[chosen], length=walks.length[chosen], ids=chosen.astype(str)
    )
    objects = pd.DataFrame({"label": walks.names[chosen], "split": split})
    return build(samples, objects, {**settings, "batch_size": batch_size}, seed, CPU)


def train_ours(learner: MorphVAELearner, epoch: int, generator: torch.Generator) -> None:
    """One epoch, with batches in the order of the neurons, as those of the published code here."""
    fabric = Fabric(accelerator="cpu")
    learner.network.train()
    learner.start_epoch(epoch)
    for rows in torch.arange(learner.n_train).split(learner.batch_size):
        learner.step(rows, generator, fabric)


def validation_error(learner: MorphVAELearner) -> float:
    """The error in um on the validation neurons."""
    learner.network.eval()
    with torch.no_grad():
        return learner.validate()["rmse_um"]


def toy_walks(n: int, seed: int) -> SimpleNamespace:
    """Walks of ``n`` neurons of the three populations in turn, with their labels."""
    per_population = -(-n // 3)
    forest, names = generate_toy_set("three", per_population, seed)
    turn = np.arange(3 * per_population).reshape(3, per_population).T.ravel()[:n]
    x, length = sample_walks(
        forest.select(turn), n_walks=N_WALKS, n_steps=N_STEPS, children="uniform", seed=seed
    )
    return SimpleNamespace(x=x, length=length.astype(np.int64), names=names[turn])


def load_published(checkout: Path) -> SimpleNamespace:
    """The published training as an object with ``epoch()`` and ``error(rows)``."""
    # The name that it uses is gone from numpy 2.
    vars(np)["infty"] = np.inf
    sys.path.insert(0, str(checkout))
    import models
    from utils import training_utils

    sizes = {"input_dim": 3, "embed_dim": 32, "hidden_dim": 32, "latent_dim": 32, "num_layers": 2}

    class Training:
        """Its model on the neurons ``rows`` of our walks, with the settings of its notebooks."""

        def __init__(
            self, walks: SimpleNamespace, rows: np.ndarray, batch_size: int, seed: int = 0
        ) -> None:
            torch.manual_seed(seed)
            config = {**sizes, "kappa": 500, "dropout": 0.1}
            with contextlib.redirect_stdout(io.StringIO()):
                self.model = training_utils.create_model(config, CPU)
            self.model.apply(models.init_weights)
            self.classifier = models.PoolingClassifier(32, 3, N_WALKS, 0.1)
            weights = [*self.model.parameters(), *self.classifier.parameters()]
            self.optimizer = torch.optim.Adam(weights, lr=1e-2)
            self.walks = walks
            # Kept in memory, so that reading items is not counted.
            self.batches = list(self.loader(rows, batch_size))

        def loader(self, rows: np.ndarray, batch_size: int) -> torch.utils.data.DataLoader:
            walks = self.walks
            real = np.arange(N_STEPS) < walks.length[rows][..., None]
            padded = np.where(real[..., None], walks.x[rows], -np.inf)
            labels = torch.tensor(np.unique(walks.names, return_inverse=True)[1][rows])
            data = training_utils.create_Seq2SeqDataset(padded, labels)
            return torch.utils.data.DataLoader(data, batch_size=batch_size)

        def epoch(self) -> None:
            training_utils.train(
                self.model,
                self.classifier,
                self.batches,
                self.optimizer,
                lambda output, target: ((output - target) ** 2 * (output != 0)).sum() / 3,
                torch.nn.CrossEntropyLoss(reduction="sum"),
                clip=1,
                norm_p=None,
            )

        def error(self, rows: np.ndarray) -> float:
            self.model.eval()
            source, target, length, _, _ = next(iter(self.loader(rows, len(rows))))
            by_step = [part.flatten(0, 1).transpose(0, 1) for part in (source, target)]
            with torch.no_grad():
                output = self.model(by_step[0], length.flatten(), by_step[1], 0)
            squared = ((output - by_step[1]) ** 2).mean(dim=2).T.view(len(rows), -1, N_STEPS)
            step = torch.arange(N_STEPS)
            real = (step > 0) & (step < length[..., None])
            mean = (squared * real).sum(dim=(1, 2)) / real.sum(dim=(1, 2))
            return float(mean.mean().sqrt())

    return SimpleNamespace(Training=Training)


def timed(job: Callable[[], object]) -> float:
    """CPU seconds of a job."""
    start = time.process_time()
    job()
    return time.process_time() - start


def summary(seconds: list[float]) -> dict[str, float]:
    """The least and the median of the repeats."""
    return {"min": round(min(seconds), 3), "median": round(float(np.median(seconds)), 3)}


def ratio(published: list[float], ours: list[float]) -> dict[str, float]:
    """How many times less time ours takes, by the least and by the median of the repeats."""
    return {
        "min": round(min(published) / min(ours), 1),
        "median": round(float(np.median(published) / np.median(ours)), 1),
    }


if __name__ == "__main__":
    main()
