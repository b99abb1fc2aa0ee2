"""What may be wrong with a model."""

from pedcontour.errors.base import PedcontourError


class ModelError(PedcontourError):
    """The model folder cannot be used; see the detail."""

    code = "MODEL_INVALID"


class ModelChecksumError(ModelError):
    """A file of the model differs from its checksum; install the model again from its source."""

    code = "MODEL_CHECKSUM_MISMATCH"


class ModelUnsafeError(ModelError):
    """The model names code outside the allow-list or holds pickled objects, so it was not loaded."""

    code = "MODEL_UNSAFE"


class ModelUnsupportedError(ModelError):
    """This kind of nnU-Net configuration is not supported; train or export a single 3d_fullres or 3d_lowres model."""

    code = "MODEL_UNSUPPORTED"


class ModelLabelsUnknownError(ModelError):
    """Labels of the model are not known organs; give a mapping file with --labels (label name = organ)."""

    code = "MODEL_LABELS_UNKNOWN"
