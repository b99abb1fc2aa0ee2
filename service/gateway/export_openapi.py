"""``python -m service.gateway.export_openapi``: writes the API's contract to ``openapi/openapi.json``."""

import json
from pathlib import Path

from pedcontour.storage import MemoryResultStore
from service.gateway.app import create_app
from service.gateway.keys import KeyRing
from service.gateway.models import InstalledModels
from service.gateway.parts import GatewayParts
from service.jobstore import MemoryJobStore
from service.queue import MemoryJobQueue
from service.uploads import UploadLimits

TARGET = Path("openapi") / "openapi.json"


def contract() -> str:
    """The OpenAPI document as text; it depends on the code alone."""
    nowhere = Path()
    parts = GatewayParts(
        jobs=MemoryJobStore(),
        queue=MemoryJobQueue(),
        results=MemoryResultStore(),
        models=InstalledModels(nowhere),
        uploads=nowhere,
        limits=UploadLimits(1, 1),
        keys=KeyRing(),
    )
    return json.dumps(create_app(parts).openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the document."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(contract(), encoding="utf-8")


if __name__ == "__main__":
    main()
