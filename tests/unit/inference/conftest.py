import pytest

from pedcontour.inference.nnunet_network import Definition
from tests.unit.inference.planned import PLANS, SPACING_MM, THICK_SPACING_MM, definition_with


@pytest.fixture(params=PLANS.values(), ids=PLANS.keys())
def definition(request: pytest.FixtureRequest) -> Definition:
    return definition_with(request.param)


@pytest.fixture(params=[SPACING_MM, THICK_SPACING_MM], ids=["thin", "thick"])
def spacing_mm(request: pytest.FixtureRequest) -> tuple[float, float, float]:
    spacing: tuple[float, float, float] = request.param
    return spacing
