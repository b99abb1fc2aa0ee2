"""Bearer tokens of an OpenID Connect issuer: signed JSON Web Tokens (RFC 7519, with the care of RFC 8725)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from pedcontour.errors import TokenInvalidError
from service.apikeys import TENANT, Scope
from service.gateway.issuer_keys import IssuerKeys
from service.gateway.principals import Principal

LONGEST_TOKEN = 16 * 1024
"""Above any token that fits into a header."""


@dataclass(frozen=True)
class TokenRules:
    """What a token must be. ``algorithms`` are asymmetric ones: with a shared secret, who checks could also issue."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    tenant_claim: str = "tenant"
    scopes_claim: str = "scope"
    leeway_s: float = 30.0


class IssuedTokens:
    """The ``Tokens`` of one issuer."""

    def __init__(self, rules: TokenRules, keys: IssuerKeys) -> None:
        self._rules = rules
        self._keys = keys

    def principal(self, token: str) -> Principal:
        """See ``Tokens.principal``."""
        claims = self._claims(token)
        tenant = claims.get(self._rules.tenant_claim)
        if not isinstance(tenant, str) or not TENANT.fullmatch(tenant):
            raise TokenInvalidError("it names no tenant")
        subject = hashlib.sha256(f"{self._rules.issuer}\0{claims['sub']}".encode()).hexdigest()
        return Principal(tenant, f"token:{subject[:16]}", _scopes(claims.get(self._rules.scopes_claim)))

    def _claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise TokenInvalidError("it is too long")
        try:
            return self._verified(token)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenInvalidError(type(error).__name__) from None

    def _verified(self, token: str) -> Mapping[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in self._rules.algorithms:
            raise TokenInvalidError("its algorithm is not allowed")
        key = self._keys.find(key_id) if isinstance(key_id, str) else None
        if key is None or key.get("alg", algorithm) != algorithm:
            raise TokenInvalidError("the issuer has no such key")
        return jwt.decode(
            token,
            jwt.PyJWK(dict(key), algorithm),
            algorithms=[algorithm],
            audience=self._rules.audience,
            issuer=self._rules.issuer,
            leeway=self._rules.leeway_s,
            options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
        )


def _scopes(claim: Any) -> frozenset[Scope]:
    """A list, or names with spaces between (RFC 8693 4.2); what is not a scope of ours is for somebody else."""
    names = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return frozenset(Scope(name) for name in names if name in set(Scope))
