"""Why rows of a ledger are not taken: words for people, and the list they are collected in. No number is quoted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from fupin.exchange.ledgers.reading import ROOM, Refused
from fupin.exchange.reading.table import ROW

#: code → column shown, what is wrong (zh, en), how to mend it (zh, en); {0} is filled with a detail of the row
WORDS: dict[str, tuple[str, str, str, str, str]] = {
    "not_valid": (
        "有效标志",
        "有效标志不是 1，不是现行记录",
        "the record is not marked valid (1)",
        "只导出有效记录",
        "export valid records only",
    ),
    "not_member": (
        "人员状态",
        "人员状态不是 1 或 4，不是在册人员",
        "the state of the person is not 1 or 4: no member now",
        "减少的人口请在户的页面按自然减少办理，不从台账除名",
        "record the decrease on the household's page",
    ),
    "twice": (
        "",
        "与第 {0} 行是同一记录，只取前一行",
        "the same record as row {0}; the earlier one was taken",
        "删去重复的一行",
        "remove one of the two rows",
    ),
    "no_household": (
        "户编号",
        "没有户编号，登记库也没有这个人，不知道属于哪一户",
        "no household number, and the person is not in the registry: unknown household",
        "补填户编号",
        "fill in the number of the household",
    ),
    "unknown_household": (
        "户编号",
        "登记库和这批台账里都没有户 {0}",
        "household {0} is neither in the registry nor in this batch",
        "把户表（AC01）和人表一起上传，或核对户编号",
        "upload the table of households as well, or check the number",
    ),
    "unknown_village": (
        "行政村",
        "区划表里没有这个行政村：{0}",
        "no such village in the divisions: {0}",
        "核对行政村代码或县、乡、村名称",
        "check the code or the names of county, township and village",
    ),
    "other_region": (
        "行政村",
        "行政村 {0} 不在这一批的辖区内",
        "village {0} lies outside the region of this batch",
        "由该村的上级办公室导入",
        "let the office above that village import it",
    ),
    "other_village": (
        "行政村",
        "该户登记在行政村 {0}，与台账不同，没有移动",
        "the household is registered in village {0}; it was not moved",
        "户的迁移请按变更办理",
        "move the household by a change of its record",
    ),
    "no_state": (
        "脱贫属性",
        "新户没有脱贫属性",
        "a new household without a poverty state",
        "补填脱贫属性（0 未脱贫、1 脱贫、2 预脱贫、3 返贫、9 一般农户）",
        "fill in the poverty state (0, 1, 2, 3, 9)",
    ),
    "no_village": (
        "行政村",
        "新户没有行政村",
        "a new household without a village",
        "补填行政村代码或名称",
        "fill in the village",
    ),
    "no_name": ("姓名", "新人没有姓名", "a new person without a name", "补填姓名", "fill in the name"),
    "key_differs": (
        "证件号码",
        "人编号 {0} 登记的证件号和姓名都与台账不同，像是另一个人",
        "person {0} is registered under another ID number and another name: it seems to be somebody else",
        "核对人编号；确是同一人改了姓名的，先更正姓名，再导入证件号",
        "check the person's number; if he was renamed, correct the name first",
    ),
    "number_elsewhere": (
        "证件号码",
        "这个证件号是别的辖区在册的人的，没有改动",
        "this ID number is that of a person registered in another region; nothing was changed",
        "对照证件原件核对证件号",
        "compare the number with the original",
    ),
    "number_of_gone": (
        "证件号码",
        "这个证件号是已减少（迁出、死亡等）的人的，没有改动",
        "this ID number is that of a person who was recorded as having left; nothing was changed",
        "对照证件原件核对证件号",
        "compare the number with the original",
    ),
    "id_elsewhere": (
        "人编号",
        "这个证件号已登记在另一个人编号 {0} 下",
        "this ID number is registered under another person's number, {0}",
        "改用已登记的人编号",
        "use the number that is registered",
    ),
    "left": (
        "人编号",
        "这个人已登记为减少（迁出、死亡等），没有重新写入",
        "the person was recorded as having left; he was not entered again",
        "确实还在的，请先撤销那次减少",
        "take that decrease back first if he is still there",
    ),
    "elsewhere": (
        "证件号码",
        "这个证件号现登记在别的辖区",
        "the bearer of this ID number is registered in another region",
        "核对证件号；确实迁来的，请两地按变更办理",
        "check the number; record the move in both places",
    ),
    "other_household": (
        "户编号",
        "这个人登记在户 {0}，与台账不同，没有移动",
        "the person is registered in household {0}; he was not moved",
        "迁入迁出、分户合户请按变更办理",
        "move him by a change of the record",
    ),
    "ended": (
        "户编号",
        "户 {0} 已销户",
        "household {0} was ended",
        "核对户编号，或按新户办理",
        "check the number, or enter a new household",
    ),
    "state_too_early": (
        "脱贫属性",
        "脱贫属性自 {0} 起才是现状，晚于台账日期，没有改动",
        "the present state began on {0}, after the day of the ledger; it was not changed",
        "用更新的台账，或按程序办理",
        "use a newer ledger, or the procedure",
    ),
    "state_back": (
        "脱贫属性",
        "登记户在台账里是一般农户（9），没有改动",
        "a registered household is 9 in the ledger; it was not changed",
        "错评、错退请按更正程序办理",
        "correct a wrong entry by its procedure",
    ),
    "born_later": (
        "出生日期",
        "出生日期晚于台账日期",
        "born after the day of the ledger",
        "核对出生日期或台账日期",
        "check the date",
    ),
    "household_refused": (
        "户编号",
        "这一户没有被接受，成员也没有写入",
        "the household was refused, and its members with it",
        "先改正户的那一行",
        "mend the household's row first",
    ),
    "second_head": (
        "与户主关系",
        "户里已有户主，没有写入第二个户主",
        "the household has a head already; a second one was not entered",
        "核对与户主关系；换了户主的，先按变更户主办理",
        "check the relation; if the head changed, record that change first",
    ),
    "head_stays": (
        "与户主关系",
        "户里的户主 {0} 没有改变，与户主关系没有改动",
        "the household's head {0} has not changed; the relation was not changed",
        "换了户主的，按变更户主办理，或在台账里同时改正原户主",
        "record the change of head, or mend the former head's row as well",
    ),
    "home_number": (
        "户编号",
        "户编号只能是字母、数字、汉字、_ 和 -，最长 22 位",
        "a household's number has letters, digits, Chinese characters, _ and - only, at most 22",
        "改正户编号后重新上传",
        "mend the number and upload again",
    ),
    "person_number": (
        "人编号",
        "人编号只能是字母、数字、汉字、_ 和 -，最长 24 位",
        "a person's number has letters, digits, Chinese characters, _ and - only, at most 24",
        "改正人编号后重新上传",
        "mend the number and upload again",
    ),
    "namesake": (
        "证件号码",
        "没有证件号，户里已有同名的成员 {0}，不知道是不是同一人",
        "without an ID number, and the household has a member of this name, {0}: perhaps the same",
        "补填证件号或人编号",
        "fill in the ID number or the person's number",
    ),
    "namesake_here": (
        "证件号码",
        "没有证件号，这一批里（第 {0} 行）已有同一户的同名成员，不知道是不是同一人",
        "without an ID number, and the batch (row {0}) names a member of this household alike: perhaps the same",
        "补填证件号或人编号；是同一人的，删去这一行",
        "fill in the ID number or the person's number, or remove the row if he is the same",
    ),
    "one_home": (
        "户编号",
        "这个证件号的新成员在这一批里（第 {0} 行）已属另一户",
        "the batch (row {0}) has the new person of this ID number in another household",
        "核对户编号和证件号，一个人只在一户",
        "check the household's number and the ID number: a person belongs to one household",
    ),
    "one_name": (
        "姓名",
        "这个证件号在这一批里（第 {0} 行）是另一个姓名",
        "this ID number stands under another name in the batch (row {0})",
        "对照证件核对姓名和证件号",
        "compare name and number with the original",
    ),
    "one_number": (
        "人编号",
        "这个证件号在这一批里（第 {0} 行）是另一个人编号",
        "this ID number stands under another person's number in the batch (row {0})",
        "一个人只用一个人编号，核对后改正",
        "a person has one number: check and mend it",
    ),
    "group_lost": (
        "户",
        "上面的行没有被接受或是空行，从第 {0} 行起不知道属于哪一户",
        "the rows above were refused or are empty: from row {0} on the household is unknown",
        "先改正上面那一行，或给每一行填户序号",
        "mend the row above, or give every row the number of its household",
    ),
    "group_heads": (
        "户",
        "这一组里有 {0} 个户主，应当只有一个",
        "the group has {0} heads; a household has one",
        "核对与户主关系、户序号；户主那一行没有被接受的，先改正它",
        "check relations and numbers; mend the head's row if it was refused",
    ),
    "group_mixed": (
        "户",
        "这一组有 {0} 人，人太多或配偶不止一个，像是几户混在一起",
        "the group has {0} persons, too many or more than one spouse: several households in one",
        "核对与户主关系和户序号",
        "check relations and numbers",
    ),
    "group_villages": (
        "户",
        "同一组的人分在 {0} 个行政村",
        "the persons of one group are in {0} villages",
        "核对行政村和户序号",
        "check villages and numbers",
    ),
    "group_away": (
        "户",
        "户主（第 {0} 行起）登记在别的辖区，或已登记为减少",
        "the head (from row {0}) is registered in another region, or was recorded as having left",
        "核对户主的证件号；确实迁来的，按变更办理",
        "check the head's ID number; record a move as a change",
    ),
    "group_members": (
        "户",
        "户主没有登记过，成员却已登记在户 {0}，不知道是新户还是分户、换了户主",
        "the head is not registered but a member belongs to household {0}: a new household, a split, another head?",
        "先按分户或变更户主办理，再导入",
        "record the split or the change of head first",
    ),
    "group_unnumbered": (
        "户",
        "户主（第 {0} 行起）没有证件号，不知道是不是登记过",
        "the head (from row {0}) has no ID number: nobody can say whether he is registered",
        "补填户主的证件号",
        "fill in the head's ID number",
    ),
}
GROUP_CODES = frozenset(code for code in WORDS if code.startswith("group_"))


@dataclass
class Refusing:
    """Counts all, describes the first ``ROOM``."""

    found: list[Refused] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def rows(self, frame: pl.DataFrame, wrong: pl.Expr, code: str, detail: pl.Expr | None = None) -> pl.DataFrame:
        """The frame without the rows that are wrong."""
        is_wrong = frame.select(wrong.fill_null(False).alias("w")).to_series() if frame.height else None
        if is_wrong is None or not is_wrong.any():
            return frame
        self.note(frame.filter(is_wrong), code, detail)
        return frame.filter(~is_wrong)

    def note(self, rows: pl.DataFrame, code: str, detail: pl.Expr | None = None, *, cell: bool = False) -> None:
        """Rows, or with ``cell`` only one figure of each, that are not taken."""
        column, zh, en, hint_zh, hint_en = WORDS[code]
        self.counts[code] += rows.height
        shown = rows.head(max(0, ROOM - len(self.found)))
        told = shown.with_columns(detail=(pl.lit("") if detail is None else detail).cast(pl.String).fill_null("–"))
        for table, row, said in told.select("table", ROW, "detail").iter_rows():
            self.found.append(Refused(table, row, column, zh.format(said), en.format(said), hint_zh, hint_en, cell))

    def clear(self, frame: pl.DataFrame, name: str, wrong: pl.Expr, code: str, detail: pl.Expr) -> pl.DataFrame:
        """The frame with one figure left out where it cannot be taken."""
        if not frame.height or name not in frame.columns:
            return frame
        marked = frame.with_columns(wrong.fill_null(False).alias("wrong"))
        if marked["wrong"].any():
            self.note(marked.filter("wrong"), code, detail, cell=True)
        kept = pl.when("wrong").then(None).otherwise(pl.col(name)).alias(name)
        return marked.with_columns(kept).drop("wrong")
