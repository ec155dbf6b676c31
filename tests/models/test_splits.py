"""The rows that models are trained on, and those on which the best epoch is chosen."""

import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.models.splits import training_and_validation


def objects(splits: str) -> pd.DataFrame:
    names = {"t": "train", "v": "validation", "-": "test"}
    return pd.DataFrame({"split": [names[letter] for letter in splits]})


def test_each_split_has_its_rows_in_order_and_the_test_split_is_in_neither():
    train, validation = training_and_validation(objects("tv-ttv-"))
    assert train.tolist() == [0, 3, 4] and validation.tolist() == [1, 5]


@pytest.mark.parametrize(
    ("splits", "least", "named"),
    [
        ("--v", 1, 'none of the 3 objects has split "train"'),
        ("tt-", 1, 'none of the 3 objects has split "validation", on which the best epoch'),
        ("ttv", 2, 'only 1 of 3 objects has split "validation", and 2 are needed'),
        ("tvv", 2, 'only 1 of 3 objects has split "train", and 2 are needed'),
    ],
)
def test_a_split_with_too_few_objects_is_named_with_the_way_out(splits, least, named):
    with pytest.raises(InputError, match=f"{named}.*larger share.*add objects"):
        training_and_validation(objects(splits), least)
