"""Stored pixels to Hounsfield units, whatever the transfer syntax, into one preallocated volume.

Every slice is rescaled with its own slope and intercept. What is padding, or below -1024 HU, becomes -1024 HU: air. The
volume is int16 when every slice's slope and intercept are whole numbers, else float32. Declared sizes are compared
with the bytes at hand before memory is taken, for codestreams with the size they state themselves.
"""

from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO, Literal, cast

import numpy as np
import numpy.typing as npt
from pydicom.encaps import generate_frames
from pydicom.filereader import data_element_generator
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from pedcontour.dicom.codestreams import stated_size
from pedcontour.dicom.headers import quiet_pydicom
from pedcontour.dicom.instances import Instance, open_after_header
from pedcontour.dicom.pixel_format import PixelFormat, pixel_format, rescale_of
from pedcontour.errors import InputError, OutOfMemoryError, PixelsUndecodableError, RescaleMissingError, StoreError

AIR_HU = -1024
"""The bottom of the usual CT scale; what lies below marks pixels outside the reconstruction circle."""

HIGHEST_HU = 32767
"""The top of int16; metal saturates far below."""

NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
"""Transfer syntaxes whose pixels are plain numbers."""

DECODERS: dict[str, str] = {
    JPEGBaseline8Bit: "pylibjpeg",
    JPEGExtended12Bit: "pylibjpeg",
    JPEGLossless: "pylibjpeg",
    JPEGLosslessSV1: "pylibjpeg",
    JPEGLSLossless: "pyjpegls",  # four times as fast as pylibjpeg here
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    RLELossless: "pydicom",
}
"""The compressed transfer syntaxes that are read, each with the pydicom plugin that decodes it. No other is tried."""

HEADER_ALLOWANCE = 64 * 1024
"""Longer elements between header and pixels (overlays) are stepped over unread."""

_PIXEL_DATA = 0x7FE00010
_UNDEFINED = 0xFFFFFFFF


def read_voxels(instances: Sequence[Instance]) -> npt.NDArray[Any]:
    """The slices in HU, axes ``(k, j, i)`` in the order given; all must have the same rows and columns.

    Raises what ``check_pixels`` raises, ``PixelsUndecodableError`` also when pixels are absent or damaged;
    ``OutOfMemoryError``; ``StoreError`` when the disk does not give them.
    """
    known = check_pixels(instances)
    try:
        volume = np.empty(
            (len(known), known[0].rows, known[0].columns),
            np.int16 if all(f.gives_integers for f in known) else np.float32,
        )
        read = [_read_slice(i, f, out) for i, f, out in zip(instances, known, volume, strict=True)]
    except MemoryError:
        raise OutOfMemoryError("the volume does not fit") from None
    _refuse(PixelsUndecodableError, "absent, truncated or damaged", instances, read)
    return volume


def check_pixels(instances: Sequence[Instance]) -> list[PixelFormat]:
    """What each slice says about its pixels, believed only as far as its file can hold it.

    Raises ``RescaleMissingError`` when a slice does not say how to get HU, ``PixelsUndecodableError`` when its transfer
    syntax is not read here, or it declares sizes out of bounds or more pixels than it has; both name the slices.
    """
    _refuse(RescaleMissingError, "", instances, [rescale_of(instance) for instance in instances])
    supported = [instance.syntax in NATIVE or instance.syntax in DECODERS for instance in instances]
    _refuse(PixelsUndecodableError, "transfer syntax not supported", instances, supported)
    formats = [pixel_format(instance) for instance in instances]
    _refuse(PixelsUndecodableError, "size or depth of pixels out of bounds", instances, formats)
    known = [form for form in formats if form is not None]
    enough = [_may_hold(i, form) for i, form in zip(instances, known, strict=True)]
    _refuse(PixelsUndecodableError, "pixel data shorter than declared", instances, enough)
    return known


def stored_pixels(instance: Instance, form: PixelFormat) -> bytes:
    """The bytes of a slice's pixels as they are stored: of native ones one frame, else all fragments with their items.

    Raises ``ValueError`` when there are none, or fewer than declared; whatever a parser of hostile bytes may raise.
    """
    with quiet_pydicom(), open_after_header(instance) as stream:
        length = _find_pixels(stream, instance)
        if instance.syntax in NATIVE:
            content = stream.read(min(length, form.frame_bytes))
            if len(content) < form.frame_bytes:
                raise ValueError("too short")
            return content
        if length != _UNDEFINED:
            raise ValueError("not encapsulated")
        return stream.read()


def read_hounsfield(instance: Instance) -> npt.NDArray[Any] | None:
    """One slice in HU, axes ``(j, i)``, int16 or float32; None when it cannot be decoded."""
    try:
        return cast("npt.NDArray[Any]", read_voxels([instance])[0])
    except InputError:
        return None


def _refuse(error: type[InputError], detail: str, instances: Iterable[Instance], sound: Iterable[object]) -> None:
    """Raise with the UIDs of the instances whose entry in ``sound`` is None or False."""
    culprits = [instance.uid for instance, entry in zip(instances, sound, strict=True) if entry in (None, False)]
    if culprits:
        raise error(detail, instance_uids=culprits)


def _may_hold(instance: Instance, form: PixelFormat) -> bool:
    """Whether the file is long enough for the pixels it declares; a compressed one says so only when decoded."""
    if instance.syntax == DeflatedExplicitVRLittleEndian or instance.syntax in DECODERS:
        return True
    try:
        return instance.path.stat().st_size >= instance.pixels_at + form.frame_bytes
    except OSError as error:
        raise _unread(error) from None


def _read_slice(instance: Instance, form: PixelFormat, out: npt.NDArray[Any]) -> bool:
    """Fill ``out`` with HU; False when the pixels cannot be decoded."""
    try:
        with quiet_pydicom():
            stored = _native(instance, form) if instance.syntax in NATIVE else _decoded(instance, form)
    except MemoryError:
        raise
    except OSError as error:
        raise _unread(error) from None
    # Decoders of hostile bytes raise whatever their first assumption to break happens to raise.
    except (Exception, RecursionError):
        return False
    _to_hounsfield(stored, form, out)
    return True


def _unread(error: OSError) -> StoreError:
    """The disk's fault, not the file's: another attempt may succeed."""
    return StoreError(f"an input file cannot be read: {type(error).__name__}")


def _native(instance: Instance, form: PixelFormat) -> npt.NDArray[Any]:
    content = stored_pixels(instance, form)
    numbers = np.frombuffer(content, form.dtype.newbyteorder("<" if instance.little_endian else ">"))
    numbers = numbers.astype(form.dtype, copy=False)
    return numbers.reshape(form.rows, form.columns)


def _decoded(instance: Instance, form: PixelFormat) -> npt.NDArray[Any]:
    content = stored_pixels(instance, form)
    size = stated_size(instance.syntax, next(generate_frames(content, number_of_frames=1)))
    if size is not None and size != (form.rows, form.columns):
        raise ValueError("the codestream has another size")
    layout: dict[str, Any] = {
        "rows": form.rows,
        "columns": form.columns,
        "samples_per_pixel": 1,
        "number_of_frames": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": form.allocated,
        "bits_stored": form.stored,
        "pixel_representation": int(form.signed),
        "pixel_keyword": "PixelData",
    }
    plugin = DECODERS[instance.syntax]
    numbers, _ = get_decoder(instance.syntax).as_array(content, index=0, raw=True, decoding_plugin=plugin, **layout)
    return numbers.reshape(form.rows, form.columns).astype(form.dtype, copy=False)


def _find_pixels(stream: BinaryIO, instance: Instance) -> int:
    """Move ``stream`` to the value of Pixel Data; returns its declared length."""
    between = data_element_generator(
        stream,
        instance.implicit,
        instance.little_endian,
        stop_when=lambda tag, vr, length: tag >= _PIXEL_DATA,
        defer_size=HEADER_ALLOWANCE,
    )
    for _ in between:
        pass
    order: Literal["little", "big"] = "little" if instance.little_endian else "big"
    start = stream.read(8 if instance.implicit else 12)
    group, element = int.from_bytes(start[:2], order), int.from_bytes(start[2:4], order)
    if (group << 16 | element) != _PIXEL_DATA:
        raise ValueError("no pixel data")
    return int.from_bytes(start[-4:], order)


def _to_hounsfield(stored: npt.NDArray[Any], form: PixelFormat, out: npt.NDArray[Any]) -> None:
    padded = None
    if form.padding is not None and not _is_air_anyway(form, form.padding[1]):
        # Before the unused high bits go: padding is often a value that uses them.
        padded = (stored >= form.padding[0]) & (stored <= form.padding[1])
    if form.stored < form.allocated:
        stored = (stored << (form.allocated - 1 - form.high_bit)) >> (form.allocated - form.stored)
    if out.dtype != np.int16:
        out[...] = np.maximum(stored * form.slope + form.intercept, AIR_HU)
    elif not _add_in_place(stored, form, out):
        wide = stored.astype(np.int64) * int(form.slope) + int(form.intercept)
        out[...] = np.clip(wide, AIR_HU, HIGHEST_HU)
    if padded is not None:
        out[padded] = AIR_HU


def _add_in_place(stored: npt.NDArray[Any], form: PixelFormat, out: npt.NDArray[Any]) -> bool:
    """The usual case, 16 bits and slope 1, in two passes and no further memory; False when it is another.

    Stored values are clipped to what will fit, so that the sum, modulo 2^16, is the true one even for unsigned numbers.
    """
    intercept, limits = int(form.intercept), np.iinfo(form.dtype)
    lowest, highest = max(limits.min, AIR_HU - intercept), min(limits.max, HIGHEST_HU - intercept)
    if form.allocated != 16 or form.slope != 1 or lowest > highest or abs(intercept) > HIGHEST_HU:
        return False
    np.clip(stored, lowest, highest, out=out.view(form.dtype))
    out += np.int16(intercept)
    return True


def _is_air_anyway(form: PixelFormat, padding: int) -> bool:
    """Whether rescaling alone brings the padding to the bottom of the scale, which saves looking for it."""
    return form.stored == form.allocated and padding * form.slope + form.intercept <= AIR_HU
