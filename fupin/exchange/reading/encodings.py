"""Which encoding a text file is in.

The whole file is looked through: a wrong byte in the last row is found before anything is written.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from fupin.exchange.reading import refusals
from fupin.exchange.reading.source import Source

BLOCK = 8 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF8_HAN = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")
_HAN_NEEDED = 4


@dataclass(frozen=True)
class Encoding:
    """``codec`` is Python's name; ``skip`` bytes of byte-order mark; ``lone_returns`` when rows end in CR only."""

    codec: str
    skip: int
    lone_returns: bool

    @property
    def label(self) -> str:
        return {"utf-8": "UTF-8", "gb18030": "GB18030"}.get(self.codec, "UTF-16") + (" BOM" if self.skip else "")


def find_encoding(source: Source) -> Encoding:
    """Raises Refusal for NUL bytes, for two encodings in one file and for neither UTF-8 nor GB18030."""
    with source.open() as stream:
        head = stream.read(4)
    codec, skip = next(((name, len(bom)) for bom, name in _BOMS if head.startswith(bom)), ("", 0))
    if codec in ("", "utf-8"):
        _refuse_nul(source)
    failed = _first_undecodable(source, codec or "utf-8", skip)
    if failed is None:
        found = Encoding(codec or "utf-8", skip, _lone_returns(source))
        if codec not in ("", "utf-8"):
            _refuse_nul_in(clear_blocks(source, found))
        return found
    line, text_before, other = failed
    if codec or (text_before >= _HAN_NEEDED and not other):
        raise refusals.unknown_encoding(line)
    if text_before >= _HAN_NEEDED:
        raise refusals.mixed_encodings(line, "UTF-8", "GB18030")
    _refuse_unless_gb18030(source)
    return Encoding("gb18030", 0, _lone_returns(source))


def clear_blocks(source: Source, encoding: Encoding, size: int = 0) -> Iterator[bytes]:
    """The text as UTF-8 in blocks of about ``size`` bytes, rows ended by LF or CRLF."""
    for block in _recoded(source, encoding, size or BLOCK):
        yield block.replace(b"\r", b"\n") if encoding.lone_returns else block


def _recoded(source: Source, encoding: Encoding, size: int) -> Iterator[bytes]:
    with source.open() as stream:
        stream.seek(encoding.skip)
        if encoding.codec == "utf-8":
            yield from _blocks(stream, size)
            return
        decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
        for block in _blocks(stream, size):
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()


def _blocks(stream: BinaryIO, size: int = 0) -> Iterator[bytes]:
    while block := stream.read(size or BLOCK):
        yield block


def _refuse_nul(source: Source) -> None:
    with source.open() as stream:
        _refuse_nul_in(_blocks(stream))


def _refuse_nul_in(blocks: Iterator[bytes]) -> None:
    lines = 1
    for block in blocks:
        place = block.find(b"\0")
        if place >= 0:
            raise refusals.nul_bytes(lines + block.count(b"\n", 0, place))
        lines += block.count(b"\n")


def _lone_returns(source: Source) -> bool:
    with source.open() as stream:
        head = stream.read(1 << 20)
    return b"\r" in head and b"\n" not in head


def _first_undecodable(source: Source, codec: str, skip: int) -> tuple[int, int, bool] | None:
    """(line, number of non-ASCII characters before it, is the rest of the line GB18030), or None when all decodes."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    lines, wide = 1, 0
    with source.open() as stream:
        stream.seek(skip)
        for block in _last_empty(stream):
            pending = decoder.getstate()[0]
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = (pending + block)[: error.start]
                rest = (pending + block)[error.start :].split(b"\n", 1)[0]
                return lines + good.count(b"\n"), wide + _wide(good), _decodes(rest, "gb18030")
            lines += block.count(b"\n")
            wide = min(wide + _wide(block), _HAN_NEEDED) if wide < _HAN_NEEDED else wide
    return None


def _last_empty(stream: BinaryIO) -> Iterator[bytes]:
    yield from _blocks(stream)
    yield b""


def _wide(part: bytes) -> int:
    """Non-ASCII characters in the first 64 KiB of valid UTF-8."""
    head = part[: 1 << 16]
    return 0 if head.isascii() else sum(byte >= 0xC0 for byte in head)


def _refuse_unless_gb18030(source: Source) -> None:
    decoder = codecs.getincrementaldecoder("gb18030")("strict")
    lines, rest = 1, b""
    with source.open() as stream:
        for block in _last_empty(stream):
            buffer = rest + block
            cut = buffer.rfind(b"\n") + 1 if block else len(buffer)
            whole, rest = buffer[:cut], buffer[cut:]
            _look_for_utf8_lines(whole, lines)
            try:
                decoder.decode(whole, final=not block)
            except UnicodeDecodeError as error:
                raise _strange_line(whole, error.start, lines) from None
            lines += whole.count(b"\n")


def _strange_line(text: bytes, place: int, first_line: int) -> refusals.Refusal:
    begin, end = text.rfind(b"\n", 0, place) + 1, text.find(b"\n", place)
    line = text[begin : end if end >= 0 else len(text)]
    number = first_line + text.count(b"\n", 0, place)
    if _decodes(line, "utf-8"):
        return refusals.mixed_encodings(number, "GB18030", "UTF-8")
    return refusals.unknown_encoding(number)


def _look_for_utf8_lines(text: bytes, first_line: int) -> None:
    for place in _like_utf8(text):
        begin, end = text.rfind(b"\n", 0, place) + 1, text.find(b"\n", place)
        line = text[begin : end if end >= 0 else len(text)]
        if len(_UTF8_HAN.findall(line)) >= _HAN_NEEDED and _decodes(line, "utf-8"):
            raise refusals.mixed_encodings(first_line + text.count(b"\n", 0, begin), "GB18030", "UTF-8")


def _like_utf8(text: bytes) -> list[int]:
    """Where two Chinese characters in a row would stand if it were UTF-8: rare in GB18030, worth a closer look."""
    data = np.frombuffer(text, dtype=np.uint8)
    if data.size < 6:
        return []
    lead, more = (data >= 0xE4) & (data <= 0xE9), (data & 0xC0) == 0x80
    character = lead[:-2] & more[1:-1] & more[2:]
    return np.flatnonzero(character[:-3] & character[3:]).tolist()


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
