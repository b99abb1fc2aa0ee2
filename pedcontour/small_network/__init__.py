"""The network that two processor cores can train: its plan, its optimiser, and what makes its steps fast there."""
