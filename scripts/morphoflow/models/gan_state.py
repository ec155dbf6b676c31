"""The weights of networks in the saved state of a progressive GAN."""

from torch import Tensor, nn

from morphoflow.errors import InputError


def joined(networks: dict[str, nn.Module]) -> dict[str, Tensor]:
    """The tensors of networks under one name each, of which :func:`part` takes one network's."""
    return {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


def part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors of a saved model that belong to the network ``name``."""
    prefix = f"{name}."
    return {
        key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)
    }


def stages(state: dict[str, Tensor]) -> int:
    """How many stages of growth the networks of a saved model have."""
    return len({name.split(".")[0] for name in part(state, "generator.to_image")})


def take_over(network: nn.Module, state: dict[str, Tensor], name: str) -> None:
    """Give ``network`` the weights of the network ``name`` of another run.

    Weights of stages that the other has not are kept. Raises InputError where shapes differ.
    """
    own, other = network.state_dict(), part(state, name)
    if not all(key in own and own[key].shape == value.shape for key, value in other.items()):
        raise InputError(
            f"the weights in `start_from` do not fit the {name}; they must come from images of the "
            "same size or smaller, with equal `latent_size`, `faithful` and `widths` up to there."
        )
    network.load_state_dict({**own, **other})
