"""The reference methods, one file for each that adds something."""
