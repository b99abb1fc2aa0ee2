"""One name for the images of a series, whoever sends them and however they are packed."""

import hashlib

import numpy as np

from pedcontour.dicom.series import CtSeries


def series_digest(series: CtSeries) -> str:
    """SHA-256 in hex over the contoured slices in the order of their SOP Instance UIDs.

    Of each slice, its UID in ASCII, a zero byte, and its Hounsfield values as little-endian float32, row by row. So
    the digest does not depend on file names, order, transfer syntax or a zip around the files, and changes with any
    pixel, with any UID, and with a slice more or less. Other headers are not in it.
    """
    digest = hashlib.sha256()
    for uid, k in sorted((uid, k) for k, uid in enumerate(series.instance_uids)):
        digest.update(uid.encode("ascii", "replace") + b"\0")
        digest.update(np.ascontiguousarray(series.volume.voxels[k], dtype="<f4").data)
    return digest.hexdigest()
