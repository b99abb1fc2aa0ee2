"""What a network with something around it passes on of the network."""

import torch

from pedcontour.inference.sliding import TileNetwork


class AroundNetwork:
    """All of a ``TileNetwork`` but its call, which is the subclass's own."""

    def __init__(self, network: TileNetwork) -> None:
        self._network = network

    @property
    def device(self) -> torch.device:
        """That of the network."""
        return self._network.device

    @property
    def channels(self) -> int:
        """Those of the network."""
        return self._network.channels

    @property
    def tiles_at_once(self) -> int:
        """As many as the network takes."""
        return self._network.tiles_at_once
