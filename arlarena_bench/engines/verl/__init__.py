"""Everything that touches verl, pinned to one version of it."""
