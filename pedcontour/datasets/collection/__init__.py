"""A hospital's or an archive's collection of CTs and structure sets, imported as an nnU-Net raw data set."""
