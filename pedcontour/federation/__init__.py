"""Hospitals train together: nothing but an object store between them, and nothing believed that is not signed."""
