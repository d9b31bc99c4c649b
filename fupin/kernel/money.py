"""Money as whole 分 (1/100 yuan): written without rounding."""

from __future__ import annotations


def plain_yuan(fen: int) -> str:
    """123456 → "1234.56": for files and machines."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def format_yuan(fen: int) -> str:
    """123456 → "1,234.56"; exact for any size."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
