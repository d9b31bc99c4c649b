"""XLSX from the inside: guard against archives that explode, and formula cells without a saved result.

Declared sizes are checked first; then each part that will be read is inflated here under its declared size, because
the reader of the workbook trusts the archive.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.etree import ElementTree as ET

from fupin.exchange.reading import refusals
from fupin.exchange.reading.source import Source

MAX_UNPACKED = 2 << 30
SUSPICIOUS_FROM = 64 << 20
MAX_RATIO = 100
MAX_INDEX_PART = 4 << 20
_BLOCK = 1 << 20
_FORMULA = re.compile(rb"<f[\s>/]")
_ADDRESS = re.compile(rb'\br="([A-Z]{1,3}[0-9]{1,7})"')
_VALUE = re.compile(rb"<v[^>]*>[^<]")


@dataclass
class Formulas:
    count: int = 0
    without_value: int = 0
    cells: list[str] = field(default_factory=list)


def guard(source: Source) -> None:
    """Raises Refusal when the archive is larger inside than any table, by what it declares or by what it holds."""
    with source.open() as stream, zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
        declared = sum(part.file_size for part in parts)
        _check(declared, source.size)
        for part in parts:
            if part.filename.startswith("xl/") and part.filename.endswith(".xml"):
                for _ in inflate(stream, part, source.size):
                    pass


def _check(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED or (unpacked > SUSPICIOUS_FROM and unpacked > MAX_RATIO * packed):
        raise refusals.too_large_inside(unpacked >> 20, packed >> 20)


def inflate(stream: BinaryIO, part: zipfile.ZipInfo, packed_size: int) -> Iterator[bytes]:
    """The part's bytes in blocks; stops with a Refusal as soon as it gives more than it declares."""
    stream.seek(part.header_offset)
    header = stream.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04" or part.compress_type not in (0, 8):
        raise refusals.cannot_open("XLSX")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    stream.seek(name_length + extra_length, 1)
    left, given = part.compress_size, 0
    engine = zlib.decompressobj(-15) if part.compress_type == 8 else None
    while left > 0:
        packed = stream.read(min(_BLOCK, left))
        if not packed:
            raise refusals.cannot_open("XLSX")
        left -= len(packed)
        for block in _unpack(engine, packed):
            given += len(block)
            if given > part.file_size:
                raise refusals.too_large_inside(max(given, part.file_size) >> 20, packed_size >> 20)
            yield block


def _unpack(engine: zlib._Decompress | None, packed: bytes) -> Iterator[bytes]:
    if engine is None:
        yield packed
        return
    try:
        while packed:
            yield engine.decompress(packed, _BLOCK)
            packed = engine.unconsumed_tail
    except zlib.error as error:
        raise refusals.cannot_open("XLSX") from error


def formulas(source: Source, sheet: str) -> Formulas:
    """Formula cells of a sheet; ``cells`` are the first five addresses without a saved result."""
    found = Formulas()
    with source.open() as stream, zipfile.ZipFile(stream) as archive:
        part = _sheet_part(archive, sheet)
        if part is None:
            return found
        rest = b""
        for block in inflate(stream, part, source.size):
            buffer = rest + block
            cut = buffer.rfind(b"</c>") + 4
            if cut < 4:
                cut = max(0, len(buffer) - 64)
            _scan(buffer[:cut], found)
            rest = buffer[cut:]
        _scan(rest, found)
    return found


def _scan(xml: bytes, found: Formulas) -> None:
    for hit in _FORMULA.finditer(xml):
        begin = xml.rfind(b"<c ", 0, hit.start())
        end = xml.find(b"</c>", hit.end())
        cell = xml[max(begin, 0) : end if end >= 0 else len(xml)]
        found.count += 1
        if _VALUE.search(cell) is None and b't="str"' not in cell:
            found.without_value += 1
            address = _ADDRESS.search(cell)
            if address and len(found.cells) < 5:
                found.cells.append(address[1].decode())


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> zipfile.ZipInfo | None:
    """The part of a sheet by the workbook's own list of relations."""
    targets: dict[str, str] = {}
    for relation in _xml(archive, "xl/_rels/workbook.xml.rels"):
        targets[relation.get("Id", "")] = relation.get("Target", "")
    for element in _xml(archive, "xl/workbook.xml").iter():
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            ids = [value for key, value in element.attrib.items() if key.endswith("}id")]
            target = targets.get(ids[0] if ids else "", "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return archive.NameToInfo.get(path)
    return None


def _xml(archive: zipfile.ZipFile, name: str) -> ET.Element:
    part = archive.NameToInfo.get(name)
    if part is None or part.file_size > MAX_INDEX_PART:
        raise refusals.cannot_open("XLSX")
    content = archive.read(part)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise refusals.cannot_open("XLSX")
    try:
        return ET.fromstring(content)  # noqa: S314  # small, and without declarations of entities
    except ET.ParseError as error:
        raise refusals.cannot_open("XLSX") from error
