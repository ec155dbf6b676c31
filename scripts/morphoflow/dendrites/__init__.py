"""Images of dendritic arbors, and generators of them."""
