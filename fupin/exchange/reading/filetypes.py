"""What kind of file is it, told from its first bytes (never from its extension)."""

from __future__ import annotations

import zipfile
from typing import Literal

from fupin.exchange.reading import refusals
from fupin.exchange.reading.source import Source

Kind = Literal["xlsx", "xls", "text"]

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "PDF 文档", "a PDF document"),
    (b"\x89PNG", "PNG 图片", "a PNG picture"),
    (b"\xff\xd8\xff", "JPEG 图片", "a JPEG picture"),
    (b"GIF8", "GIF 图片", "a GIF picture"),
    (b"{\\rtf", "RTF 文档", "an RTF document"),
    (b"\x1f\x8b", "gzip 压缩包", "a gzip archive"),
    (b"Rar!", "RAR 压缩包", "a RAR archive"),
    (b"7z\xbc\xaf", "7-Zip 压缩包", "a 7-Zip archive"),
    (b"SQLite format 3", "SQLite 数据库", "an SQLite database"),
    (b"PAR1", "Parquet 文件", "a Parquet file"),
)
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head")


def kind_of(source: Source) -> Kind:
    """Raises Refusal for what is not a table, and for an empty file."""
    with source.open() as stream:
        head = stream.read(4096)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n") and source.size <= len(head):
        raise refusals.empty_file()
    for magic, zh, en in _MAGIC:
        if head.startswith(magic):
            raise refusals.not_a_table(zh, en)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower().startswith(_MARKUP):
        raise refusals.not_a_table("网页（HTML/XML），不是真正的表格", "a web page (HTML/XML)")
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(source)
    return "xls" if head.startswith(_OLE2) else "text"


def _office_kind(source: Source) -> Kind:
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise refusals.cannot_open("XLSX") from error
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return "xlsx"
    if "word/document.xml" in names:
        raise refusals.not_a_table("Word 文档", "a Word document")
    raise refusals.not_a_table("压缩包", "an archive")
