"""Links that open neuroglancer at an object, with its cluster shown."""

import json
from urllib.parse import quote

import pandas as pd

from morphoflow.organelles.mask_numbers import cluster_color
from morphoflow.organelles.units import Size

VIEWER = "https://neuroglancer-demo.appspot.com/#!"
NM_PER_M = 1e9


def neuroglancer_links(objects: pd.DataFrame, layer: str, voxel_size_nm: Size) -> list[str]:
    """A link for each object, to the centre of its anchor voxel in the segmentation ``layer``.

    ``layer`` is the URL of a precomputed volume, without ``precomputed://``.
    """
    size = zip("xyz", voxel_size_nm[::-1], strict=True)
    dimensions = {axis: [length / NM_PER_M, "m"] for axis, length in size}
    return [_link(row, layer, dimensions) for row in objects.itertuples()]


def _link(row, layer: str, dimensions: dict) -> str:
    segment = str(row.number)
    shown = {
        "type": "segmentation",
        "name": "clusters",
        "source": f"precomputed://{layer}",
        "segments": [segment],
        "segmentColors": {segment: cluster_color(row.cluster)},
    }
    state = {
        "dimensions": dimensions,
        "position": [row.anchor_x + 0.5, row.anchor_y + 0.5, row.anchor_z + 0.5],
        "layers": [shown],
        "selectedLayer": {"layer": "clusters", "visible": True},
        "layout": "4panel",
    }
    return VIEWER + quote(json.dumps(state, separators=(",", ":")), safe="")
