"""Speed as ratios: each file times our code and a peer in turn, in one run, on the same requests or batches."""
