"""Files of microscopes' makers, made here where their packages can write them."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from morphoflow.images.images import read_image
from morphoflow.reading.findings import Refused

X = np.random.default_rng(0).integers(0, 4000, (2, 40, 50)).astype(np.uint16)


def write_czi(file: Path, planes: dict[tuple[int, int], np.ndarray], names: list[str]) -> None:
    """Planes (h, w, s) by channel and depth, of pixels of 0.2 um."""
    czi = pytest.importorskip("pylibCZIrw.czi")
    with czi.create_czi(str(file)) as opened:
        for (channel, depth), plane in planes.items():
            opened.write(plane, plane={"C": channel, "Z": depth})
        opened.write_metadata(
            document_name="made", channel_names=dict(enumerate(names)), scale_x=2e-7, scale_y=2e-7
        )


def write_lif(file: Path, images: list[np.ndarray], um: float) -> None:
    """Images (c, h, w) uint16 as Leica's format has them: blocks of XML and of pixels."""
    elements, blocks = "", [("Mem_root", b"")]
    for k, x in enumerate(images):
        c, h, w = x.shape
        channels = "".join(
            f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" Min="0" Max="1" '
            f'NameOfMeasuredQuantity="" Unit="" LUTName="Gray" IsLUTInverted="0" BitInc="0" '
            f'BytesInc="{2 * i * h * w}"/>'
            for i in range(c)
        )
        sides = "".join(
            f'<DimensionDescription DimID="{axis}" NumberOfElements="{n}" Origin="0" Unit="m" '
            f'Length="{(n - 1) * um * 1e-6}" BitInc="0" BytesInc="{step}"/>'
            for axis, n, step in ((1, w, 2), (2, h, 2 * w))
        )
        elements += (
            f'<Element Name="i{k}" UniqueID="{k}"><Data><Image TextDescription="">'
            f"<ImageDescription><Channels>{channels}</Channels><Dimensions>{sides}</Dimensions>"
            f'</ImageDescription></Image></Data><Memory Size="{x.nbytes}" MemoryBlockID="Mem_{k}"/>'
            f"<Children/></Element>"
        )
        blocks.append((f"Mem_{k}", x.tobytes()))
    xml = (
        '<LMSDataContainerHeader Version="2"><Element Name="p"><Data/><Memory Size="0" '
        f'MemoryBlockID="Mem_root"/><Children>{elements}</Children></Element>'
        "</LMSDataContainerHeader>"
    ).encode("utf-16le")
    made = struct.pack("<IIBI", 0x70, 5 + len(xml), 0x2A, len(xml) // 2) + xml
    for name, data in blocks:
        text = name.encode("utf-16le")
        made += struct.pack("<IIBQBI", 0x70, 14 + len(text), 0x2A, len(data), 0x2A, len(text) // 2)
        made += text + data
    file.write_bytes(made)


def test_czi_has_its_pixels_names_and_pixel_size(tmp_path):
    planes = {(c, 0): X[c][..., None] for c in range(2)}
    write_czi(tmp_path / "a.czi", planes, ["dna", "actin"])
    picture = read_image(tmp_path / "a.czi")
    np.testing.assert_array_equal(picture.pixels, X)
    assert picture.channels == ["dna", "actin"]
    assert picture.pixel_size_um == pytest.approx(0.2)


def test_the_planes_of_a_czi_are_projected_or_refused(tmp_path):
    planes = {(0, z): X[z][..., None] for z in range(2)}
    write_czi(tmp_path / "a.czi", planes, ["dna"])
    with pytest.raises(Refused, match="stack"):
        read_image(tmp_path / "a.czi")
    picture = read_image(tmp_path / "a.czi", project="max")
    np.testing.assert_array_equal(picture.pixels, X.max(axis=0)[None])


def test_the_colours_of_a_czi_are_red_green_and_blue(tmp_path):
    colour = (X[0][..., None] // [16, 32, 64]).astype(np.uint8)
    write_czi(tmp_path / "a.czi", {(0, 0): colour}, ["rgb"])
    picture = read_image(tmp_path / "a.czi")
    np.testing.assert_array_equal(picture.pixels, np.moveaxis(colour, 2, 0)[::-1])
    assert picture.channels == ["red", "green", "blue"]


def test_lif_has_its_pixels_and_pixel_size(tmp_path):
    pytest.importorskip("liffile")
    write_lif(tmp_path / "a.lif", [X], 0.25)
    picture = read_image(tmp_path / "a.lif")
    np.testing.assert_array_equal(picture.pixels, X)
    assert picture.pixel_size_um == pytest.approx(0.25)
    write_lif(tmp_path / "b.lif", [X, X], 0.25)
    with pytest.raises(Refused, match="holds 2 images"):
        read_image(tmp_path / "b.lif")


@pytest.mark.parametrize(
    ("ending", "package", "kind"),
    [
        ("czi", "pylibCZIrw", "Zeiss CZI"),
        ("lif", "liffile", "Leica LIF"),
        ("nd2", "nd2", "Nikon ND2"),
    ],
)
def test_without_its_package_a_file_is_named_with_the_way_out(
    tmp_path, monkeypatch, ending, package, kind
):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / f"a.{ending}").write_bytes(b"")
    with pytest.raises(Refused, match=f"a {kind} file, takes the package {package}") as refused:
        read_image(tmp_path / f"a.{ending}")
    assert refused.value.finding.code == "no_reader"


@pytest.mark.parametrize("ending", ["czi", "lif", "nd2"])
def test_damaged_files_are_refused(tmp_path, ending):
    pytest.importorskip({"czi": "pylibCZIrw", "lif": "liffile", "nd2": "nd2"}[ending])
    (tmp_path / f"a.{ending}").write_bytes(b"ZISRAWFILE and no more")
    with pytest.raises(Refused, match="cannot be read"):
        read_image(tmp_path / f"a.{ending}")
