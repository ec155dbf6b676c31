"""The captions of figures as HTML, from the texts that Snakemake's own report shows."""

from pathlib import Path
from types import SimpleNamespace

from docutils.core import publish_parts
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

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
