"""Image stacks as OME-TIFF files with equal bytes for equal content.

OME-XML: Goldberg et al., "The Open Microscopy Environment (OME) Data Model and XML file", Genome
Biology 6:R47, 2005. The identifier that writers put into it is optional, and left out here, since
it would differ each time.
"""

from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import tifffile

from morphoflow.neurons.stacks import Grid

SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def write_stack(path: Path, stack: np.ndarray, grid: Grid, name: str) -> None:
    """Write a stack (z, y, x) uint8 with its voxel size and the place of its first voxel in um."""
    tifffile.imwrite(
        path,
        stack,
        photometric="minisblack",
        compression="zlib",
        description=ome_xml(grid, name).encode(),
        metadata=None,
        software=False,
    )


def ome_xml(grid: Grid, name: str) -> str:
    """The OME-XML of a stack; the stage's place is that of the first voxel relative to the soma."""
    sizes = " ".join(f'Size{axis}="{grid.size}"' for axis in "XYZ")
    physical = " ".join(
        f'PhysicalSize{axis}="{grid.voxel_um:.9g}" PhysicalSize{axis}Unit="um"' for axis in "XYZ"
    )
    places = " ".join(
        f'{axis}="{value:.9g}" {axis}Unit="um"'
        for axis, value in zip("XYZ", grid.origin_um, strict=True)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{SCHEMA}">'
        f'<Image ID="Image:0" Name={quoteattr(name)}>'
        f'<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" {sizes} SizeC="1" SizeT="1"'
        f' {physical}><Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
        f'<TiffData IFD="0" PlaneCount="{grid.size}"/></Pixels>'
        f'<StageLabel Name="first voxel, soma at 0" {places}/></Image></OME>'
    ).replace('Unit="um"', 'Unit="&#181;m"')
