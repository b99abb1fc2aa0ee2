"""Fitting the absence filter of a model: evidence collected from cases with known truth, then weighed.

The slow step, contouring with the network, writes one row per kidney; fitting and judging read only these rows.
"""
