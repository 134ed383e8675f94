"""How facts of clusters become files of a package: read at an edge, cut down, written as owned."""
