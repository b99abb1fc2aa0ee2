"""DICOM in and out: the only part of the library that knows it (besides ``datasets``)."""
