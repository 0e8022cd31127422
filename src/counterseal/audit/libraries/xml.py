"""Parsers of XML: the standard library, lxml, defusedxml."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_PARSERS = (
    "xml.etree.ElementTree.parse",
    "xml.etree.ElementTree.fromstring",
    "xml.etree.ElementTree.XML",
    "xml.etree.ElementTree.iterparse",
    "xml.dom.minidom.parse",
    "xml.dom.minidom.parseString",
    "xml.sax.parse",
    "xml.sax.parseString",
    "lxml.etree.parse",
    "lxml.etree.fromstring",
    "lxml.etree.XML",
    "lxml.etree.iterparse",
    "xmltodict.parse",
)
_SAFE = ("defusedxml.ElementTree.parse", "defusedxml.ElementTree.fromstring", "defusedxml.minidom.parseString")

LIBRARY = Library(
    name="xml",
    calls={
        **{name: Api("xml-parse", {"data": (0, "source", "text"), "parser": (1, "parser")}, passes=True) for name in _PARSERS},
        **{name: Api("json-load", {"data": 0}, passes=True) for name in _SAFE},
    },
    aliases={"xml.etree.cElementTree": "xml.etree.ElementTree"},
)
