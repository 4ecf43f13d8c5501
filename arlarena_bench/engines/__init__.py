"""What does the work of a training run."""
