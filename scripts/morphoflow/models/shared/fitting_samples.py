"""Whether samples of one dataset may be given to a model of another."""

from morphoflow.errors import InputError
from morphoflow.store import Samples

# Facts of the objects of a dataset, which differ without a model taking notice. What features it
# needs, a model says itself.
OF_OBJECTS = ("outside_um", "provenance", "names")


def check_alike(new: Samples, trained: Samples, new_name: str, trained_name: str) -> None:
    """Raise InputError unless two stores differ in their objects alone.

    Compared are axes, units, the size of a sample, and whatever else a store says of all its
    samples, such as channels, their extent in um or the size of a pixel.
    """
    here, there = _facts(new), _facts(trained)
    for name in [*there, *sorted(here.keys() - there.keys())]:
        if here.get(name) != there.get(name):
            raise InputError(
                f"{new_name} has {name} {here.get(name)}, but the model was trained on samples "
                f"with {name} {there.get(name)} ({trained_name}); give both datasets the same "
                f"settings, or train a model on the new one."
            )


def _facts(samples: Samples) -> dict:
    facts = {key: v for key, v in samples.attributes.items() if key not in OF_OBJECTS}
    return facts if samples.names else {"size": list(samples.x.shape[1:]), **facts}
