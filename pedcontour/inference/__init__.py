"""From a CT volume to organ labels: the engine port and its adapters."""
