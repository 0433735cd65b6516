"""Where runs are told to: W&B, TensorBoard or CSV files, peers behind one protocol (`base.py`)."""
