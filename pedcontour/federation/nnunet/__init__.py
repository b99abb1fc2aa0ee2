"""nnU-Net as the trainer of a federation: the only part of it that knows torch, nnU-Net and images."""
