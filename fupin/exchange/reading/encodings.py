"""Which encoding a text file is in, and its text as UTF-8.

The first Chinese characters decide; every byte is checked while the rows are read, so that a wrong one in the last row
is found before the delivery is taken, and the file need not be read for that alone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from fupin.exchange.reading import refusals
from fupin.exchange.reading.source import Source

BLOCK = 8 << 20
HEAD_BYTES = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF8_HAN = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")
_HAN_NEEDED = 4

#: the file in pieces of whole rows, from its beginning at each call
Rows = Callable[[], Iterator[bytes]]


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
    """Raises Refusal for NUL bytes and for what is neither UTF-8 nor GB18030, where that shows before it is decided."""
    with source.open() as stream:
        head = stream.read(HEAD_BYTES)
    lone_returns = b"\r" in head and b"\n" not in head
    for mark, codec in _BOMS:
        if head.startswith(mark):
            return Encoding(codec, len(mark), lone_returns)
    utf8 = Encoding("utf-8", 0, lone_returns)
    return utf8 if _is_utf8(source, utf8) else Encoding("gb18030", 0, lone_returns)


def _is_utf8(source: Source, encoding: Encoding) -> bool:
    """Whether the first characters beyond ASCII are, all of the file being looked through when there are too few."""
    decoder, wide = codecs.getincrementaldecoder("utf-8")("strict"), 0
    blocks = _closed(raw_blocks(source, encoding, HEAD_BYTES))
    for number, block in enumerate(blocks):
        before = _LinesBefore(lambda: raw_blocks(source, encoding, HEAD_BYTES), number)
        _refuse_nul(block, before)
        pending = decoder.getstate()[0]
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            if wide + _wide((pending + block)[: error.start]) < _HAN_NEEDED:
                return False
            raise _not_utf8(pending + block, error.start, before, encoding) from None
        wide += _wide(block)
        if wide >= _HAN_NEEDED:
            return True
    return True


def raw_blocks(source: Source, encoding: Encoding, size: int = 0) -> Iterator[bytes]:
    """The text in blocks of about ``size`` bytes, rows ended by LF or CRLF; UTF-16 comes as UTF-8, all else as it is.

    In UTF-8 and GB18030 the bytes of line ends, quotes and delimiters stand for nothing else.
    """
    with source.open() as stream:
        stream.seek(encoding.skip)
        blocks = _blocks(stream, size or BLOCK)
        for block in blocks if encoding.codec in ("utf-8", "gb18030") else _from_utf16(blocks, encoding):
            yield block.replace(b"\r", b"\n") if encoding.lone_returns else block


def head_of(source: Source, encoding: Encoding) -> str:
    """The first megabyte, in which the header must stand."""
    codec = "gb18030" if encoding.codec == "gb18030" else "utf-8"
    return next(raw_blocks(source, encoding, HEAD_BYTES), b"").decode(codec, "ignore")


def checked(rows: Rows, encoding: Encoding) -> Iterator[bytes]:
    """Each piece of ``rows`` (from ``raw_blocks``) as UTF-8.

    Raises Refusal with the line for NUL, for two encodings in one file and for neither UTF-8 nor GB18030.
    """
    for number, piece in enumerate(rows()):
        before = _LinesBefore(rows, number)
        _refuse_nul(piece, before)
        if encoding.codec == "gb18030" and not piece.isascii():
            yield _from_gb18030(piece, before)
            continue
        if encoding.codec == "utf-8" and not _valid_utf8(piece):
            _refuse_undecodable(piece, before, encoding)
        yield piece


@dataclass(frozen=True)
class _LinesBefore:
    """Lines are counted only when somebody must be told one: that reads the file once more."""

    rows: Rows
    pieces: int

    def line_at(self, piece: bytes, place: int) -> int:
        """The number of the line, from 1, at a place of the piece behind so many."""
        return 1 + sum(one.count(b"\n") for one in islice(self.rows(), self.pieces)) + piece.count(b"\n", 0, place)


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while block := stream.read(size):
        yield block


def _closed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield from blocks
    yield b""


def _from_utf16(blocks: Iterator[bytes], encoding: Encoding) -> Iterator[bytes]:
    decoder, lines = codecs.getincrementaldecoder(encoding.codec)("strict"), 1
    for block in _closed(blocks):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding.codec, "ignore")
            raise refusals.unknown_encoding(lines + good.count("\n")) from None
        lines += text.count("\n")
        yield text.encode()


def _refuse_nul(piece: bytes, before: _LinesBefore) -> None:
    place = piece.find(b"\0")
    if place >= 0:
        raise refusals.nul_bytes(before.line_at(piece, place))


def _valid_utf8(piece: bytes) -> bool:
    """As ``bytes.decode`` would say, without making the text."""
    ends = pa.py_buffer(np.array([0, len(piece)], dtype=np.int64).data)
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(piece)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _refuse_undecodable(piece: bytes, before: _LinesBefore, encoding: Encoding) -> None:
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(piece, error.start, before, encoding) from None


def _not_utf8(piece: bytes, place: int, before: _LinesBefore, encoding: Encoding) -> refusals.Refusal:
    """Two encodings when the rest of the line is the other one."""
    line = before.line_at(piece, place)
    if encoding.skip == 0 and _decodes(piece[place:].split(b"\n", 1)[0], "gb18030"):
        return refusals.mixed_encodings(line, "UTF-8", "GB18030")
    return refusals.unknown_encoding(line)


def _wide(part: bytes) -> int:
    """Non-ASCII characters in the first 64 KiB of valid UTF-8."""
    head = part[: 1 << 16]
    return 0 if head.isascii() else sum(byte >= 0xC0 for byte in head)


def _from_gb18030(piece: bytes, before: _LinesBefore) -> bytes:
    _refuse_utf8_lines(piece, before)
    try:
        return piece.decode("gb18030").encode()
    except UnicodeDecodeError as error:
        line = before.line_at(piece, error.start)
        if _decodes(_line_around(piece, error.start), "utf-8"):
            raise refusals.mixed_encodings(line, "GB18030", "UTF-8") from None
        raise refusals.unknown_encoding(line) from None


def _refuse_utf8_lines(piece: bytes, before: _LinesBefore) -> None:
    for place in _like_utf8(piece):
        line = _line_around(piece, place)
        if len(_UTF8_HAN.findall(line)) >= _HAN_NEEDED and _decodes(line, "utf-8"):
            raise refusals.mixed_encodings(before.line_at(piece, place), "GB18030", "UTF-8")


def _line_around(piece: bytes, place: int) -> bytes:
    begin, end = piece.rfind(b"\n", 0, place) + 1, piece.find(b"\n", place)
    return piece[begin : end if end >= 0 else len(piece)]


def _like_utf8(text: bytes) -> list[int]:
    """Where two Chinese characters in a row would stand if it were UTF-8: rare in GB18030, worth a closer look."""
    data = np.frombuffer(text, dtype=np.uint8)
    if data.size < 6:
        return []
    lead, more = (data - np.uint8(0xE4)) <= 0xE9 - 0xE4, (data & 0xC0) == 0x80
    character = lead[:-2] & more[1:-1]
    character &= more[2:]
    return np.flatnonzero(character[:-3] & character[3:]).tolist()


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
