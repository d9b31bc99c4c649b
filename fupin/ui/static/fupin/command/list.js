// The list beside the map: the child regions by the layer that is shown, or, in a village, its homes.
import { count } from "../tokens.js";
import { BANDS } from "./colours.js";
import { fill, h, words } from "./dom.js";
import { empty, textOf } from "./panels.js";

// Under so many persons one family moves the rate by several points: such regions are marked and stand after the others.
export const SMALL = 100;
const SHARES = new Set(["incidence", "undecided", "index"]);
const PAGE = 60;

export const isSmall = (row, layer) => SHARES.has(layer.id) && row.size !== null && row.size !== undefined && row.size < SMALL;

// worst first; regions without a value last, small ones between
export function ordered(rows, layer) {
  const value = (row) => row.values[layer.id] ?? null;
  const rank = (row) => (value(row) === null ? 2 : isSmall(row, layer) ? 1 : 0);
  const way = layer.reverse ? 1 : -1;
  return [...rows].sort((a, b) => rank(a) - rank(b) || way * ((value(a) ?? 0) - (value(b) ?? 0)) || (a.code < b.code ? -1 : 1));
}

export function regionList(box, picture, layer, open) {
  if (!picture.rows.length || !layer) return box.replaceChildren(empty(words.noRows, words.noRowsAdvice));
  const rows = ordered(picture.rows, layer);
  const most = Math.max(...rows.filter((row) => !isSmall(row, layer)).map((row) => row.values[layer.id] ?? 0), 1e-9);
  const sized = rows.some((row) => row.size !== null && row.size !== undefined);
  const body = h("tbody");
  const more = h("div", { class: "list-more" });
  const table = h(
    "table",
    { class: "table table-sm" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, words.region), sized ? h("th", { scope: "col", class: "num" }, words.persons) : null, h("th", { scope: "col", class: "num" }, shortUnit(layer)))),
    body,
  );
  let shown = 0;
  function extend() {
    const next = rows.slice(shown, shown + PAGE).map((row) => regionRow(row, layer, most, sized, open));
    body.append(...next);
    shown += next.length;
    const rest = rows.length - shown;
    more.replaceChildren(rest > 0 ? h("button", { class: "btn btn-sm", type: "button", onclick: extend }, fill(words.more, { n: count(rest) })) : "");
  }
  extend();
  const smalls = rows.some((row) => isSmall(row, layer)) ? h("p", { class: "table-note" }, fill(words.smallNote, { n: SMALL })) : null;
  box.replaceChildren(...[table, more, smalls].filter(Boolean));
}

const shortUnit = (layer) => `${layer.title} ${(layer.unit || "").split(/[，,]/)[0]}`;

function regionRow(row, layer, most, sized, open) {
  const small = isSmall(row, layer);
  const value = row.values[layer.id];
  const share = value === null || value === undefined ? 0 : Math.min(100, (100 * value) / most);
  const href = layer.href ? layer.href + row.code : "";
  const shown = textOf(row, layer);
  return h(
    "tr",
    { "data-code": row.code, class: small ? "small" : null },
    h(
      "td",
      {},
      row.drill ? h("a", { href: open.address(row.code), onclick: open.click(row.code) }, row.name) : h("span", {}, row.name),
      small ? h("span", { class: "mark-small", title: words.small }, words.smallMark) : null,
    ),
    sized ? h("td", { class: "num" }, row.size === null || row.size === undefined ? "–" : count(row.size)) : null,
    h("td", { class: "num bar-in", style: `--share:${share.toFixed(1)}%` }, href ? h("a", { href }, shown) : shown),
  );
}

// homes: [[lon, lat, id, band, low, high, findings, state]]; those that need a look first
export function homeList(box, homes, hrefOf, names, all) {
  if (!homes.length) return box.replaceChildren(empty(words.noHomes, words.noRowsAdvice));
  const rank = Object.keys(BANDS);
  const rows = [...homes].sort((a, b) => rank.indexOf(a[3]) - rank.indexOf(b[3]) || a[4] - b[4] || (a[2] < b[2] ? -1 : 1));
  const number = (value) => (value / 10000).toFixed(1);
  const line = ([, , id, band, low, high, findings]) =>
    h(
      "tr",
      { "data-home": id },
      h("td", {}, h("a", { href: hrefOf(id) }, id)),
      h("td", {}, h("span", { class: `chip ${band}` }, names[band] || band)),
      h("td", { class: "num" }, low === null ? "–" : `${number(low)}–${number(high)}`),
      h("td", { class: "num" }, count(findings || 0)),
    );
  const head = [words.household, words.band, words.index, words.findings].map((text, i) => h("th", { scope: "col", class: i > 1 ? "num" : null }, text));
  const table = h("table", { class: "table table-sm homes" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows.slice(0, 400).map(line)));
  const rest = rows.length - 400;
  box.replaceChildren(table, rest > 0 ? h("p", { class: "table-note" }, h("a", { href: all }, fill(words.moreHomes, { n: count(rest) }))) : "");
}
