"""What may be wrong with what was asked for."""

from pedcontour.errors.base import PedcontourError


class RequestError(PedcontourError):
    """The request names something that does not exist or does not fit; see the detail."""

    code = "REQUEST_INVALID"


class StructureUnknownError(RequestError):
    """A structure is not drawn by the chosen model; `pedcontour models show` lists those that are."""

    code = "STRUCTURE_UNKNOWN"


class AbsenceNotAllowedError(RequestError):
    """Only organs that can be removed by surgery may be declared absent; organs.toml marks them may_be_absent."""

    code = "ABSENCE_NOT_ALLOWED"


class PresenceContradictedError(RequestError):
    """An organ is declared both absent and present; leave out one of the two."""

    code = "PRESENCE_CONTRADICTED"


class NothingRequestedError(RequestError):
    """Every requested structure is declared absent, so nothing could be drawn; ask for one that is there."""

    code = "NOTHING_REQUESTED"


class ModelNotFoundError(RequestError):
    """There is no model of that name; `pedcontour models list` shows those installed."""

    code = "MODEL_NOT_FOUND"


class ModeUnavailableError(RequestError):
    """The chosen model cannot run in this quality mode; ask for another, or leave it out for `standard`."""

    code = "MODE_UNAVAILABLE"


class OutputFolderNotEmptyError(RequestError):
    """The output folder already holds files; choose a new one so that results of two patients never mix."""

    code = "OUTPUT_FOLDER_NOT_EMPTY"


class OutputOptionError(RequestError):
    """An output option has a value that does not exist; the detail lists the valid ones."""

    code = "OUTPUT_OPTION_INVALID"


class NamesInvalidError(RequestError):
    """The template of ROI names cannot be used, or its names do not fit; the detail says which and why."""

    code = "NAMES_INVALID"


class FileUnreadableError(RequestError):
    """A file that was given cannot be read (those of a folder count in order of name); see that you may read it."""

    code = "FILE_UNREADABLE"
