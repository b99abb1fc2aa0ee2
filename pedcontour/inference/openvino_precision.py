"""Which layers stay in float32 where a network runs in bfloat16."""

import xml.etree.ElementTree as ET
from pathlib import Path

# Written and read by ourselves, one after the other: nothing foreign is parsed.

_PRECISE = {"name": "precise", "version": "0"}
"""OpenVINO's own mark for operations that must not lose precision; it has no function in Python that sets it."""


def keep_ends_precise(network: Path) -> None:
    """Mark the first and the last convolution of a network's file, in place.

    The first one sees Hounsfield units, of which bfloat16 keeps eight bits; the last one gives the scores that are
    compared. Both are a small part of the work. In float32 the marks change nothing.
    """
    tree = ET.parse(network)  # noqa: S314
    layers = tree.getroot().findall("./layers/layer")
    convolutions = [layer for layer in layers if layer.get("type") == "Convolution"]
    for layer in convolutions[:1] + convolutions[-1:]:
        marks = layer.find("rt_info")
        if marks is None:
            data = layer.find("data")
            marks = ET.Element("rt_info")
            layer.insert(0 if data is None else list(layer).index(data) + 1, marks)
        if all(mark.get("name") != _PRECISE["name"] for mark in marks):
            ET.SubElement(marks, "attribute", _PRECISE)
    tree.write(network, encoding="utf-8", xml_declaration=True)
