"""Stand-ins for what is slow: a model without a network, and a worker around it. They live in the tests alone."""
