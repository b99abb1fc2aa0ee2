"""The network of the plans."""

from typing import Any

import torch

from pedcontour.federation.nnunet.workplace import CONFIGURATION
from pedcontour.inference.nnunet_quiet import quiet


def build_network(plans: dict[str, Any], description: dict[str, Any]) -> torch.nn.Module:
    """The network as nnU-Net's trainer builds it, with its own first values."""
    with quiet():
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
        from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

        configuration = PlansManager(plans).get_configuration(CONFIGURATION)
        network: torch.nn.Module = get_network_from_plans(
            configuration.network_arch_class_name,
            configuration.network_arch_init_kwargs,
            configuration.network_arch_init_kwargs_req_import,
            len(description["channel_names"]),
            len(description["labels"]),
            allow_init=True,
            deep_supervision=False,
        )
    return network
