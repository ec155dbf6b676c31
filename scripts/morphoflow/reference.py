"""The configuration's reference in Markdown, made from the schemas and the models' cards.

``config/README.md`` says what there is, a page for each kind of data begins with an example
(``config/examples``) and ends with every key, and others are about analysis and models.
"""

import json
from pathlib import Path

import yaml

from morphoflow.plan.config import MODALITIES
from morphoflow.plan.gpus import (
    CORES_PER_GPU,
    HOURS_SAVED,
    MS_PER_KERNEL,
    TIMES_FASTER,
    gpus_for_training,
    training_hours,
)
from morphoflow.plan.models import read_models, recommended, settings_of

INDEX = """# Configuration

`config.yaml` says which data there are, how they are prepared and which models see them. Paths are
relative to the folder in which Snakemake is called: the one above this folder, or your lab folder
(`make lab DIR=FOLDER` makes one).

| page | what it explains |
|---|---|
{pages}
| [models.md](models.md) | Every model, its settings and variants, and how to add your own. |

To change a few keys only, write them into a file of your own and add `--configfile my.yaml`: it is
merged over `config.yaml`. Everything is checked before the first job starts, and a wrong key or
value is named. All pages are made from the schemas (`make reference`), which are the only place of
defaults, and from `examples`.

## Which models

Name them under a dataset, each as `model` or `model/variant`, with `seeds: [0, 1, 2]` for a spread.
A dataset without `models` gets those that are recommended for its kind: baselines, the default
model, and the same model untrained. Single runs are rows of a table:

## runs.tsv

{runs}"""
MODELS = """# Models

Name a model under a dataset as `model`, for its variant `default`, or as `model/variant`. A variant
of your own goes into a file of the model's name in `config/models`, in your lab folder or here; in
a lab folder the file adds to the workflow's. Such as this `config/models/o2vae.yaml`, of which a
dataset of cells then asks for `o2vae/mine`:

```yaml
{example}```

What a variant does not name stays as in the table of its model.

## CPU or GPU

{devices}

{models}"""
DEVICES = """A training takes a GPU where one is **estimated** to save {hours:g} hour and to be
{times:g} times as fast, by the number of objects and the costs of a step in its card; a model
whose card has no `costs` takes one. Embedding, decoding and generating take none: on small
networks a GPU waits for its host. No GPU was measured. The estimate takes {kernel:g} us of the host
for each kernel that a step starts, and {cores} cores for the speed of a GPU within kernels. Measure
(`make gpu-check`) where that matters to you, and choose:

* for a run, in a column `device` of the table of runs: `cpu`, `gpu` or `auto`;
* for a site or a lab, by `devices:` in the configuration (`training` and `inference`);
* for a model, by `device:` in its card. The first of these that chooses is followed, and
  `--set-resources train:gpu=2` comes before all of them.

In a dry run, jobs whose samples are not made yet are shown without a GPU. The table is for default
variants. A step's time for each number of its batch was measured on one core of a CPU
(`resources/benchmarks/device_costs.json`), its kernels were counted on a pretended GPU. A GAN is
taken as if all its steps were at full size, and sees as many images as its settings say, however
many there are.

| model | an object | core, us a number | kernels | core, h | GPU, h (estimate) | a GPU from |
|---|---|---|---|---|---|---|
{rows}

Hours are those of 1,000 objects.

No step is compiled or captured as a CUDA graph, since neither could be tried without a GPU. On a
pretended one the host waits in no step of any model, and full batches are the same operations on
the same shapes from the second step on (of `progressive_gan`, within one size of its images), so
that each could be captured. What would have to change: Adam's learning rate and count
(`capturable`), factors that change with the step and are numbers of Python, the registration of
the generator, and an epoch's last, smaller batch, which would run as it does now."""
COUNTS = [digit * 10**power for power in range(1, 7) for digit in (1, 2, 5)]
# Of a usual object, by the form of the samples.
USUAL = {
    "walks": ("256 walks of 16 steps", (256, 16, 3)),
    "crops": ("64 x 64", (1, 64, 64)),
    "prealigned": ("64 x 64", (1, 64, 64)),
    "volumes": ("2 x 64^3", (2, 64, 64, 64)),
    "points": ("1,024 points", (1024, 3)),
    "images": ("512 x 512", (1, 512, 512)),
}
PAGE = """# {title}

{description}

```yaml
{example}```
{models}
## All keys

{keys}"""
ANALYSIS = (
    "What is computed of every embedding, how embeddings are combined, and sweeps over settings."
)


def pages(config: Path) -> dict[str, str]:
    """The text of each page by its name, for the folder ``config``."""
    schema = _load(config / "schemas" / "config.schema.yaml")["properties"]
    models = read_models(config / "models")
    texts = {f"{kind}.md": _modality(kind, schema[kind], config, models) for kind in MODALITIES}
    others = {key: part for key, part in schema.items() if key not in (*MODALITIES, "runs")}
    keys = _table(_rows({"properties": others}))
    example = _example(config, "analysis")
    texts["analysis.md"] = PAGE.format(
        title="Analysis", description=ANALYSIS, example=example, models="", keys=keys
    )
    texts["models.md"] = MODELS.format(
        example=_example(config, "models"),
        devices=_devices(models),
        models="\n".join(_model(*described) for described in models.items()),
    )
    return {"README.md": _index(config, schema), **texts}


def _index(config: Path, schema: dict) -> str:
    said = {kind: schema[kind]["description"] for kind in MODALITIES} | {"analysis": ANALYSIS}
    listed = "\n".join(f"| [{name}.md]({name}.md) | {text} |" for name, text in said.items())
    runs = _table(_rows(_load(config / "schemas" / "runs.schema.yaml")))
    return INDEX.format(pages=listed, runs=runs)


def _modality(kind: str, schema: dict, config: Path, models: dict[str, dict]) -> str:
    """A page with an example, the models that there are, and every key of a dataset."""
    rows = [
        f"| [`{name}`](models.md#model-{name}) | {_first_sentence(model['description'])} | "
        f"{', '.join(f'`{variant}`' for variant in model['variants'])} |"
        for name, model in models.items()
        if model["modality"] == kind
    ]
    without = ", ".join(f"`{name.removesuffix('/default')}`" for name in recommended(models, kind))
    listed = ["", "## Models", "", f"Without `models:` a dataset gets {without}.", ""]
    listed += ["| model | what it is | variants |", "|---|---|---|", *rows, ""]
    keys = _table(_rows(schema["additionalProperties"]))
    return PAGE.format(
        title=kind.capitalize(),
        description=schema["description"],
        example=_example(config, kind),
        models="\n".join(listed),
        keys=f"Those of a dataset, such as `{kind}.NAME.labels`:\n\n{keys}",
    )


def _first_sentence(text: str) -> str:
    """The first sentence of a description, or all of it."""
    head, point, _ = text.partition(". ")
    return head.removesuffix(".") if point else text.strip().removesuffix(".")


def _example(config: Path, name: str) -> str:
    return (config / "examples" / f"{name}.yaml").read_text(encoding="utf-8")


def _model(name: str, model: dict) -> str:
    variants = [f"* `{key}`: {_variant(value)}" for key, value in model["variants"].items()]
    lines = [f"## Model `{name}`\n", model["description"], ""]
    lines += [f"For {model['modality']}; reads the samples `{model['form']}`. Variants:\n"]
    return "\n".join([*lines, *variants, "", _table(_rows({"properties": model["settings"]}))])


def _devices(models: dict[str, dict]) -> str:
    rows = [_device_row(name, model) for name, model in models.items() if model["costs"]]
    return DEVICES.format(
        hours=HOURS_SAVED,
        times=TIMES_FASTER,
        kernel=1000 * MS_PER_KERNEL,
        cores=CORES_PER_GPU,
        rows="\n".join(rows),
    )


def _device_row(name: str, model: dict) -> str:
    size, shape = USUAL[model["form"]]
    settings, costs = settings_of({name: model}, name, "default"), model["costs"]["default"]
    core, gpu = training_hours(costs, settings, [1000, *shape])
    asking = (n for n in COUNTS if gpus_for_training(costs, settings, [n, *shape]))
    first = next((f"{n:,} objects" for n in asking), "never")
    return (
        f"| `{name}` | {size} | {costs['core_us']:g} | {costs['kernels']:,} | {core:.2g} | "
        f"{gpu:.2g} | {first} |"
    )


def _variant(changes: dict | None) -> str:
    if not changes:
        return "the defaults below"
    return ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in changes.items())


def _rows(schema: dict, prefix: str = "") -> list[tuple[str, str, str]]:
    rows = []
    for name, part in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        rows.append((key, _default(part), part.get("description", "")))
        rows += _rows(part, f"{key}.")
        for mark, inner in (("[]", part.get("items")), (".NAME", part.get("additionalProperties"))):
            if isinstance(inner, dict):
                rows += _rows(inner, f"{key}{mark}.")
    return rows


def _default(part: dict) -> str:
    if "default" not in part or part["default"] == {}:
        return ""
    return f"`{json.dumps(part['default'])}`"


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| key | default | meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in rows]
    return "\n".join(lines) + "\n"


def _load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for name, text in pages(Path("config")).items():
        Path("config", name).write_text(text, encoding="utf-8")
