"""An upload to clean files of our own: one series, sound elements, honest lengths, nothing before or after.

What may come as anything leaves as one kind of file: 128 zeros, fresh file meta information, the elements that results
may quote in their own bytes, and the pixels in theirs. Nothing else of an upload is read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydicom import DataElement, config
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import generate_fragments
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from pedcontour.dicom.headers import quiet_pydicom
from pedcontour.dicom.ignored import Ignored
from pedcontour.dicom.instances import Instance
from pedcontour.dicom.pixel_format import PixelFormat
from pedcontour.dicom.pixels import DECODERS, NATIVE, check_pixels, read_hounsfield, stored_pixels
from pedcontour.dicom.reader import arrange_series, places_told
from pedcontour.errors import InstanceDamagedError, PixelsUndecodableError, StoreError

_PREAMBLE = bytes(128) + b"DICM"
_INSTANCE_UID, _PIXEL_DATA = 0x00020003, 0x7FE00010
_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD


@dataclass(frozen=True)
class Rewritten:
    """The clean files in slice order, and what else the upload held."""

    files: tuple[Path, ...]
    ignored: tuple[Ignored, ...]


def rewrite_series(files: Sequence[Path], folder: Path, *, series_uid: str | None = None) -> Rewritten:
    """Write the CT series among ``files`` into ``folder``, an instance a file, named by its place in the series.

    ``read_series`` gives the same series from the clean files. Refuses what it refuses, and before anything is written
    what it refuses in pixels: compressed ones are decoded once to see that they can be. Raises ``InputError`` and
    ``StoreError``.
    """
    arranged = arrange_series(files, series_uid=series_uid)
    with quiet_pydicom(), places_told(arranged.uids):
        formats = check_pixels(arranged.instances)
        undecodable = [i.uid for i in arranged.instances if i.syntax in DECODERS and read_hounsfield(i) is None]
        if undecodable:
            raise PixelsUndecodableError("absent, truncated or damaged", instance_uids=undecodable)
        written = []
        for place, (instance, form) in enumerate(zip(arranged.instances, formats, strict=True)):
            written.append(folder / f"{place:06}.dcm")
            _write(written[-1], _meta(instance.uid, _syntax(instance)), _header(instance), _pixels(instance, form))
    return Rewritten(tuple(written), arranged.ignored)


def _write(file: Path, *parts: bytes) -> None:
    try:
        with file.open("xb") as out:
            out.write(_PREAMBLE)
            for part in parts:
                out.write(part)
    except OSError as error:
        raise StoreError(f"a clean file cannot be written: {type(error).__name__}") from None


def _meta(uid: str, syntax: UID) -> bytes:
    """File meta information: all that differs between the slices of a series is the instance it names."""
    placeholder = "9" * len(uid)
    return _meta_of_length(placeholder, syntax).replace(placeholder.encode(), uid.encode(), 1)


@lru_cache
def _meta_of_length(uid: str, syntax: UID) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.TransferSyntaxUID = syntax
    # Scanners write UIDs with leading zeros, which pydicom would refuse to set; the reader has let this one pass.
    meta.add(DataElement(_INSTANCE_UID, "UI", UID(uid), validation_mode=config.IGNORE))
    out = DicomBytesIO()
    write_file_meta_info(out, meta)
    return out.getvalue()


def _syntax(instance: Instance) -> UID:
    """The transfer syntax that the clean file is in: what was found, not what was claimed; never deflated."""
    if instance.syntax in NATIVE:
        if instance.implicit:
            return ImplicitVRLittleEndian
        return ExplicitVRLittleEndian if instance.little_endian else ExplicitVRBigEndian
    return UID(instance.syntax)


def _header(instance: Instance) -> bytes:
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = instance.implicit, instance.little_endian
    header = instance.header
    charset = header.original_character_set
    encodings = charset if isinstance(charset, str) else list(charset)
    try:
        for tag in sorted(header.keys()):
            element = header.get_item(tag)
            if element is not None and tag.element != 0:  # group lengths would be those of another header
                write_data_element(out, _with_bytes(element), encodings)
    # What was read leniently may be more than pydicom is willing to write.
    except Exception:
        raise InstanceDamagedError("a header that cannot be written again", instance_uids=[instance.uid]) from None
    return out.getvalue()


def _with_bytes(element: DataElement | RawDataElement) -> DataElement | RawDataElement:
    """Raw elements without a value have None in its place, which pydicom does not write."""
    if isinstance(element, RawDataElement) and element.value is None:
        return element._replace(value=b"")
    return element


def _fragments(content: bytes) -> bytes:
    """The items of encapsulated pixels up to their end, each with its true length; always little endian."""
    out = DicomBytesIO()
    out.is_little_endian = True
    for fragment in generate_fragments(content):
        out.write_tag(_ITEM)
        out.write_UL(len(fragment) + len(fragment) % 2)
        out.write(fragment + bytes(len(fragment) % 2))
    out.write_tag(_SEQUENCE_END)
    out.write_UL(0)
    return out.getvalue()


def _pixels(instance: Instance, form: PixelFormat) -> bytes:
    """Pixel Data with its true length, or its fragments to the last."""
    try:
        content = stored_pixels(instance, form)
        if instance.syntax not in NATIVE:
            content = _fragments(content)
    except (MemoryError, OSError):
        raise
    except Exception:  # a parser of hostile bytes
        raise PixelsUndecodableError("absent, truncated or damaged", instance_uids=[instance.uid]) from None
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = instance.implicit, instance.little_endian
    out.write_tag(_PIXEL_DATA)
    if not instance.implicit:
        out.write(b"OB\0\0" if instance.syntax not in NATIVE or form.allocated == 8 else b"OW\0\0")
    out.write_UL(0xFFFFFFFF if instance.syntax not in NATIVE else len(content) + len(content) % 2)
    return out.getvalue() + content + bytes(len(content) % 2)
