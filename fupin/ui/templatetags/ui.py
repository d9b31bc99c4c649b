"""What templates may say: icons, chips with words, numbers with units, the index bar, the frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fupin.accounts.api import VERBS, Role
from fupin.catalogue.schema import code_lists, departments, tables
from fupin.exchange import api as exchange
from fupin.identify import api as identify
from fupin.kernel.masks import mask_name
from fupin.ui import chrome, words
from fupin.ui.markup import filled
from fupin.ui.markup import options as options_of

register = template.Library()
FRAME = "fupin frame"


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str) -> SafeString:
    """One symbol of the vendored sprite; decoration for the word beside it, so hidden from screen readers."""
    return filled(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("vendor/tabler-icons/icons.svg"),
        name,
    )


@register.simple_tag
def options(pairs: Iterable[tuple[Any, Any]], chosen: Any) -> SafeString:
    """The choices of a box."""
    return options_of(pairs, chosen)


@register.simple_tag
def region_options(place: Any) -> SafeString:
    """The choices of the box for a region: the way down to where the reader stands, then its parts.

    The first is the reader's own, which needs no word in the address.
    """
    whole = f"{{}} · {_('全部')}"
    above = [
        (
            "" if place_ is place.crumbs[0] else place_.code,
            whole.format(place_.name) if place_.code == place.code else place_.name,
        )
        for place_ in place.crumbs
    ]
    below = [(part.code, f"　{part.name}") for part in place.parts]
    here = "" if len(place.crumbs) == 1 else place.code
    return options_of([*above, *below], here)


@register.simple_tag
def room_links(rooms: Iterable[chrome.Room], area: str, form: str = "plain") -> SafeString:
    """The rooms one after the other, the reader's own marked; ``form``: plain, icon, or number for the keys 1 to 9."""
    links = []
    for number_, room in enumerate(rooms, 1):
        here = SafeString(' aria-current="page"' if room.area == area and form != "number" else "")
        key = filled("<kbd>{}</kbd> ", number_) if form == "number" else SafeString("")
        sign = SafeString("") if form == "plain" else icon(room.icon) + SafeString(" ")
        links.append(filled('<a href="{}"{}>{}{}{}</a>', room.href, here, key, sign, room.title))
    return SafeString("".join(links))


@register.simple_tag
def fact_rows(facts: Iterable[Any]) -> SafeString:
    """Facts of the registry under each other (``ui.facts.Fact``); what is unknown stays visibly so."""
    forms = {
        True: "<div><dt>{}</dt><dd>{}</dd></div>",
        False: '<div><dt>{}</dt><dd class="text-secondary">{}</dd></div>',
    }
    return SafeString("".join([filled(forms[one.known], one.name, one.value) for one in facts]))


def _chip(pair: tuple[str, Any]) -> SafeString:
    return filled('<span class="chip {}">{}</span>', *pair)


@register.simple_tag
def state_chip(code: str) -> SafeString:
    return _chip((words.STATE_TONES.get(code, "unknown"), label(code, "household_state")))


@register.simple_tag
def band_chip(band: str) -> SafeString:
    return _chip((band, words.BANDS.get(band, band)))


@register.simple_tag
def severity_chip(severity: int) -> SafeString:
    return _chip((f"sev-{severity}", words.SEVERITIES.get(severity, severity)))


@register.filter
def verdict_chip(word: str) -> SafeString:
    """Whether an exit standard is met."""
    return _chip(words.VERDICTS[word])


@register.filter
def team_role(code: str) -> Any:
    return words.TEAM_ROLES.get(code, code)


@register.filter
def project_word(code: str) -> Any:
    return words.PROJECT_PROGRESS.get(code, code)


@register.simple_tag
def work_chip(state: str) -> SafeString:
    """State of a delivery or of a run."""
    return _chip(words.WORK_STATES.get(state, ("unknown", state)))


@register.filter
def direction(code: str) -> Any:
    return words.DIRECTIONS.get(code, code)


@register.filter
def number(value: float | str | None) -> str:
    """Thousands separated; a dash for what is not known (templates say "" for a key that is not there)."""
    return "–" if value is None or isinstance(value, str) else f"{value:,}"


@register.filter
def points(value: int | None, scale: int = 10_000) -> str:
    """Ten-thousandths (or hundredths, ``scale`` 100) of a point → points with two decimals."""
    return "–" if value is None else f"{value / scale:.2f}"


@register.filter
def percent(value: float | None) -> str:
    """A share 0–1 with two decimals, without the sign: the unit stands in the header."""
    return "–" if value is None else f"{value * 100:.2f}"


@register.filter
def yuan(value: int | str | None) -> str:
    """分 → 元, thousands separated, no fraction."""
    return f"{value // 100:,}" if isinstance(value, int) else "–"


@register.filter
def yes_no(value: bool | None) -> str:
    """A flag in a word; a dash for what is not known."""
    return "–" if value is None else _("是") if value else _("否")


@register.filter
def label(code: str | None, code_list: str) -> str:
    """The words of a national code in the reader's language; a dash for what is not known."""
    if code is None or code == "":
        return "–"
    return code_lists()[code_list].label(code, language())


@register.filter
def tongue(pair: Any) -> str:
    """``zh`` or ``en`` of an entry (mapping or object), whichever the reader speaks."""
    name = language()
    return str(pair.get(name, "") if isinstance(pair, Mapping) else getattr(pair, name))


@register.filter
def spoken(pair: Sequence[Any]) -> Any:
    """Of a pair (zh, en) the one that the reader speaks."""
    return pair[0 if language() == "zh" else 1]


@register.filter
def item(mapping: Mapping[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def size(value: int) -> str:
    """Bytes in the unit that reads best."""
    amount = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


@register.filter
def masked(name: str | None) -> str:
    """张*三; the head of a household that has none known is a dash."""
    return mask_name(name) if name else "–"


@register.filter
def message(finding: Any) -> str:
    """The finding in a sentence of the reader's language."""
    return identify.message_of(finding, language())


@register.filter
def rule_title(rule_id: str) -> str:
    return identify.rule_title(rule_id, language())


@register.filter
def dataset_name(code: Any) -> str:
    """Name of a data set by its id, or of whatever has one; the id when the catalogue no longer has it."""
    id_ = getattr(code, "dataset", code)
    return str(spoken(exchange.set_names(id_)))


@register.filter
def department_name(code: str) -> str:
    pair = departments().get(code)
    return code if pair is None else pair[0 if language() == "zh" else 1]


@register.filter
def side_name(code: str) -> str:
    """A side of an agreement: a department or the office."""
    return str(spoken(exchange.side_names(code)))


@register.filter
def agreement_word(one: Any) -> Any:
    return words.STANDINGS[one.standing][1]


@register.filter
def standing_chip(one: Any) -> SafeString:
    """How an agreement stands, with the days that are left when it ends soon."""
    tone, word = words.STANDINGS[one.standing]
    left = _("还有 %(n)s 天") % {"n": one.days_left} if one.standing == "ending" else ""
    return _chip((tone, f"{word} · {left}" if left else word))


@register.filter
def push_chip(state: str) -> SafeString:
    return _chip(words.PUSH_STATES[state])


@register.filter
def outcome_word(code: str) -> Any:
    return words.OUTCOMES.get(code, code)


@register.filter
def way_word(entry: Any) -> Any:
    return words.WAYS[entry.way]


def _cover(entry: Any) -> tuple[str, Any]:
    return words.COVERS["without" if entry.agreement is None else "outside" if entry.outside else "covered"]


@register.filter
def cover_word(entry: Any) -> Any:
    return _cover(entry)[1]


@register.filter
def covered_chip(entry: Any) -> SafeString:
    """Whether an agreement covers an exchange."""
    return _chip(_cover(entry))


@register.filter
def role_name(code: str) -> str:
    return str(Role(code).label)


@register.filter
def verb_name(verb: str) -> str:
    """A deed in words; a verb without a right of its own is shown as it is."""
    if verb in words.DEEDS:
        return str(words.DEEDS[verb])
    pair = VERBS.get(verb)
    return verb if pair is None else pair[0 if language() == "zh" else 1]


@register.filter
def object_name(deed: Any) -> str:
    """What a deed was done to: its kind in words, and its number."""
    return f"{words.OBJECTS.get(deed.object_kind, deed.object_kind)} {deed.object_id}".strip()


@register.filter
def hint(problem: Mapping[str, Any]) -> str:
    """What to do about a stored problem, in the reader's language."""
    return str(problem.get(f"hint_{language()}", ""))


@register.filter
def reason(row: Any) -> str:
    """Why a row lies in quarantine."""
    return str(getattr(row, f"reason_{language()}"))


@register.filter
def why(role: Any) -> str:
    return str(getattr(role, f"why_{language()}"))


@register.filter
def step_name(step: str) -> Any:
    """A step of a run in words, with the table that a snapshot has reached; one without a word of its own as it is."""
    name, _colon, table = step.partition(":")
    word = words.STEPS.get(name, name)
    return f"{word} · {tongue(tables()[table])}" if table in tables() else word


@register.filter
def cycle_name(code: str) -> Any:
    return words.CYCLES.get(code, code)


@register.filter
def personal_class(code: str) -> Any:
    return words.PERSONAL.get(code, code)


def language() -> str:
    """``zh`` or ``en``."""
    return "en" if (get_language() or "").startswith("en") else "zh"


@register.inclusion_tag("ui/index_bar.html")
def index_bar(low: int, high: int, small: bool = False) -> dict[str, Any]:
    """The interval in ten-thousandths of a point on a bar of 0–100 with the marks 60 and 80."""
    return {
        "low": low,
        "high": high,
        "left": f"{low / 10_000:.2f}",
        "width": f"{(high - low) / 10_000:.2f}",
        "small": small,
    }


def small_bar(low: int, high: int) -> SafeString:
    """The same without its marks, for a row of a list; no template, because a page has fifty."""
    words_ = _("脱贫指数 %(low)s 至 %(high)s") % {"low": points(low), "high": points(high)}
    return filled(
        '<div class="index-bar small" role="img" aria-label="{}" title="{} – {}">'
        '<span class="interval" style="left:{}%;width:{}%"></span></div>',
        words_,
        points(low),
        points(high),
        f"{low / 10_000:.2f}",
        f"{(high - low) / 10_000:.2f}",
    )


@register.inclusion_tag("ui/figure.html")
def figure(name: str, value: Any, unit: str = "", href: str = "", note: str = "") -> dict[str, Any]:
    """A figure that opens its list; whole numbers are given their thousands separators."""
    shown = number(value) if isinstance(value, int) or value is None else value
    return {"name": name, "value": shown, "unit": unit, "href": href, "note": note}


@register.inclusion_tag("ui/bands.html")
def bands_bar(counts: Mapping[str, int], href: str) -> dict[str, Any]:
    """How many households lie in each band; ``href`` is the list, the band is added to it."""
    parts = [{"band": band, "word": word, "n": counts.get(band, 0)} for band, word in words.BANDS.items()]
    return {"parts": parts, "href": href, "joint": "&" if "?" in href else "?"}


@register.inclusion_tag("ui/empty.html")
def empty_state(title: str, advice: str = "", href: str = "", action: str = "") -> dict[str, str]:
    return {"title": title, "advice": advice, "href": href, "action": action}


@register.simple_tag(takes_context=True)
def frame(context: template.Context) -> dict[str, Any]:
    """Rooms, demo mark and languages for the base template; a page that asks twice in its blocks is told the same."""
    page: Any = context.render_context  # of this page and no other
    kept: dict[str, Any] = page.setdefault(FRAME, {})
    if not kept:
        user = context.get("user")
        rooms = chrome.rooms_of(user) if user else ()
        areas = {room.area for room in rooms}
        kept |= {"rooms": rooms, "areas": areas, "demo": chrome.is_demo(), "languages": chrome.languages()}
        kept["raised"] = chrome.raised(user) if user else 0
    return kept
