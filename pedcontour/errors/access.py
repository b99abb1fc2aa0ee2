"""Who may ask, and how."""

from pedcontour.errors.base import PedcontourError
from pedcontour.errors.requests import RequestError


class UnauthorizedError(RequestError):
    """A valid API key is needed, in the header `X-API-Key`, or a bearer token where the service takes tokens."""

    code = "UNAUTHORIZED"


class TokenInvalidError(UnauthorizedError):
    """The bearer token has expired, is malformed, or is not of this service's issuer and audience; get a new one."""

    code = "TOKEN_INVALID"


class ScopeMissingError(RequestError):
    """The key or token is valid but may not do this; ask for one with the scope that the detail names."""

    code = "SCOPE_MISSING"


class AuditBrokenError(PedcontourError):
    """The audit chain is broken at the place that the detail names: a record was changed, removed or put between."""

    code = "AUDIT_BROKEN"


class KeyNotFoundError(RequestError):
    """There is no API key of that prefix; `pedcontour keys list` shows them all."""

    code = "KEY_NOT_FOUND"


class ForbiddenBindingError(RequestError):
    """Beyond this machine the service needs an API key; make one with `pedcontour keys new`, or bind to 127.0.0.1."""

    code = "API_KEY_NEEDED"


class HostNotAllowedError(RequestError):
    """The service does not answer under this host name; PEDCONTOUR_ALLOWED_HOSTS names those that it does."""

    code = "HOST_NOT_ALLOWED"


class CrossSiteError(RequestError):
    """A web page of another site sent this request; the service answers programs, and no foreign pages."""

    code = "CROSS_SITE"


class NoSuchPageError(RequestError):
    """There is nothing at this address; /openapi.json lists what there is."""

    code = "NOT_FOUND"


class MethodNotAllowedError(RequestError):
    """This address does not take this method; /openapi.json lists those that it takes."""

    code = "METHOD_NOT_ALLOWED"


class MediaTypeUnsupportedError(RequestError):
    """Send multipart/form-data, or one file as application/zip, application/dicom or application/octet-stream."""

    code = "MEDIA_TYPE_UNSUPPORTED"
