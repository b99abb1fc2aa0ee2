"""pedcontour: organs at risk on a child's planning CT, from DICOM in to DICOM out."""

from importlib.metadata import version

__version__ = version("pedcontour")
