"""What the decoder of a fitted model makes of objects, and of lines through its embedding."""

from pathlib import Path

import numpy as np
import torch

from morphoflow.embedding import read_embedding
from morphoflow.integrity import new_store
from morphoflow.model import read_model
from morphoflow.models.interface import Decoding, load_model, model_file
from morphoflow.models.shared.latent import STEPS_SD, lines
from morphoflow.provenance import provenance
from morphoflow.store import read_samples, write_array, write_ids
from morphoflow.tables import align_objects

# Reconstructions that are kept: test objects, evenly spaced in the order of the store.
MOST = 256


def decode_shapes(
    *, model: Path, samples: Path, embedding: Path, output: Path, device: torch.device
) -> None:
    """Write the decoder's pictures of test objects and of lines through the ``embedding``."""
    fitted, store, data = read_model(model), read_samples(samples), read_embedding(embedding)
    rows = align_objects(data.obs.reset_index(), store.ids, str(samples))
    decoding = load_model(fitted.code, Decoding)
    test = np.flatnonzero(rows["split"] == "test")
    test = test[np.unique(np.linspace(0, len(test) - 1, min(MOST, len(test))).astype(int))]
    made = decoding.reconstruct_pictures(fitted, store, test, device)
    # A further dimension is the size of the object, of which a decoder knows nothing.
    latent = data[store.ids].X[:, : fitted.settings["latent_size"]]
    way = lines(np.asarray(latent, dtype=np.float64))
    ends = decoding.reconstruct_pictures(fitted, store, way.ends.ravel(), device)["original"]
    ends = ends.reshape(*way.ends.shape, *ends.shape[1:])
    groups = {
        "reconstructions": {"id": store.ids[test], **made},
        "traversals": {
            "x": decoding.decode_pictures(fitted, way.along, device),
            "sd": np.array(STEPS_SD),
            "share": way.share,
        },
        "interpolations": {
            "x": decoding.decode_pictures(fitted, way.between, device),
            "start": ends[:, 0],
            "end": ends[:, 1],
            "id": store.ids[way.ends],
        },
    }
    record = provenance(
        inputs=[model, samples, embedding],
        settings=fitted.settings,
        seed=fitted.provenance["seed"],
        modules=(str(model_file(fitted.code)),),
    )
    write_shapes(output, groups, record)
    print(f"{len(test)} reconstructions, root mean square error {made['error'].mean():.4f}")


def write_shapes(path: Path, groups: dict[str, dict[str, np.ndarray]], record: dict) -> None:
    """Write arrays by group into a zarr folder, whole or not at all."""
    with new_store(path) as root:
        root.attrs["provenance"] = record
        for name, arrays in groups.items():
            group = root.create_group(name)
            for key, values in arrays.items():
                if key == "id":
                    write_ids(group, values, None)
                else:
                    write_array(group, key, values)
