"""Simulated arbors beside the 16 real class IV neurons, measured by one code.

``REAL`` was measured on the 16 panels of 176 px of the picture ``images/science_2022_demo.jpg`` in
https://github.com/oliviertrottier/neuron-gan at 64edb91 (MIT), which holds the training images at
0.34985 of their size; their pixel is taken as 0.1615 um. ``MORPHOFLOW_REAL_DENDRITES`` names a
folder with ``neuron_gan_dataset_montage/panels/*.png``; the panels do not come with this project.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.simulator.render import block_mean
from morphoflow.dendrites.simulator.set import SetSettings, simulate_neuron

PANELS = Path(os.environ.get("MORPHOFLOW_REAL_DENDRITES", "nowhere"))
PANELS = PANELS / "neuron_gan_dataset_montage" / "panels"
PANEL_UM = 0.1615 / 0.34985

# mean and sd over the panels, and how many sd the mean of simulated arbors may lie away
REAL = {
    "skeleton_length_um": (918.5, 126, 1.5),
    "branch_points": (106.2, 22.2, 1),
    "tips": (107.6, 24.4, 1),
    "cut_ends": (12.88, 5.39, 1),
    "contacts": (27.62, 14.7, 1),
    "mean_segment_um": (4.11, 0.493, 1.5),
    "median_segment_um": (2.968, 0.332, 2),
    "tortuosity": (1.056, 0.0109, 1.5),
    "box_dimension": (1.376, 0.0434, 2),
    "mesh_size_um": (3.076, 0.383, 2.2),
    "radius_of_gyration_um": (28.26, 2.21, 1),
    "hull_area_um2": (5448, 646, 1.5),
    "soma_area_um2": (130.1, 30.9, 1),
    "mean_diameter_um": (0.9073, 0.0408, 1.2),
    "mean_intensity": (129.4, 28.1, 1),
    "sholl_maximum": (20.0, 2.94, 1.8),
    "sholl_maximum_radius_um": (26.34, 6.68, 1),
}


def statistics(images: list[np.ndarray]) -> pd.DataFrame:
    return arbor_statistics(np.array(images)[:, None], PANEL_UM)


def simulated(number: int, **growth) -> pd.DataFrame:
    """Drawn at three times the panels' resolution, as theirs were, then reduced."""
    made = {"number": number, "size": 528, "pixel_um": PANEL_UM / 3, "seed": 1, "growth": growth}
    settings = SetSettings.read(made)
    images = [simulate_neuron(settings, i)[0].astype(np.float32) for i in range(number)]
    return statistics([np.rint(block_mean(image, 3)).astype(np.uint8) for image in images])


@pytest.fixture(scope="module")
def wild_type() -> pd.DataFrame:
    return simulated(16)


@pytest.mark.parametrize("name", REAL)
def test_simulated_arbors_resemble_real_ones(name, wild_type):
    mean, sd, tolerance = REAL[name]
    assert abs(wild_type[name].mean() - mean) < tolerance * sd
    assert 0.2 < wild_type[name].std() / sd < 2.5


def test_fewer_branches_make_arbors_unlike_the_real_ones(wild_type):
    sparse = simulated(4, branching_rate=0.006)
    mean, sd, _ = REAL["branch_points"]
    assert sparse["branch_points"].mean() < mean - 1.5 * sd
    assert sparse["branch_points"].mean() < 0.6 * wild_type["branch_points"].mean()


@pytest.mark.skipif(not PANELS.is_dir(), reason="MORPHOFLOW_REAL_DENDRITES names no folder")
def test_the_stored_figures_are_those_of_the_real_panels():
    found = statistics([np.array(Image.open(path)) for path in sorted(PANELS.glob("*.png"))])
    assert len(found) == 16
    for name, (mean, sd, _) in REAL.items():
        assert found[name].mean() == pytest.approx(mean, rel=0.01), name
        assert found[name].std() == pytest.approx(sd, rel=0.03), name
