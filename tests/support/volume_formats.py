"""Writers of one small volume in every format, for the tests of the readers."""

import json

import h5py
import numpy as np
import tensorstore as ts
import tifffile
import zarr

SHAPE = (11, 13, 17)
SIZE = (40.0, 8.0, 4.0)


def pyramid(datasets, unit="micrometer", factor=1e-3, names="zyx", lead=()):
    """Multiscale metadata with the voxel size of level k scaled by 2 ** k."""
    scale = dict(zip("zyx", (n * factor for n in SIZE), strict=True))
    return [
        {
            "axes": [{"name": n, "type": "channel"} for n in lead]
            + [{"name": n, "type": "space", "unit": unit} for n in names],
            "datasets": [
                {
                    "path": path,
                    "coordinateTransformations": [
                        {"type": "scale", "scale": [1] * len(lead) + [scale[n] for n in names]}
                    ],
                }
                for path in datasets
            ],
            "coordinateTransformations": [
                {"type": "scale", "scale": [1] * (len(lead) + len(names))}
            ],
        }
    ]


def write_zarr3(path, array):
    stored = zarr.create_array(path, data=array, chunks=(4, 5, 6))
    stored.attrs["voxel_size_nm"] = SIZE


def write_zarr3_shards(path, array):
    stored = zarr.create_array(path, data=array, chunks=(2, 4, 4), shards=(4, 8, 8))
    stored.attrs["voxel_size_nm"] = SIZE


def write_zarr2(path, array):
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    stored = zarr.create_array(path, data=big_endian, chunks=(4, 5, 6), zarr_format=2)
    stored.attrs.update({"resolution": SIZE, "units": ["nm"] * 3})


def write_ome_zarr4(path, array):
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("0", data=array[None, None], chunks=(1, 1, 4, 5, 6))
    group.attrs["multiscales"] = pyramid(["0"], lead="tc")


def write_ome_zarr5(path, array):
    group = zarr.open_group(path, mode="w", zarr_format=3)
    group.create_array("s0", data=array.transpose(2, 0, 1), chunks=(6, 4, 5))
    levels = pyramid(["s0"], unit="angstrom", factor=10, names="xzy")
    group.attrs["ome"] = {"version": "0.5", "multiscales": levels}


def write_n5(path, array):
    spec = {"driver": "n5", "kvstore": {"driver": "file", "path": f"{path}/s0/"}}
    made = {"dimensions": array.shape[::-1], "dataType": "uint64", "blockSize": [6, 5, 4]}
    spec["metadata"] = {**made, "compression": {"type": "gzip"}}
    ts.open(spec, create=True).result().write(array.T).result()
    voxel = {"dimensions": SIZE[::-1], "unit": "nm"}
    (path / "attributes.json").write_text(json.dumps({"n5": "2.5.1", "pixelResolution": voxel}))


def write_precomputed(path, array, encoding="raw", **more):
    spec = {
        "driver": "neuroglancer_precomputed",
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "multiscale_metadata": {"type": "segmentation", "data_type": "uint64", "num_channels": 1},
        "scale_metadata": {
            "size": array.shape[::-1],
            "resolution": SIZE[::-1],
            "voxel_offset": [3, 4, 5],
            "chunk_size": [6, 5, 4],
            "encoding": encoding,
            **more,
        },
    }
    ts.open(spec, create=True).result()[..., 0].write(array.T).result()


def write_compressed_segmentation(path, array):
    block = {"compressed_segmentation_block_size": [8, 8, 8]}
    write_precomputed(path, array, "compressed_segmentation", **block)


def write_hdf5(path, array):
    with h5py.File(path, "w") as file:
        stored = file.create_dataset("ids", data=array[..., None], chunks=True, compression="gzip")
        stored.attrs["element_size_um"] = np.array(SIZE) / 1000
        file["table"] = np.arange(3)


def write_hdf5_contiguous(path, array):
    with h5py.File(path, "w") as file:
        stored = file.create_dataset("a/ids", data=array.astype(">u8"))
        stored.attrs["resolution"] = SIZE


def write_tiff_mapped(path, array):
    tifffile.imwrite(path, array, byteorder=">", photometric="minisblack")


def write_tiff_compressed(path, array):
    tifffile.imwrite(path, array, compression="zlib", photometric="minisblack")


def write_tiff_slices(path, array):
    path.mkdir()
    for z, plane in enumerate(array):
        tifffile.imwrite(path / f"slice{z + 5}.tif", plane)


FORMATS = {
    "ids.zarr": write_zarr3,
    "shards.zarr": write_zarr3_shards,
    "old.zarr": write_zarr2,
    "ome4.zarr": write_ome_zarr4,
    "ome5.zarr": write_ome_zarr5,
    "ids.n5": write_n5,
    "precomputed": write_precomputed,
    "compressed": write_compressed_segmentation,
    "ids.h5": write_hdf5,
    "contiguous.hdf": write_hdf5_contiguous,
    "mapped.tif": write_tiff_mapped,
    "compressed.tif": write_tiff_compressed,
    "slices": write_tiff_slices,
}
