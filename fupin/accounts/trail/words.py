"""What is broken, in words: every sentence names the seal, the entries and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fupin.accounts.trail.chain import Harm, Seal
from fupin.accounts.trail.heads import Head

SHOWN = 5


@dataclass(frozen=True)
class Broken:
    """``seal``: the number of the first seal that does not hold."""

    kind: str
    seal: int
    zh: str
    en: str


def harmed(seal: Seal, found: Sequence[Harm]) -> Broken:
    """Entries that are no longer as they were sealed."""
    zh = "；".join(_one_zh(one) for one in found[:SHOWN])
    en = "; ".join(_one_en(one) for one in found[:SHOWN])
    more = len(found) - SHOWN
    return Broken(
        found[0].kind,
        seal.number,
        f"第 {seal.number} 号封存（{seal.at}）：{zh}" + (f"；另有 {more} 条" if more > 0 else ""),
        f"seal {seal.number} ({seal.at}): {en}" + (f"; and {more} more" if more > 0 else ""),
    )


def _one_zh(harm: Harm) -> str:
    return {
        "edited": f"第 {harm.entry} 条留痕被改动",
        "missing": f"第 {harm.entry} 条留痕被删除",
        "slipped": f"第 {harm.entry} 条留痕是封存以后塞进来的",
        "reordered": f"第 {harm.entry} 条留痕的位置上现在是第 {harm.other} 条的内容（次序被改动）",
    }[harm.kind]


def _one_en(harm: Harm) -> str:
    return {
        "edited": f"entry {harm.entry} was edited",
        "missing": f"entry {harm.entry} is missing",
        "slipped": f"entry {harm.entry} was slipped in after sealing",
        "reordered": f"entry {harm.entry} now says what entry {harm.other} said (reordered)",
    }[harm.kind]


def range_changed(seal: Seal) -> Broken:
    return Broken(
        "changed",
        seal.number,
        f"第 {seal.number} 号封存（{seal.at}）所封的第 {seal.first}–{seal.last} 条不再是封存时的样子，明细对照也被改动",
        f"entries {seal.first} to {seal.last} under seal {seal.number} ({seal.at}) are not as they were sealed, "
        "and its list of entries was changed as well",
    )


def seals_missing(first: int, last: int) -> Broken:
    return Broken("seals_missing", first, f"第 {first}–{last} 号封存被删除", f"seals {first} to {last} were deleted")


def unlinked(seal: Seal) -> Broken:
    return Broken(
        "unlinked",
        seal.number,
        f"第 {seal.number} 号封存接不上前一号：它或前一号被改写",
        f"seal {seal.number} does not hang on the one before: one of the two was rewritten",
    )


def range_gap(seal: Seal, first: int) -> Broken:
    return Broken(
        "range_gap",
        seal.number,
        f"第 {seal.number} 号封存应从第 {first} 条起，却从第 {seal.first} 条起",
        f"seal {seal.number} should begin with entry {first} but begins with {seal.first}",
    )


def wrong_key(seal: Seal) -> Broken:
    return Broken(
        "wrong_key",
        seal.number,
        f"第 {seal.number} 号封存用的钥匙 {seal.key_id} 不是本系统的",
        f"seal {seal.number} was made with the key {seal.key_id}, which is not ours",
    )


def forged(seal: Seal) -> Broken:
    return Broken(
        "forged",
        seal.number,
        f"第 {seal.number} 号封存（{seal.at}）的签名是伪造的",
        f"the signature of seal {seal.number} ({seal.at}) is forged",
    )


def before_all(entry: int) -> Broken:
    return Broken(
        "slipped",
        1,
        f"第 {entry} 条留痕的编号在第一号封存之前，是塞进来的",
        f"entry {entry} has a number before the first seal: it was slipped in",
    )


def cut(newest: Seal | None, head: Head) -> Broken:
    ends = newest.number if newest else 0
    return Broken(
        "cut",
        ends + 1,
        f"留痕的末尾被截去：库里只到第 {ends} 号封存，而 {head.file.name} 第 {head.line} 行存有"
        f"第 {head.seal.number} 号（{head.seal.at}，封到第 {head.seal.last} 条）",
        f"the end was cut off: the database ends with seal {ends}, but line {head.line} of {head.file.name} keeps "
        f"seal {head.seal.number} ({head.seal.at}, up to entry {head.seal.last})",
    )


def other_head(head: Head) -> Broken:
    return Broken(
        "rechained",
        head.seal.number,
        f"第 {head.seal.number} 号封存与另存的链头（{head.file.name} 第 {head.line} 行）不一致：链被重做过",
        f"seal {head.seal.number} is not the one kept in line {head.line} of {head.file.name}: the chain was made anew",
    )


def forged_head(head: Head) -> Broken:
    return Broken(
        "forged_head",
        head.seal.number,
        f"{head.file.name} 第 {head.line} 行的链头签名不对：这份链头文件被改动过",
        f"the head in line {head.line} of {head.file.name} is not signed by its key: that file was changed",
    )
