"""How nnU-Net would change grids, read from a plan."""

from dataclasses import dataclass
from typing import Literal

from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_quiet import quiet

with quiet():
    from nnunetv2.configuration import ANISO_THRESHOLD
    from nnunetv2.preprocessing.resampling.default_resampling import determine_do_sep_z_and_axis


@dataclass(frozen=True)
class Resampling:
    """Spline orders of nnU-Net's default resampling: ``order`` within slices, or everywhere without a thick axis.

    ``thick_axis`` is the axis along which slices are far apart, and ``order_across`` the order along it.
    """

    order: int
    thick_axis: int | None
    order_across: int


def resampling_of(
    definition: Definition,
    purpose: Literal["data", "probabilities"],
    spacing_mm: tuple[float, ...],
    new_spacing_mm: tuple[float, ...],
) -> Resampling | None:
    """What the plan asks for between two spacings (mm, transposed axes); None where it is not nnU-Net's default way."""
    plan = definition.configuration.configuration
    defaults = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": False}
    defaults["separate_z_anisotropy_threshold"] = ANISO_THRESHOLD
    options = defaults | plan[f"resampling_fn_{purpose}_kwargs"]
    if plan[f"resampling_fn_{purpose}"] != "resample_data_or_seg_to_shape" or options["is_seg"]:
        return None
    separate, axis = determine_do_sep_z_and_axis(
        options["force_separate_z"], spacing_mm, new_spacing_mm, options["separate_z_anisotropy_threshold"]
    )
    return Resampling(options["order"], int(axis) if separate else None, options["order_z"])
