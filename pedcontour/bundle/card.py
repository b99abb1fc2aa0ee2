"""A model card to start from, for a model whose makers wrote none."""

from pedcontour.bundle.description import Description
from pedcontour.organs import all_organs


def card_template(description: Description) -> str:
    """Markdown with what is known of a model and gaps for what its makers have to say."""
    organs = sorted({all_organs()[organ].name for organ in description.organ_of_label.values()})
    provenance = "\n".join(f"- {key}: {value}" for key, value in description.provenance.items())
    return f"""# {description.name}

Version {description.version}. Licence: {description.licence}.

## Intended use

{description.intended_use}

## What it draws

{", ".join(organs)}.

## Where it comes from

{provenance}

{_folds(description)}## Training data

Not described by its importer.

## Accuracy

Not measured by its importer. Until it is, expect nothing of it on children's images.
"""


def _folds(description: Description) -> str:
    count = len(description.folds)
    return f"It is {count} networks, folds of one training; the mean of their outputs draws.\n\n" if count else ""
