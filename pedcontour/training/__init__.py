"""Training a checkpoint with nnU-Net's own trainer, on machines with or without a GPU."""
