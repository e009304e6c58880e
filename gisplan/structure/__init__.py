"""Industry structure: how special places are, how lists fit corridors, which roles are served."""
