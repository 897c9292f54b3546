"""FDG lesions measured, whoever drew them; no algorithm of the node until it has weights."""
