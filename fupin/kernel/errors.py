"""The one kind of error that is meant to be read by people: what is wrong, where, and how to mend it."""


class UserError(Exception):
    """An error that its reader can mend; shown without a traceback, in Chinese and English.

    ``zh``/``en`` say what is wrong and where; ``hint_zh``/``hint_en`` say what to do about it. None of the four
    may hold a password, a key or an ID number: they end up on screens and in logs.
    """

    def __init__(self, zh: str, en: str, hint_zh: str = "", hint_en: str = "") -> None:
        super().__init__(zh, en, hint_zh, hint_en)
        self.zh = zh
        self.en = en
        self.hint_zh = hint_zh
        self.hint_en = hint_en

    def __str__(self) -> str:
        lines = [self.zh]
        if self.hint_zh:
            lines.append(f"  办法：{self.hint_zh}")
        lines.append(self.en)
        if self.hint_en:
            lines.append(f"  hint: {self.hint_en}")
        return "\n".join(lines)


class Forbidden(UserError):
    """The account may not do this; says which role or region may."""


class NotFound(LookupError):
    """Absent, or outside the reader's scope: the two answer the same."""
