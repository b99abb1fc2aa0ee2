"""Who asks: the one thing that the rest of the gateway knows of a caller."""

from dataclasses import dataclass

from service.apikeys import Scope


@dataclass(frozen=True)
class Principal:
    """A caller that has shown who it is: ``tenant`` owns its jobs, ``name`` stands in the audit file."""

    tenant: str
    name: str
    scopes: frozenset[Scope]


ANYBODY = Principal(tenant="", name="anybody", scopes=frozenset(Scope))
"""Everybody, on a service that listens to this machine alone and has no keys."""
