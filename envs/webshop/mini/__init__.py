"""The reduced shop: a small catalogue, a small vocabulary, the same engine."""
