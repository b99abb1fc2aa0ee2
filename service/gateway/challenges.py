"""How a caller is told what to show (RFC 9110 11.6.1, RFC 6750 3)."""

from pedcontour.errors import PedcontourError, ScopeMissingError, TokenInvalidError, UnauthorizedError

REALM = "pedcontour"
"""What keys and tokens are for."""

KEY = f'ApiKey realm="{REALM}", header="X-API-Key"'
BEARER = f'Bearer realm="{REALM}"'


def challenges(error: PedcontourError) -> tuple[str, ...]:
    """The values of ``WWW-Authenticate`` for an error, one a scheme; none where another key would not help."""
    if isinstance(error, TokenInvalidError):
        return (f'{BEARER}, error="invalid_token"', KEY)
    if isinstance(error, UnauthorizedError):
        return (KEY, BEARER)
    if isinstance(error, ScopeMissingError):
        scope = f', scope="{error.detail}"' if error.detail else ""
        return (f'{BEARER}, error="insufficient_scope"{scope}',)
    return ()
