"""The front page: one folder with an HTML page, its pictures and its tables."""

import datetime
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import yaml
from docutils.core import publish_parts
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from morphoflow.figures.generated_neurons import several_fold
from morphoflow.figures.style import readable
from morphoflow.files import whole
from morphoflow.plan.config import MODALITIES
from morphoflow.report.crate import NAME, crate
from morphoflow.report.differing import (
    differing_in_words,
    mixing_in_words,
    rows_of_differences,
)
from morphoflow.report.found import NOUNS, came_in, counted, finding_table, found_in
from morphoflow.report.methods import Ran, methods
from morphoflow.report.pictures import add_picture
from morphoflow.report.ranked import columns_of, rows_of, with_kinds
from morphoflow.report.verdict import in_words, run_name
from morphoflow.tables import METADATA, read_objects, read_table

# Figures of a dataset in the order of the page; the first stands beside what came in.
OF_DATASET = (
    *("crops", "neurons", "objects", "dendrites"),
    *("scores", "quality", "neurons_3d", "walks", "densities", "stability", "simulator_fit"),
)
DIFFERENCES = ("differences",)
OF_RUN = {
    "Maps": ("maps", "image_map"),
    "Clusters": ("clusters", "profiles", "cluster_gallery", "cluster_slice"),
    "Labels": ("confusion", "cross_validation", "retrieval"),
    "Outliers": ("outliers", "outlier_gallery"),
    "The model": ("history", "reconstructions", "traversals", "uncertainty", "invariance"),
    "Generated": (
        "generated",
        "generated_neurons",
        "nearest",
        "realism",
        "realism_details",
        "arbors",
        "growth",
        "interpolation",
        "ways",
        "kappa_probes",
        "walk_map",
    ),
}
# Runs whose figures are shown, the best first: no browser opens a page of all of a thousand.
MOST_SHOWN = 8
TABLES = ("ranking", "scores")
COMPARED = ("differences", "mixing")
# A caption may neither read files nor hold HTML of its own.
SAFE = {"raw_enabled": False, "file_insertion_enabled": False, "report_level": 5}


class Captions:
    """The captions in ``folder``: ``<figure>.rst``, or ``figure.rst`` for those of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = Environment(loader=FileSystemLoader(folder))

    def of(self, figure: str, **wildcards: object) -> Markup:
        """The caption of a figure; ``wildcards`` are dataset, and of a run model, variant, seed."""
        own = (self.folder / f"{figure}.rst").is_file()
        template = self.environment.get_template(f"{figure}.rst" if own else "figure.rst")
        job = SimpleNamespace(wildcards=SimpleNamespace(figure=figure, **wildcards))
        parts = publish_parts(
            template.render(snakemake=job), writer="html5", settings_overrides=SAFE
        )
        return Markup(parts["body"])


@dataclass(frozen=True)
class Sources:
    """What a page is made of.

    ``config`` is the whole configuration, ``models`` the cards, ``bibliography`` the works by key;
    captions, the page's templates and the results are folders.
    """

    config: dict
    models: dict[str, dict]
    bibliography: dict[str, str]
    captions: Path
    templates: Path
    results: Path


def write_page(sources: Sources, datasets: list[str], folder: Path) -> None:
    """Write ``index.html`` on the ``datasets`` into a new ``folder``, with all that it links to."""
    captions = Captions(sources.captions)
    with whole(folder) as partial:
        (partial / "tables").mkdir(parents=True)
        shown = [_dataset(sources, captions, name, partial) for name in datasets]
        versions = _record(sources.results / datasets[0] / "objects.parquet")["versions"]
        text, references = methods(_ran(sources, shown, versions), sources.bibliography)
        page = (
            _environment(sources.templates)
            .get_template("index.html")
            .render(
                datasets=shown,
                methods=text,
                references=references,
                versions=versions,
                settings=yaml.safe_dump(sources.config, sort_keys=False, allow_unicode=True),
                style=(sources.templates / "style.css").read_text(encoding="utf-8"),
                script=(sources.templates / "page.js").read_text(encoding="utf-8"),
            )
        )
        (partial / "index.html").write_text(page, encoding="utf-8")
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        record = crate(partial, text, versions["morphoflow"], day)
        (partial / NAME).write_text(json.dumps(record, indent=1), encoding="utf-8")


def _environment(templates: Path) -> Environment:
    """Templates in which all that comes from data is escaped, and a missing value is an error."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["readable"] = readable
    return environment


def _dataset(sources: Sources, captions: Captions, name: str, folder: Path) -> dict:
    """All that the page says and shows of a dataset; its pictures and tables go to ``folder``."""
    place = sources.results / name
    objects, quality = (
        read_objects(place / "objects.parquet"),
        read_table(place / "quality.parquet"),
    )
    made = place / "comparison"
    ranking = with_kinds(read_table(made / "ranking.parquet"), sources.models)
    _add_tables([made / f"{table}.parquet" for table in TABLES], folder, name)
    _add_tables([place / "objects.parquet"], folder, name)
    modality = _modality(sources.config, name)
    cards = _cards(sources.config[modality][name])
    return {
        "name": name,
        "modality": modality,
        "objects": len(objects),
        "counted": counted(len(objects), *NOUNS[modality]),
        "came_in": came_in(objects, modality, [card["title"] for card in cards]),
        "cards": cards,
        "found": found_in(quality, objects),
        "findings": finding_table(quality),
        "words": in_words(ranking, read_table(made / "pairs.parquet")),
        "columns": columns_of(ranking),
        "rows": rows_of(ranking),
        "figures": _figures(place / "figures", OF_DATASET, folder, captions, dataset=name),
        "runs": _runs(place, ranking, folder, captions),
        "inputs": _record(place / "objects.parquet")["inputs"],
        "tables": (*TABLES, "objects"),
        "atlas": f"../{name}/atlas.html",
        "compared": _compared(sources, captions, name, folder),
    }


def _add_tables(paths: list[Path], folder: Path, dataset: str) -> None:
    """Put tables of a dataset into the page's ``folder``, as they are and as CSV."""
    for path in paths:
        stem = folder / "tables" / f"{dataset}_{path.stem}"
        shutil.copy(path, stem.with_suffix(".parquet"))
        read_table(path).to_csv(stem.with_suffix(".csv"), index=False)


def _compared(sources: Sources, captions: Captions, name: str, folder: Path) -> dict | None:
    """What the page says of groups of a dataset's objects; None where none are compared."""
    if name not in sources.config["compare"]:
        return None
    place = sources.results / name
    paths = [place / "comparison" / f"{table}.parquet" for table in COMPARED]
    _add_tables(paths, folder, name)
    differences, mixing = (read_table(path) for path in paths)
    settings = sources.config["compare"][name]
    words = differing_in_words(differences, settings) + mixing_in_words(mixing)
    return {
        "words": words,
        "rows": rows_of_differences(differences),
        "n": len(differences),
        "figures": _figures(place / "figures", DIFFERENCES, folder, captions, dataset=name),
        "tables": COMPARED,
    }


def _modality(config: dict, dataset: str) -> str:
    return next(modality for modality in MODALITIES if dataset in config[modality])


def _cards(dataset: dict) -> list[dict]:
    """The cards of published data that a dataset reads."""
    return [
        yaml.safe_load(Path(source["card"]).read_text(encoding="utf-8"))
        for source in dataset.get("sources", [])
        if "card" in source
    ]


def _record(path: Path) -> dict:
    """What a table was made from."""
    return json.loads(pq.read_schema(path).metadata[METADATA])


def _figures(
    place: Path, names: tuple[str, ...], folder: Path, captions: Captions, **wildcards: object
) -> list[dict]:
    """Those of the named figures that are in ``place``, as pictures with their captions."""
    stem = "_".join(map(str, wildcards.values()))
    return [
        {
            "picture": add_picture(place / f"{name}.png", folder, f"{stem}_{name}"),
            "caption": captions.of(name, **wildcards),
            "file": (place / f"{name}.svg").as_posix(),
        }
        for name in names
        if (place / f"{name}.png").is_file()
    ]


def _runs(place: Path, ranking: pd.DataFrame, folder: Path, captions: Captions) -> list[dict]:
    """The figures of the best rows, each of its first seed."""
    shown = []
    for row in ranking.head(MOST_SHOWN).itertuples():
        seeds = (place / row.model / row.variant).glob("seed*/figures")
        seed = min(int(path.parent.name.removeprefix("seed")) for path in seeds)
        run = {"dataset": place.name, "model": row.model, "variant": row.variant, "seed": seed}
        figures = place / row.model / row.variant / f"seed{seed}" / "figures"
        sections = [
            (section, _figures(figures, _shown(names, figures.parent), folder, captions, **run))
            for section, names in OF_RUN.items()
        ]
        sections = [(section, drawn) for section, drawn in sections if drawn]
        shown.append({"name": run_name(row.model, row.variant), "seed": seed, "sections": sections})
    return shown


def _shown(names: tuple[str, ...], run: Path) -> tuple[str, ...]:
    """Those of the named figures of a run that the page shows: no neurons of a wrong size."""
    scores = run / "tree_realism_scores.parquet"
    if not scores.is_file() or several_fold(read_table(scores)) is None:
        return names
    return tuple(name for name in names if name != "generated_neurons")


def _ran(sources: Sources, shown: list[dict], versions: dict[str, str]) -> Ran:
    return Ran(
        {dataset["name"]: dataset for dataset in shown}, sources.models, sources.config, versions
    )
