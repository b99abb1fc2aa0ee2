"""Whoever asks shows a key or a token, and is a principal from then on."""

from pedcontour.errors import UnauthorizedError
from service.apikeys import prefix_of
from service.gateway.parts import GatewayParts
from service.gateway.principals import ANYBODY, Principal


def is_guarded(parts: GatewayParts) -> bool:
    """Whether anybody is asked who they are: from the first key on, or with an issuer of tokens.

    Raises ``JobTableError``.
    """
    return parts.tokens is not None or parts.keys.has_any()


def authenticate(parts: GatewayParts, key: str | None, token: str | None) -> Principal:
    """Who shows this key, or this bearer token; a key may also come as one, as Prometheus sends it.

    Raises ``UnauthorizedError``, ``TokenInvalidError``; ``JobTableError`` or ``IssuerUnreachableError`` where it cannot
    be told now.
    """
    if not is_guarded(parts):
        return ANYBODY
    if key is None and token is not None and prefix_of(token):
        key = token
    if key is None and token is not None and parts.tokens is not None:
        return parts.tokens.principal(token)
    principal = parts.keys.principal(key) if key is not None else None
    if principal is None:
        raise UnauthorizedError
    return principal
