"""The atlas: one page of all embeddings of a dataset, which needs no network."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from bokeh.embed import file_html
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    HoverTool,
    LassoSelectTool,
    PanTool,
    ResetTool,
    TapTool,
    WheelZoomTool,
)
from bokeh.palettes import Cividis256
from bokeh.plotting import figure
from bokeh.resources import INLINE
from jinja2 import Environment, FileSystemLoader, select_autoescape

from morphoflow.atlas.thumbnails import Sheet
from morphoflow.colors import GREY

# The name that Bokeh draws for a tag or a document; those of objects may look alike.
RANDOM = re.compile(r'(?:\bid="|"docid":"|{")(\w{8}-\w{4}-4\w{3}-\w{4}-\w{12})"')
HERE = Path(__file__).parent
MAPS = ("umap", "tsne", "pca")
# What every object has once, whichever run it is seen by.
SHARED = ("label", "split", "group", "source")
OF_RUN = ("clusters", "outlier")
# Columns of more names say nothing as colours.
MOST_NAMES = 30
# So that a page of 50,000 objects stays below some 30 MB.
MOST_FEATURES = 24
MISSING = -1
# Pixels of a picture beside the mouse.
POINTED_AT = 128
TOOLTIP = """<div style="width:SHOWNpx;color:#222"><div style="width:SIDEpx;height:SIDEpx;
zoom:ZOOM;display:@shown;background:var(--sheet) @left{0}px @top{0}px"></div><b>@id</b><br>@said
</div>"""


@dataclass(frozen=True)
class Links:
    """Where an object is to be seen as a whole: an address for each of them (n,), or none.

    ``text`` says what opens, such as "the neuron (SWC)"; addresses may be relative to the page.
    """

    text: str
    addresses: list[str]


def atlas(title: str, runs: dict[str, AnnData], sheet: Sheet, links: Links | None = None) -> str:
    """The page of ``runs``, analysed embeddings by name, the first of which is shown first.

    ``sheet`` has the pictures of the first one's objects, and ``links`` lead to them; objects of
    others are found by id.
    """
    first = next(iter(runs.values()))
    ids = first.obs_names
    tables = {name: _source(run.obs, OF_RUN, ids, _maps(run, ids)) for name, run in runs.items()}
    features = first.to_df().iloc[:, :MOST_FEATURES]
    shared, names = _source(first.obs, SHARED, ids, {f: features[f].to_numpy() for f in features})
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=select_autoescape())
    # Columns keep their order.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    facts = {
        "runs": list(runs),
        "features": list(features),
        "categories": {
            "shared": names,
            "runs": {name: kinds for name, (_, kinds) in tables.items()},
        },
        "grey": GREY,
        "side": sheet.side,
        "link": links.text if links else "",
        # The same to viewers with and without colour vision (Nuñez, Anderton and Renslow 2018).
        "palette": list(Cividis256),
    }
    plot = _plot(ids, sheet)
    if links:
        plot.renderers[0].data_source.data["link"] = links.addresses
    # Sources that nothing draws belong to the page through a tag of the plot.
    plot.tags = [shared, *(source for source, _ in tables.values())]
    page = file_html(
        plot,
        INLINE,
        title,
        template=environment.get_template("atlas.html"),
        template_variables={
            "facts": facts,
            "sheet": sheet.url,
            "script": (HERE / "atlas.js").read_text(encoding="utf-8"),
        },
    )
    return same_each_time(page)


def same_each_time(page: str) -> str:
    """The page with names in the place of the random ones that Bokeh gives to its parts."""
    for n, part in enumerate(dict.fromkeys(RANDOM.findall(page)), 1):
        page = page.replace(part, f"part-{n}")
    return page


def _tooltip(side: int) -> str:
    zoom = POINTED_AT / side
    sizes = {"SHOWN": str(POINTED_AT), "SIDE": str(side), "ZOOM": f"{zoom:g}"}
    return re.sub("|".join(sizes), lambda word: sizes[word[0]], TOOLTIP)


def _maps(run: AnnData, ids: pd.Index) -> dict[str, np.ndarray]:
    place = run.obs_names.get_indexer(ids)
    columns = {}
    for name in MAPS:
        if f"X_{name}" in run.obsm:
            xy = np.where(place[:, None] < 0, np.nan, run.obsm[f"X_{name}"][place, :2])
            columns |= {f"{name}_{k + 1}": xy[:, k].astype(np.float32) for k in (0, 1)}
    return columns


def _source(
    obs: pd.DataFrame, wanted: tuple[str, ...], ids: pd.Index, columns: dict[str, np.ndarray]
) -> tuple[ColumnDataSource, dict[str, list[str]]]:
    """The ``columns`` with those of ``obs`` that are ``wanted``, categories by number."""
    names = {}
    columns = {name: np.asarray(values, np.float32) for name, values in columns.items()}
    for column in wanted:
        if column not in obs or not isinstance(obs[column].dtype, pd.CategoricalDtype):
            continue
        values = obs[column].reindex(ids)
        if len(values.cat.categories) <= MOST_NAMES:
            columns[column] = values.cat.codes.to_numpy(np.int32)
            names[column] = [str(name) for name in values.cat.categories]
    return ColumnDataSource(columns), names


def _plot(ids: pd.Index, sheet: Sheet) -> figure:
    n = len(ids)
    place = np.maximum(sheet.place, 0)
    points = ColumnDataSource(
        {
            "id": list(ids),
            "x": np.zeros(n, np.float32),
            "y": np.zeros(n, np.float32),
            "color": [GREY] * n,
            "said": [""] * n,
            "place": sheet.place,
            "left": -(place % sheet.columns * sheet.side),
            "top": -(place // sheet.columns * sheet.side),
            "shown": np.where(sheet.place < 0, "none", "block").tolist(),
        },
        name="points",
    )
    plot = figure(
        name="plot",
        sizing_mode="stretch_both",
        output_backend="webgl",
        tools=[PanTool(), BoxZoomTool(), ResetTool(), TapTool()],
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
    )
    lasso, wheel = LassoSelectTool(continuous=False), WheelZoomTool()
    hover = HoverTool(tooltips=_tooltip(sheet.side), point_policy="snap_to_data", mode="mouse")
    plot.add_tools(lasso, wheel, hover)
    plot.toolbar.active_drag, plot.toolbar.active_scroll = lasso, wheel
    plot.toolbar.logo = None
    size = 8 if n <= 2000 else 5 if n <= 10_000 else 3
    plot.scatter(
        "x",
        "y",
        source=points,
        size=size,
        color="color",
        line_color=None,
        fill_alpha=0.85,
        nonselection_fill_alpha=0.2,
    )
    plot.axis.visible = False
    plot.grid.visible = False
    return plot
