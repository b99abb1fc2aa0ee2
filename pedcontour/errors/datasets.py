"""What may be wrong with a collection of CTs and contours that becomes a training data set."""

from pedcontour.errors.base import PedcontourError
from pedcontour.errors.images import InputError
from pedcontour.errors.requests import RequestError


class CaseError(InputError):
    """A CT and its contours cannot become a training case; see the detail."""

    code = "CASE_UNFIT"


class ImagesMissingError(CaseError):
    """The structure set refers to CT slices that are not among the files; export CT and RTSTRUCT together."""

    code = "IMAGES_MISSING"


class StructureSetsSeveralError(CaseError):
    """Several structure sets refer to one CT; leave one in the folder, or let the site file take the newest."""

    code = "STRUCTURE_SETS_SEVERAL"


class RoiAmbiguousError(CaseError):
    """Two ROIs of the structure set stand for one organ; say in the site file which of the names is meant."""

    code = "ROI_AMBIGUOUS"


class NothingAnnotatedError(CaseError):
    """No ROI of the structure set is an organ of the data set; give its names in the site file if one is."""

    code = "NOTHING_ANNOTATED"


class ContoursSkipSlicesError(CaseError):
    """An organ is drawn on some slices only; interpolate its contours, or allow gaps in the site file."""

    code = "CONTOURS_SKIP_SLICES"


class SidesSwappedError(CaseError):
    """An organ of the left side lies to the right of its twin; correct the names, or the site file that gives them."""

    code = "SIDES_SWAPPED"


class SiteFileError(RequestError):
    """The site file of ROI names and rules cannot be used; the detail says which entry and why."""

    code = "SITE_FILE_INVALID"


class PseudonymKeyError(RequestError):
    """The key of the pseudonyms cannot be used; it is one file that its owner alone may read, kept at the site."""

    code = "PSEUDONYM_KEY_UNUSABLE"


class DatasetFolderError(RequestError):
    """The folder holds a data set of another site, other organs or other files; choose a new one."""

    code = "DATASET_FOLDER_UNFIT"


class AnnotationsError(PedcontourError):
    """The record of what is annotated in a data set is missing or damaged; import the data set again."""

    code = "ANNOTATIONS_INVALID"
