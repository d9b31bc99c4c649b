"""Every text has its English, and the compiled file says it."""

import gettext
import re
from pathlib import Path

import polib
from django.template import Context, Template
from django.utils.translation import override

from fupin.ui.translation import CATALOGUE, compile_english, texts

ENTRIES = {entry.msgid: entry.msgstr for entry in polib.pofile(str(CATALOGUE))}


def test_every_text_has_an_english_translation() -> None:
    assert sorted(texts() - ENTRIES.keys()) == []


def test_no_translation_is_left_over() -> None:
    assert sorted(ENTRIES.keys() - texts()) == []


def test_translations_keep_the_placeholders() -> None:
    def placeholders(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)s", text))

    assert [zh for zh, en in ENTRIES.items() if placeholders(zh) != placeholders(en)] == []


def test_the_compiled_file_speaks_english(tmp_path: Path) -> None:
    with compile_english(tmp_path / "django.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("疑点") == "Findings"


def test_a_text_of_a_template_with_a_percent_sign_is_found() -> None:
    page = Template('{% load i18n %}{% translate "贫困发生率 %" %}')
    with override("en"):
        assert page.render(Context()) == "Poverty incidence %"
