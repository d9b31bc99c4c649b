"""Files that cannot be taken: what is wrong, where, how to mend it. Nothing of a refused file is written.

No message holds a cell of the body: a cell may be somebody's ID number.
"""

from __future__ import annotations

from collections.abc import Sequence

from fupin.kernel.errors import UserError


class Refusal(UserError):
    """``code`` is for machines; the four texts are for people."""

    def __init__(self, code: str, zh: str, en: str, hint_zh: str, hint_en: str) -> None:
        super().__init__(zh, en, hint_zh, hint_en)
        self.code = code

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "zh": self.zh, "en": self.en, "hint_zh": self.hint_zh, "hint_en": self.hint_en}


def not_a_table(what_zh: str, what_en: str) -> Refusal:
    return Refusal(
        "not_a_table",
        f"这不是数据表：文件内容是{what_zh}",
        f"not a table: the content is {what_en}",
        "请在原系统中导出 XLSX 或 CSV 后再交付；只改扩展名没有用",
        "export XLSX or CSV from the system of origin; renaming a file does not convert it",
    )


def empty_file() -> Refusal:
    return Refusal(
        "empty",
        "文件是空的，没有任何内容",
        "the file is empty",
        "请检查导出是否成功，重新导出后再交付",
        "check that the export succeeded and deliver again",
    )


def header_only(row: int) -> Refusal:
    return Refusal(
        "header_only",
        f"只有表头（第 {row} 行），没有数据行",
        f"only a header (row {row}) and no data rows",
        "如果确实没有新数据，本期不必交付；否则请重新导出",
        "deliver nothing when there is nothing new; otherwise export again",
    )


def wrong_dataset(wanted_zh: str, wanted: str, found_zh: str, found: str, row: int) -> Refusal:
    return Refusal(
        "wrong_dataset",
        f"第 {row} 行的表头更像“{found_zh}”（{found}），不是“{wanted_zh}”（{wanted}）",
        f"the header in row {row} is that of {found}, not of {wanted}",
        f"请改选数据集“{found_zh}”，或换成正确的文件",
        f"choose the data set {found}, or send the right file",
    )


def no_header(wanted_zh: str, wanted: str, columns: Sequence[str]) -> Refusal:
    return Refusal(
        "no_header",
        f"前 20 行里找不到“{wanted_zh}”（{wanted}）的表头",
        f"no header of {wanted} in the first 20 rows",
        f"表头至少要有这些列：{'、'.join(columns)}",
        f"the header needs at least these columns: {', '.join(columns)}",
    )


def columns_missing(row: int, missing: Sequence[str], seen: Sequence[str]) -> Refusal:
    listed = "、".join(seen[:12])
    return Refusal(
        "column_missing",
        f"第 {row} 行的表头缺少必填列：{'、'.join(missing)}",
        f"the header in row {row} lacks required columns: {', '.join(missing)}",
        f"请补上缺少的列（列的顺序不限）。已认出的表头：{listed}",
        f"add the missing columns (in any order). Header seen: {listed}",
    )


def column_twice(row: int, zh: str, places: Sequence[str]) -> Refusal:
    return Refusal(
        "column_twice",
        f"第 {row} 行的表头里“{zh}”出现了不止一次：第 {'、'.join(places)} 列",
        f"the header in row {row} has the column {zh} more than once: columns {', '.join(places)}",
        "请只保留一列，或把多余的一列改名",
        "keep one of them, or rename the other",
    )


def unknown_unit(row: int, zh: str, unit: str, wanted: str) -> Refusal:
    return Refusal(
        "unknown_unit",
        f"第 {row} 行的表头“{zh}”写的单位是“{unit}”，无法换算为“{wanted}”",
        f"the header in row {row} gives {zh} in {unit}, which cannot be turned into {wanted}",
        f"请把该列换算为“{wanted}”后再交付",
        f"convert the column to {wanted} and deliver again",
    )


def too_many_columns(count: int, limit: int) -> Refusal:
    return Refusal(
        "too_many_columns",
        f"表有 {count} 列，超过上限 {limit} 列",
        f"the table has {count} columns; at most {limit} are taken",
        "请只导出数据目录中列出的列；检查分隔符是否弄错",
        "export only the columns of the catalogue; check the delimiter",
    )


def too_large_inside(declared_mib: int, packed_mib: int) -> Refusal:
    return Refusal(
        "zip_bomb",
        f"压缩包异常：{packed_mib or '不足 1'} MiB 的文件解开后有 {declared_mib} MiB 以上，已停止读取",
        f"suspicious archive: {packed_mib or 'less than 1'} MiB unpack to {declared_mib} MiB or more; reading stopped",
        "请用表格软件重新另存为 XLSX；数据很多时请改用 CSV 或分成几个文件",
        "save it again as XLSX in a spreadsheet program; for much data use CSV or several files",
    )


def formulas_without_value(count: int, cells: Sequence[str]) -> Refusal:
    return Refusal(
        "formula",
        f"有 {count} 个公式单元格没有保存计算结果：{'、'.join(cells)}",
        f"{count} formula cells hold no saved result: {', '.join(cells)}",
        "请在表格软件中打开并保存一次，或复制后“选择性粘贴 → 数值”",
        "open and save it once in a spreadsheet program, or paste as values",
    )


def merged_cells(count: int, ranges: Sequence[str]) -> Refusal:
    return Refusal(
        "merged_cells",
        f"数据区有 {count} 处合并单元格：{'、'.join(ranges)}",
        f"{count} merged ranges among the data: {', '.join(ranges)}",
        "请取消合并，并把每一行的值都填上",
        "unmerge them and fill in the value on every row",
    )


def cell_too_large(row: int, column: str, size: int, limit: int) -> Refusal:
    return Refusal(
        "cell_too_large",
        f"第 {row} 行“{column}”一格有 {size:,} 个字节，超过上限 {limit:,}",
        f"row {row}, column {column}: a cell of {size:,} bytes; at most {limit:,} are taken",
        "请检查这一格是否误粘了整篇文字，或前面缺了一个引号",
        "check whether a whole document was pasted there, or a quote is missing before it",
    )


def row_too_long(row: int, limit_mib: int) -> Refusal:
    return Refusal(
        "row_too_long",
        f"从第 {row} 行起超过 {limit_mib} MiB 没有行尾：多半是引号没有成对",
        f"no end of row within {limit_mib} MiB after row {row}: probably a quote without its partner",
        "请检查该行附近的双引号，文字中的双引号要写成两个",
        'check the double quotes near that row; inside text write them twice ("")',
    )


def open_quote(row: int) -> Refusal:
    return Refusal(
        "open_quote",
        f"第 {row} 行有一个双引号没有配对，从这里到文件末尾被当成了一格",
        f"row {row} has a double quote without its partner: the rest of the file became one cell",
        "请补上或删去这个双引号；文字中的双引号要写成两个",
        'close or remove that quote; inside text write double quotes twice ("")',
    )


def nul_bytes(line: int) -> Refusal:
    return Refusal(
        "nul_bytes",
        f"第 {line} 行含有空字节（NUL），文件已损坏或不是文本",
        f"line {line} holds NUL bytes: the file is damaged or not text",
        "请重新导出；传输时请用二进制方式",
        "export it again; transfer it in binary mode",
    )


def mixed_encodings(line: int, first: str, other: str) -> Refusal:
    return Refusal(
        "mixed_encodings",
        f"文件前面是 {first} 编码，第 {line} 行却是 {other} 编码",
        f"the file starts in {first}, but line {line} is in {other}",
        "多半是把两个文件直接拼在一起了：请分别交付，或统一另存为 UTF-8",
        "two files were probably pasted together: deliver them separately, or save all as UTF-8",
    )


def several_sheets(wanted_zh: str, wanted: str, sheets: Sequence[str]) -> Refusal:
    names = "、".join(f"“{name}”" for name in sheets)
    return Refusal(
        "several_sheets",
        f"有 {len(sheets)} 个工作表都是“{wanted_zh}”：{names}",
        f"{len(sheets)} sheets hold {wanted}: {names}",
        "请合并到一个工作表，或分成几个文件交付，免得漏掉一部分",
        "put them into one sheet or deliver them as several files, so that no part is left out",
    )


def unknown_encoding(line: int) -> Refusal:
    return Refusal(
        "unknown_encoding",
        f"第 {line} 行既不是 UTF-8 也不是 GB18030 编码",
        f"line {line} is neither UTF-8 nor GB18030",
        "请用表格软件另存为“CSV UTF-8”或 XLSX",
        "save the file as CSV UTF-8 or XLSX",
    )


def cannot_open(kind: str) -> Refusal:
    return Refusal(
        "cannot_open",
        f"{kind} 文件打不开：内容已损坏",
        f"the {kind} file cannot be opened: it is damaged",
        "请在表格软件中确认能打开，再另存一份交付",
        "make sure that a spreadsheet program opens it, then save it again",
    )


def password_protected() -> Refusal:
    return Refusal(
        "password",
        "文件设有打开密码",
        "the file is protected by a password",
        "请去掉密码后再交付；传输安全由平台保证",
        "remove the password; the platform protects the transfer",
    )
