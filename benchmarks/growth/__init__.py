"""How time and memory grow with the volume, the organs and the workers (``make growth``)."""
