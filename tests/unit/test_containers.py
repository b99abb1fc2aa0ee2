"""The container files name only settings that exist, and no torch for the gateway. Building them is done elsewhere."""

import re
from pathlib import Path

import yaml

from pedcontour.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE_FILE = yaml.safe_load(COMPOSE)
SERVICES = COMPOSE_FILE["services"]
MAKE_SECRETS = ROOT / "deploy" / "make-secrets.sh"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_every_variable_is_a_setting() -> None:
    given = set(re.findall(r"PEDCONTOUR_[A-Z_]+", DOCKERFILE)) | {
        name for service in SERVICES.values() for name in service.get("environment", {}) if name.startswith(PREFIX)
    }
    assert len(given) > 5
    assert given <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_with_results_in_a_bucket_its_key_is_a_file_and_workers_keep_their_other_networks() -> None:
    text = (ROOT / "deploy" / "object-store.yml").read_text("utf-8")
    added = yaml.safe_load(text)
    assert set(added["services"]) == {name for name in SERVICES if name.startswith(("gateway", "worker"))}
    for service in added["services"].values():
        assert set(service["environment"]) <= {PREFIX + name.upper() for name in Settings.model_fields}
        assert not [name for name in service["environment"] if "KEY" in name]
        assert set(service["secrets"]) == set(added["secrets"])
        assert service["networks"] == ["bucket"]  # Compose adds it to those of docker-compose.yml
    assert {name.removeprefix("pedcontour_") for name in added["secrets"]} <= set(Settings.model_fields)


def test_the_gateway_is_built_without_torch_and_both_from_the_constraints() -> None:
    installs = re.findall(r'pip install -c constraints\.txt .*"\.\[(.+)\]"', DOCKERFILE)
    assert installs == ["service,postgres,objectstore", "service,postgres,objectstore,inference"]


def test_the_broker_keeps_every_message_and_is_not_reachable_from_outside() -> None:
    redis = SERVICES["redis"]
    assert " ".join(redis["command"]).count("--appendonly yes") == 1
    assert " ".join(redis["command"]).count("--maxmemory-policy noeviction") == 1
    assert "ports" not in redis
    assert redis["networks"] == ["back"]
    assert COMPOSE_FILE["networks"]["back"] == {"internal": True}


def test_secrets_are_files_and_never_variables_or_arguments() -> None:
    assert not [name for name in re.findall(r"PEDCONTOUR_[A-Z_]+(?=:)", COMPOSE) if name.endswith(("KEYS", "PASSWORD"))]
    made = MAKE_SECRETS.read_text("utf-8")
    for name, secret in COMPOSE_FILE["secrets"].items():
        assert secret["file"].endswith(f"/{name}")
        assert name.removeprefix("pedcontour_") in made


def test_every_container_is_hardened() -> None:
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_only_the_gateway_publishes_a_port_and_only_to_this_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])
