"""Side-by-side measurements: a row a module, both sides in one run, each in a process of its own (``make bench``)."""
