"""The voxel size that a TIFF stack tells: in OME-XML, or as ImageJ writes it.

OME-XML: Goldberg et al., "The Open Microscopy Environment (OME) Data Model and XML file", Genome
Biology 6:R47, 2005.
"""

from xml.etree import ElementTree

import tifffile

from morphoflow.organelles.units import Size, to_nm


def tiff_voxel_size(tiff: tifffile.TiffFile) -> Size | None:
    """Voxel size in nm along z, y and x; None if the spacing of the slices is not told."""
    if tiff.is_ome:
        return _ome(tiff.ome_metadata)
    return _imagej(tiff) if tiff.is_imagej else None


def _ome(xml: str) -> Size | None:
    pixels = ElementTree.fromstring(xml).find("{*}Image/{*}Pixels")
    if pixels is None:
        return None
    sizes = [pixels.get(f"PhysicalSize{axis}", "nan") for axis in "ZYX"]
    units = [pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in "ZYX"]
    return to_nm([float(size) for size in sizes], units)


def _imagej(tiff: tifffile.TiffFile) -> Size | None:
    """Spacing from the description; the tags of the first page hold pixels per unit."""
    told = tiff.imagej_metadata or {}
    tags = [tiff.pages[0].tags.get(f"{axis}Resolution") for axis in "YX"]
    if "spacing" not in told or not all(tag is not None and tag.value[0] for tag in tags):
        return None
    pixels = [tag.value[1] / tag.value[0] for tag in tags]
    return to_nm([abs(told["spacing"]), *pixels], [told.get("unit")] * 3)
