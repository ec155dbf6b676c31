"""Tables that go with a mask: the objects with their clusters, and the same for MoBIE."""

import numpy as np
import pandas as pd

from morphoflow.organelles.units import Size

NM_PER_UM = 1000.0
CENTROIDS = ["centroid_x_um", "centroid_y_um", "centroid_z_um"]


def object_list(objects: pd.DataFrame) -> pd.DataFrame:
    """Each object's id, label_id, cluster (-1: noise), number in the mask, and centroid in um."""
    return objects[["id", "label_id", "cluster", "number", *CENTROIDS]].copy()


def mobie_table(objects: pd.DataFrame, voxel_size_nm: Size) -> pd.DataFrame:
    """The default table of a MoBIE segmentation of the original labels, with their clusters.

    Anchors and boxes are in um, with the centre of the first voxel at 0 as in the viewer; an
    anchor is the centre of a voxel of the object, so that it lies within the object whatever its
    shape. Pape et al., "MoBIE: a Fiji plugin for sharing and exploration of multi-modal
    cloud-hosted big image data", Nature Methods 20, 2023.
    """
    size = dict(zip("zyx", np.array(voxel_size_nm) / NM_PER_UM, strict=True))
    columns = {"label_id": objects["label_id"]}
    columns |= {f"anchor_{a}": objects[f"anchor_{a}"] * size[a] for a in "xyz"}
    columns |= {f"bb_min_{a}": objects[f"box_{a}_start"] * size[a] for a in "xyz"}
    columns |= {f"bb_max_{a}": objects[f"box_{a}_stop"] * size[a] for a in "xyz"}
    columns |= {"n_pixels": objects["voxels"], "cluster": objects["cluster"]}
    return pd.DataFrame(columns)
