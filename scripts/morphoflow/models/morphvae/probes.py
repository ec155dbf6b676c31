"""What MorphVAE makes of single walks: drawn ones that it never saw, and a map of real ones."""

import numpy as np
import pandas as pd
import torch

from morphoflow.analysis.geometry import principal_components
from morphoflow.analysis.maps import tsne
from morphoflow.model import Model
from morphoflow.models.morphvae.draws import with_noise
from morphoflow.models.morphvae.latents import decode_latents, walk_latents
from morphoflow.models.morphvae.trees import read_source
from morphoflow.seeds import numpy_generator, torch_generator
from morphoflow.store import Samples

SHARES = (1.0, 1 / 3, 1 / 6)
KAPPAS = (500.0, 100.0, 10.0)
DRAWS = 20
COMPONENTS, PERPLEXITY = 50, 50.0
NODES = ("x_um", "y_um", "z_um")


def probe_walks(steps: int, length_um: float) -> dict[str, np.ndarray]:
    """Walks (steps, 3) along x from the soma, of cable ``length_um``, as published.

    One is straight, one turns left by 90 degrees halfway, one does so at each node, to and fro.
    """
    turned = {
        "straight": np.zeros(steps - 1),
        "kinked": np.where(np.arange(steps - 1) < (steps - 1) // 2, 0.0, np.pi / 2),
        "zigzag": np.where(np.arange(steps - 1) % 2 == 0, np.pi / 4, -np.pi / 4),
    }
    step = length_um / (steps - 1)
    walks = {}
    for shape, angle in turned.items():
        moves = step * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(steps - 1)])
        walks[shape] = np.concatenate([np.zeros((1, 3)), moves.cumsum(axis=0)]).astype(np.float32)
    return walks


def probe_table(model: Model, seed: int, device: torch.device) -> pd.DataFrame:
    """Probes encoded, moved by noise and decoded: a row a node.

    Each shape is drawn in the ``share`` SHARES of the length at which a straight one has the root
    mean square coordinate of the training walks. Columns: shape, share, ``kappa`` (missing for no
    noise; on a Gaussian latent, noise of the variance 1 / kappa), ``draw`` (-1 for the probe
    itself), step, x_um, y_um, z_um.
    """
    steps = model.facts["steps"]
    # The mean square of what grows evenly from 0 to 1 is 1/3, and two of three axes are 0.
    full = 3 * model.facts["scale_um"]
    drawn = {
        (shape, share): walk
        for share in SHARES
        for shape, walk in probe_walks(steps, full * share).items()
    }
    probes = pd.DataFrame(list(drawn), columns=["shape", "share"])
    x = np.stack(list(drawn.values()))
    whole = np.full(len(x), steps)
    (latents,) = walk_latents(model, x[None], whole[None], device)
    parts = [_node_table(probes.assign(kappa=np.nan, draw=-1), x, whole)]
    for level, kappa in enumerate((None, *KAPPAS)):
        draws = 1 if kappa is None else DRAWS
        row, draw = np.repeat(np.arange(len(x)), draws), np.tile(np.arange(draws), len(x))
        generator = torch_generator(seed, "noise", level)
        moved = with_noise(latents[row], kappa, model.settings["latent"], generator)
        known = probes.iloc[row].assign(kappa=kappa or np.nan, draw=draw)
        parts.append(_node_table(known, *decode_latents(model, moved, device)))
    return pd.concat(parts, ignore_index=True)


def walk_map(
    model: Model,
    samples: Samples,
    objects: pd.DataFrame,
    most: int,
    seed: int,
    device: torch.device,
) -> pd.DataFrame:
    """A t-SNE map of the latents of up to ``most`` walks of held-out neurons: a row a walk.

    Columns: id and label of its neuron, ``n_nodes``, the place of its end relative to the soma
    (``end_x_um`` and so on), ``map_1`` and ``map_2`` (t-SNE of perplexity 50; published with 200 on
    64,000 walks).
    """
    source = read_source(model, samples, objects, device)
    held_out = np.flatnonzero(source.split != "train")
    owner = np.repeat(held_out, [len(source.latents[i]) for i in held_out])
    latents = np.concatenate([source.latents[i] for i in held_out])
    nodes = np.concatenate([source.walks[i][0] for i in held_out])
    length = np.concatenate([source.walks[i][1] for i in held_out])
    generator = numpy_generator(seed, "sampling")
    chosen = np.sort(generator.permutation(len(owner))[:most])
    components, _ = principal_components(latents[chosen], min(COMPONENTS, latents.shape[1]))
    placed = tsne(components, PERPLEXITY, seed)
    ends = nodes[chosen, length[chosen] - 1]
    columns = {f"end_{name}": ends[:, axis] for axis, name in enumerate(NODES)}
    columns |= {"map_1": placed[:, 0], "map_2": placed[:, 1]}
    known = {"id": source.ids[owner[chosen]], "label": source.labels[owner[chosen]]}
    return pd.DataFrame({**known, "n_nodes": length[chosen], **columns})


def _node_table(walks: pd.DataFrame, x: np.ndarray, length: np.ndarray) -> pd.DataFrame:
    """A row a node of the walks ``x`` (w, steps, 3), with what is known of its walk."""
    row, step = np.nonzero(np.arange(x.shape[1]) < length[:, None])
    places = dict(zip(NODES, x[row, step].T, strict=True))
    return walks.iloc[row].reset_index(drop=True).assign(step=step, **places)
