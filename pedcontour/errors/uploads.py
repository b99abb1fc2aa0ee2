"""What may be wrong with an upload."""

from pedcontour.errors.images import InputError


class UploadEmptyError(InputError):
    """The upload holds no files; send the CT instances as multipart files or as one zip."""

    code = "UPLOAD_EMPTY"


class UploadTooLargeError(InputError):
    """The upload is over this service's size or file limit; send one CT series."""

    code = "UPLOAD_TOO_LARGE"


class ArchiveUnsafeError(InputError):
    """The zip is damaged or holds links, outside paths, or nested or inflated entries; zip the plain CT files again."""

    code = "ARCHIVE_UNSAFE"


class UploadTooSlowError(InputError):
    """The upload stopped or came more slowly than this service waits for; check the connection and send it again."""

    code = "UPLOAD_TOO_SLOW"


class IntakeLimitError(InputError):
    """Checking the upload took more memory or time than this service allows; send one plain CT series."""

    code = "INTAKE_LIMIT"


class IntakeBrokenError(InputError):
    """The upload broke the process that checks it; send the CT series as the scanner or the archive exported it."""

    code = "INTAKE_BROKEN"


class UploadMalformedError(InputError):
    """The upload ended early or is not well-formed multipart data; send it again."""

    code = "UPLOAD_MALFORMED"
