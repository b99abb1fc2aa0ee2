"""What becomes of a federation when stores, sites and clocks fail, or somebody alters what lies between the sites."""
