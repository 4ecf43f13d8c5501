"""Bundles: results in a folder that anybody can verify, with no model and no GPU."""
