"""An nnU-Net raw data set on disk: cases published one by one, and the files that describe them all."""

import json
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pedcontour.datasets.annotations import ANNOTATIONS_FILE, Annotations, encode_annotations, read_annotations
from pedcontour.datasets.collection.records import CaseRecord, encode_record, read_record
from pedcontour.datasets.nifti import write_nifti
from pedcontour.errors import AnnotationsError, DatasetFolderError, RequestError, StoreError
from pedcontour.volume import LabelMap, Volume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

SITE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
"""A site's name, as a federation's charter writes it."""

UNFINISHED = "unfinished"


@dataclass(frozen=True)
class DatasetFolder:
    """The raw data set of one site at ``path``, labels 1 to n in the order of ``organs``.

    ``key_mark`` tells whether it is the same key that makes the pseudonyms: with another one, cases would come twice.

    A case is done when its record is there, which is written last; everything is written aside and renamed.
    """

    path: Path
    site: str
    organs: tuple[str, ...]
    key_mark: str

    def check(self) -> None:
        """Raise ``DatasetFolderError`` when the folder holds a data set of another site or other organs, or none."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise DatasetFolderError("it is no folder")
        if not (self.path / ANNOTATIONS_FILE).exists():
            if strangers := len([entry for entry in self.path.iterdir() if entry != self._mark]):
                raise DatasetFolderError(f"{strangers} files and folders that no import made")
            return
        try:
            held = read_annotations(self.path)
        except AnnotationsError as error:
            raise DatasetFolderError(error.detail) from None
        if held.site != self.site:
            raise DatasetFolderError(f"a data set of {held.site}")
        if held.organs != self.organs:
            raise DatasetFolderError("its labels are other organs, or in another order")
        if not self._mark.is_file() or self._mark.read_text("ascii", "replace").strip() != self.key_mark:
            raise DatasetFolderError("its pseudonyms were made with another key; name that one with --key")

    def picture_of(self, case: str) -> Path:
        """The file of a case's picture."""
        return self.path / "pictures" / f"{case}.jpg"

    def record_of(self, case: str) -> CaseRecord | None:
        """The record of a case that is done, with its image and labels there."""
        whole = self._image(case).is_file() and self._labels(case).is_file()
        record = read_record(self._record(case)) if whole else None
        return record if record and tuple(record.organs) == self.organs else None

    def records(self) -> list[CaseRecord]:
        """All cases that are done, in order of their names."""
        names = sorted(path.stem for path in (self.path / "cases").glob("*.json"))
        return [record for name in names if (record := self.record_of(name))]

    def begin(self) -> None:
        """Describe what is there, and take away what a broken run left half done. Raises ``StoreError``."""
        with _disk():
            _replace(self._mark, self.key_mark.encode())
        done = self.describe().cases
        with _disk():
            shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
            for path in (*self.path.glob("imagesTr/*_0000.nii.gz"), *self.path.glob("labelsTr/*.nii.gz")):
                if path.name.removesuffix(".nii.gz").removesuffix("_0000") not in done:
                    path.unlink()

    def publish(self, record: CaseRecord, image: Volume, labels: LabelMap, picture: "Image.Image") -> None:
        """Write a case whole. Raises ``StoreError`` when the disk refuses."""
        with _disk():
            self.remove(record.case)
            for path, volume in (
                (self._image(record.case), image),
                (self._labels(record.case), Volume(labels.grid, labels.voxels)),
            ):
                # Not beside the finished ones: nnU-Net takes every file there for a case.
                partial = self.path / UNFINISHED / path.name
                for place in (partial, path):
                    place.parent.mkdir(parents=True, exist_ok=True)
                write_nifti(volume, partial)
                partial.replace(path)
            (self.path / UNFINISHED).rmdir()
            shown = self.picture_of(record.case)
            shown.parent.mkdir(exist_ok=True)
            picture.save(shown, quality=85)
            _replace(self._record(record.case), encode_record(record))

    def remove(self, case: str) -> None:
        """Take a case out, its record first."""
        with _disk():
            for path in (self._record(case), self._labels(case), self._image(case), self.picture_of(case)):
                path.unlink(missing_ok=True)

    def describe(self) -> Annotations:
        """Write ``dataset.json`` and the annotations of all cases that are done. Raises ``StoreError``."""
        annotations = Annotations(self.site, self.organs, {record.case: record.annotation for record in self.records()})
        description = {
            "channel_names": {"0": "CT"},
            "labels": {"background": 0, **{organ: label for label, organ in enumerate(self.organs, start=1)}},
            "numTraining": len(annotations.cases),
            "file_ending": ".nii.gz",
            "overwrite_image_reader_writer": "SimpleITKIO",
        }
        with _disk():
            _replace(self.path / "dataset.json", json.dumps(description, indent=2).encode())
            _replace(self.path / ANNOTATIONS_FILE, encode_annotations(annotations))
        return annotations

    def write(self, name: str, content: bytes) -> None:
        """Write a file about the data set. Raises ``StoreError``."""
        with _disk():
            _replace(self.path / name, content)

    @property
    def _mark(self) -> Path:
        return self.path / "key-mark"

    def _image(self, case: str) -> Path:
        return self.path / "imagesTr" / f"{case}_0000.nii.gz"

    def _labels(self, case: str) -> Path:
        return self.path / "labelsTr" / f"{case}.nii.gz"

    def _record(self, case: str) -> Path:
        return self.path / "cases" / f"{case}.json"


def check_names(site: str, organs: Sequence[str]) -> None:
    """Raise ``RequestError`` for a site's name that is none, and for an organ that is named twice."""
    if not SITE.fullmatch(site):
        raise RequestError("a site's name has small letters, digits, - and _ only")
    if len(set(organs)) < len(organs):
        raise RequestError("an organ is named twice")


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


@contextmanager
def _disk() -> "Iterator[None]":
    try:
        yield
    except OSError as error:
        raise StoreError(f"the data set cannot be written: {error.strerror or type(error).__name__}") from None
    except RuntimeError:  # what SimpleITK raises where a file cannot be written
        raise StoreError("the data set cannot be written") from None
