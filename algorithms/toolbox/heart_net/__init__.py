"""Two small networks: one finds the left ventricle, one outlines its wall and cavity."""
