"""What may be wrong with a CT series."""

from pedcontour.errors.base import PedcontourError


class InputError(PedcontourError):
    """The input cannot be contoured as it is; see the detail."""

    code = "INPUT_INVALID"


class NotCtError(InputError):
    """No CT image was found; send the axial CT Image Storage instances of one planning series."""

    code = "NOT_CT"


class MixedSeriesError(InputError):
    """The upload holds several CT series and none was chosen; name one with its Series Instance UID."""

    code = "MIXED_SERIES"


class SlicesMissingError(InputError):
    """A slice is missing between the named instances; export the whole series again."""

    code = "SLICES_MISSING"


class SlicesDuplicatedError(InputError):
    """Several different slices lie at one position; send one reconstruction of one series."""

    code = "SLICES_DUPLICATED"


class GantryTiltError(InputError):
    """The slices are sheared against their normal (gantry tilt); reconstruct the series without tilt."""

    code = "GANTRY_TILT"


class SpacingNotUniformError(InputError):
    """The distance between slices changes within the series; reconstruct it with one slice spacing."""

    code = "SPACING_NOT_UNIFORM"


class OrientationUnsupportedError(InputError):
    """The slices do not share one orthogonal axial orientation; send the axial reconstruction."""

    code = "ORIENTATION_UNSUPPORTED"


class GeometryMissingError(InputError):
    """Position, orientation, pixel spacing or size is missing or not a finite number; export the series again."""

    code = "GEOMETRY_MISSING"


class GeometryMixedError(InputError):
    """Slices of one series differ in size or pixel spacing; send one reconstruction of one series."""

    code = "GEOMETRY_MIXED"


class TooFewSlicesError(InputError):
    """A volume needs at least two slices; send the whole series."""

    code = "TOO_FEW_SLICES"


class SeriesTooThinError(InputError):
    """The images cover less than one voxel of the model along an axis; send a series that covers more."""

    code = "SERIES_TOO_THIN"


class FrameOfReferenceMissingError(InputError):
    """The Frame of Reference UID is missing or differs between slices, so contours could not be placed."""

    code = "FRAME_OF_REFERENCE_MISSING"


class UidMissingError(InputError):
    """A Study, Series or SOP Instance UID is missing or malformed, so results could not refer to the images."""

    code = "UID_MISSING"


class PixelsUndecodableError(InputError):
    """The pixel data of the named instances is absent, truncated or in a transfer syntax that cannot be decoded."""

    code = "PIXELS_UNDECODABLE"


class InstanceDamagedError(InputError):
    """A file is empty, damaged or cut off and may be a slice; copy or export the series again, or leave it out."""

    code = "INSTANCE_DAMAGED"


class MultiframeUnsupportedError(InputError):
    """Enhanced multi-frame CT is not supported yet; export the series as classic single-frame CT Image Storage."""

    code = "MULTIFRAME_UNSUPPORTED"


class RescaleMissingError(InputError):
    """Rescale Slope or Intercept is missing or not in Hounsfield units; export the series with its rescale."""

    code = "RESCALE_MISSING"


class CharacterSetUnknownError(InputError):
    """The Specific Character Set is none of DICOM's, so names could not be copied safely; export the series again."""

    code = "CHARACTER_SET_UNKNOWN"


class PatientMixedError(InputError):
    """The instances of the series name more than one patient or study; export the series again."""

    code = "PATIENT_MIXED"


class StructureSetError(InputError):
    """The RTSTRUCT does not fit the CT series, or one of its contours cannot be read; export both from one study."""

    code = "STRUCTURE_SET_INVALID"
