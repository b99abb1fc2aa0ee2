"""deploy/: every figure that a rule or a panel names is one that /metrics gives, and Prometheus takes the rules."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from pedcontour.errors import PedcontourError
from service.apikeys import KeyRequest, MemoryKeyStore, make_key
from service.figures import Figure
from service.gateway.keys import KeyRing
from service.gateway.remembered_keys import RememberedKeys
from tests.outside_tools import require, run
from tests.unit.service.gateway.conftest import make_gateway

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboard.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"

NAME = re.compile(r"\bpedcontour_[a-z_]+")


@pytest.fixture
def metrics(tmp_path: Path) -> str:
    """What a gateway tells that has seen a bit of everything."""
    store = MemoryKeyStore()
    _, kept = make_key(KeyRequest("t", valid_for=timedelta(days=1)), datetime.now(UTC))
    store.add(kept)
    gateway = make_gateway(tmp_path, keys=KeyRing((), RememberedKeys(store)), metrics_open=True)
    seen = (Figure("attempts", "done"), Figure("failures", "NOT_CT"), Figure("stage_seconds", "read"))
    gateway.parts.figures.add(dict.fromkeys(seen, 1.0))
    gateway.http.get("/nowhere")
    return gateway.http.get("/metrics").text


def expressions() -> list[str]:
    rules = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_figure_that_is_named_is_given(metrics: str) -> None:
    given = {sample.name for family in text_string_to_metric_families(metrics) for sample in family.samples}
    named = {name for expression in expressions() for name in NAME.findall(expression)}
    assert named - given == set()
    assert len(named) > 15


def test_every_figure_is_shown_or_watched(metrics: str) -> None:
    named = " ".join(expressions())
    families = (family.name for family in text_string_to_metric_families(metrics))
    ours = [name for name in families if name.startswith("pedcontour") and not name.endswith("_created")]
    assert [name for name in ours if name not in named] == []


def test_every_figure_has_help_a_type_and_a_name_by_convention(metrics: str) -> None:
    for family in text_string_to_metric_families(metrics):
        if family.name.startswith("pedcontour"):
            assert family.documentation.endswith("."), family.name
            assert family.type != "unknown", family.name
            assert not re.search(r"(_ms|_milliseconds|_minutes|_percent|_mb)$", family.name)


def test_every_code_that_a_rule_names_is_one_of_ours() -> None:
    def codes(kind: type[PedcontourError]) -> set[str]:
        return {kind.code}.union(*(codes(sub) for sub in kind.__subclasses__()))

    groups = (group for text in expressions() for group in re.findall(r'code=~?"([^"]+)"', text))
    named = {code for group in groups for code in group.split("|")}
    assert named
    assert named <= codes(PedcontourError)


def test_every_alert_says_what_is_wrong_and_where_it_is_told_what_to_do() -> None:
    titles = (line.lstrip("# ").lower() for line in RUNBOOK.read_text("utf-8").splitlines() if line.startswith("#"))
    headings = {re.sub(r"[^a-z ]", "", title).replace(" ", "-") for title in titles}
    for rule in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        page, anchor = rule["annotations"]["runbook"].split("#")
        assert page == "docs/operations.md" and anchor in headings, rule["alert"]


def test_panels_do_not_overlap_and_have_a_unit() -> None:
    places = set()
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        place = panel["gridPos"]
        assert panel["title"] and panel["fieldConfig"]["defaults"]["unit"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & places
        places |= cells


def test_prometheus_itself_takes_rules_and_configuration(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "prometheus", tmp_path / "prometheus")
    (tmp_path / "prometheus" / "pedcontour-metrics.key").write_text("pc_abcdefgh_" + "A" * 43)
    for arguments in (("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml")):
        done = run("promtool", *arguments[:2], tmp_path / "prometheus" / arguments[2])
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_finds_nothing_to_complain_of_in_the_figures(metrics: str) -> None:
    done = subprocess.run(
        [require("promtool"), "check", "metrics"], input=metrics, capture_output=True, text=True, check=False
    )
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if "pedcontour" in line]
    assert complaints == []
