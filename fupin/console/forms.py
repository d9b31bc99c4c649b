"""What people hand in through the console, checked before it goes down."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.exchange.api import datasets_for
from fupin.ui.templatetags.ui import language


def problems_of(form: forms.Form) -> str:
    """Everything that is wrong with a form, in one line."""
    return "；".join(str(error) for errors in form.errors.values() for error in errors)


class UploadForm(forms.Form):
    """A delivered file and what the provider says of it. ``dataset`` empty = recognise it from the columns."""

    file = forms.FileField(label=_("文件"), error_messages={"required": _("请先选择或拖入一个文件")})
    provider = forms.CharField(label=_("提供人"), max_length=80)
    batch = forms.CharField(label=_("批次号"), max_length=60)
    cut_off = forms.DateField(
        label=_("数据截止日"),
        error_messages={"invalid": _("日期写成 2026-10-31 这样"), "required": _("请填写数据截止日")},
    )
    corrects = forms.CharField(required=False, max_length=40)
    replaces = forms.BooleanField(required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one.id, f"{one.zh if language() == 'zh' else one.en} · {one.id}") for one in datasets_for(user)]
        self.fields["dataset"] = forms.ChoiceField(
            label=_("数据集"), required=False, choices=[("", _("按列名自动识别")), *choices]
        )


class RunForm(forms.Form):
    region = forms.RegexField(r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})$", label=_("区划代码"))
    as_of = forms.DateField(
        label=_("截止日"), error_messages={"invalid": _("日期写成 2026-10-31 这样"), "required": _("请填写截止日")}
    )


class RevealForm(forms.Form):
    """Why a full number is needed: one of the usual reasons, or in words of one's own."""

    USUAL = (
        _("入户核对证件"),
        _("办理业务须填写完整号码"),
        _("与部门数据核对不一致"),
        _("联系农户"),
    )
    usual = forms.CharField(required=False, max_length=200)
    words = forms.CharField(
        required=False,
        min_length=4,
        max_length=200,
        error_messages={"min_length": _("理由至少写四个字，写清用途")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned.get("usual") or cleaned.get("words")):
            raise forms.ValidationError(_("请选择或写明为什么要看完整号码"))
        return cleaned

    @property
    def reason(self) -> str:
        """What the trail keeps: the chosen reason and the words that were added."""
        return "：".join(filter(None, [self.cleaned_data["usual"], self.cleaned_data["words"]]))
