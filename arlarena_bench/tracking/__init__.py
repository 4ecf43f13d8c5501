"""Training shown in TensorBoard, Weights & Biases or trackio, which mirror `metrics.jsonl`."""
