"""What the numbers in a mask mean and how to look at it, in a text beside it."""

import pandas as pd

SERVING = """
Neuroglancer reads this folder over HTTP from a server that allows other origins and byte ranges,
for example `npx http-server . --cors -p PORT`, or from a bucket. The links in objects.csv expect it
at {url}; set masks.url to another place.
objects_properties holds segment properties for a layer with the original labels.
"""


def mask_guide(clusters: pd.DataFrame, method: str, url: str | None) -> str:
    """The text; ``url`` is where the folder will be served for neuroglancer, if it will be."""
    meanings = "\n".join(
        f"  {row.number}  {row.name} ({row.objects} objects)" for row in clusters.itertuples()
    )
    text = (
        f"Masks of the clusters by {method}. Voxels hold the number of their object's cluster:\n"
        f"  0  background, and objects that are not in the object table\n{meanings}\n"
    )
    return text if url is None else text + SERVING.format(url=url)
