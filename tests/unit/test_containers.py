"""The container files name only settings that exist, and no torch for the gateway. Building them is done elsewhere."""

import re
from pathlib import Path

from pedcontour.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_every_variable_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(r"PEDCONTOUR_[A-Z_]+", COMPOSE + DOCKERFILE)) <= known


def test_the_gateway_is_built_without_torch_and_both_from_the_constraints() -> None:
    installs = re.findall(r'pip install -c constraints\.txt "\.\[(.+)\]"', DOCKERFILE)
    assert installs == ["service", "service,inference"]


def test_the_broker_keeps_every_message_and_is_not_reachable_from_outside() -> None:
    redis = COMPOSE[COMPOSE.index("  redis:\n") : COMPOSE.index("\nnetworks:")]
    assert '--appendonly, "yes"' in redis
    assert "--maxmemory-policy, noeviction" in redis
    assert "ports:" not in redis
    assert "networks: [back]" in redis


def test_without_keys_compose_does_not_start() -> None:
    assert "${PEDCONTOUR_API_KEYS:?" in COMPOSE
