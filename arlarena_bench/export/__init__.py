"""Results in the formats of others: Every Eval Ever, Inspect, Croissant."""
