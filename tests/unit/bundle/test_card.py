from pedcontour.bundle.card import card_template
from pedcontour.bundle.description import Description


def test_a_card_to_start_from_says_what_is_known_and_promises_nothing() -> None:
    organs = {1: "spleen", 2: "stomach_bowel", 3: "stomach_bowel"}
    card = card_template(Description("toy", "A toy", "3", "CC0-1.0", "Tests.", "3d_fullres", organs))
    assert card.startswith("# A toy\n")
    for fact in ("Version 3", "CC0-1.0", "Tests.", "Spleen, Stomach and bowel."):
        assert fact in card
    assert "Not measured" in card
