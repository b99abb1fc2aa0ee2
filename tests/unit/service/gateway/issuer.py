"""A little issuer of tokens on this machine: real keys, real HTTP, and a switch to turn it off."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "pedcontour"


class Issuer:
    """Signs tokens; serves its public keys and where they are. ``asked`` counts the questions for keys."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.key_ids = {"rsa-1": self.rsa, "ec-1": self.ec}
        self.asked = 0
        self.is_away = False
        self.url = ""

    def keys(self) -> dict[str, Any]:
        """The public keys (RFC 7517)."""
        documents = []
        for key_id, key in self.key_ids.items():
            kind: Any = jwt.algorithms.RSAAlgorithm if key_id.startswith("rsa") else jwt.algorithms.ECAlgorithm
            documents.append({**kind.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig"})
        return {"keys": documents}

    def token(self, key_id: str = "rsa-1", key: Any = None, **changes: Any) -> str:
        """A good token; ``changes`` replace its claims, None removes one; ``alg`` replaces the algorithm."""
        algorithm = changes.pop("alg", "RS256" if key_id.startswith("rsa") else "ES256")
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "somebody",
            "exp": int(time.time()) + 300,
            "tenant": "radiotherapy",
            "scope": "openid jobs:read models:read",
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        signing = self.key_ids.get(key_id) if key is None else key
        return jwt.encode(claims, signing, algorithm, headers={"kid": key_id})


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that listens on a free port of this machine."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/keys"):
                issuer.asked += 1
            known = {
                "/.well-known/openid-configuration": {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"},
                "/keys": issuer.keys(),
            }
            body = json.dumps(known.get(self.path, {})).encode()
            self.send_response(503 if issuer.is_away else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
