// The figures, bands, alerts, breadcrumb, legend and list of a picture as elements. Every number is a link to its list.
import { count } from "../tokens.js";
import { classes, heatColours } from "./colours.js";
import { fill, h, icon, words } from "./dom.js";

const dash = "–";

// "Registered households 9,499 households" says it twice; a sign of Chinese (户) is short enough to stay
const unitOf = ({ name, unit }) => (unit && unit.length > 2 && name.toLowerCase().includes(unit.toLowerCase()) ? "" : ` ${unit || ""}`);

export function figures(box, picture) {
  const tile = (one) =>
    h(
      one.href ? "a" : "div",
      {
        class: `figure ${one.tone || ""}`,
        href: one.href || null,
        "data-figure": one.id,
        "data-count": one.count ?? null,
        title: one.note || null,
      },
      h("div", { class: "name" }, one.name),
      h("div", { class: "value num" }, one.value, h("span", { class: "unit" }, unitOf(one))),
    );
  box.replaceChildren(...picture.figures.map(tile));
}

// cases of the region that are overdue now: they go on while the figures above stand as the run left them
export function cases(box, picture) {
  const found = picture.cases;
  box.hidden = !found;
  if (!found) return box.replaceChildren();
  const chip = h("span", { class: found.overdue ? "chip sev-1" : "chip stable" }, words.overdue);
  box.replaceChildren(h("a", { href: found.href, "data-figure": "overdue", "data-count": found.overdue }, chip, h("b", { class: "num" }, count(found.overdue))));
}

const MEASURES = ["fgt0", "fgt1", "gini", "m0"];

// income poverty, inequality and many dimensions of the region; each opens all measures, the poor households their list
export function measures(box, picture) {
  const found = picture.measures;
  box.hidden = !found;
  if (!found) return box.replaceChildren();
  const shown = (value) => (value === null || value === undefined ? dash : value.toFixed(3));
  const one = (id) => h("a", { href: found.page, title: words[`${id}Long`] }, h("span", { class: "name" }, words[id]), h("b", { class: "num" }, shown(found[id])));
  const poor = h("a", { href: found.poor_href, "data-count": found.poor }, fill(words.belowLine, { line: count(found.line), n: count(found.poor) }));
  box.replaceChildren(h("div", { class: "measure-row" }, MEASURES.map(one)), h("div", { class: "table-note" }, poor, found.small ? ` · ${words.small}` : ""));
}

export function bands(box, picture) {
  const all = (picture.bands || []).reduce((sum, band) => sum + band.value, 0);
  box.hidden = !all;
  const part = (band) => h("a", { class: band.id, href: band.href, style: `flex-grow:${band.value}`, title: `${band.name} ${count(band.value)}`, "aria-hidden": true, tabindex: -1 });
  const key = (band) =>
    h("a", { href: band.href, "data-count": band.value }, h("span", { class: `chip ${band.id}` }, band.name), h("b", { class: "num" }, count(band.value)));
  box.replaceChildren(
    h("div", { class: "bands" }, (picture.bands || []).filter((band) => band.value).map(part)),
    h("div", { class: "keys" }, (picture.bands || []).map(key)),
  );
}

export function crumbs(box, picture, open) {
  const last = picture.crumbs.length - 1;
  const parts = picture.crumbs.flatMap((crumb, i) => [
    i ? h("span", { "aria-hidden": true }, "›") : null,
    i === last
      ? h("b", { "aria-current": "page" }, crumb.name)
      : h("a", { href: open.address(crumb.code), onclick: open.click(crumb.code), "data-crumb": crumb.code }, crumb.name),
  ]);
  box.replaceChildren(...parts.filter(Boolean));
}

export function alerts(box, picture) {
  const line = (one) =>
    h(
      "li",
      {},
      h("a", { href: one.href, "data-count": one.value }, h("span", { class: `chip ${one.tone}` }, one.name), h("b", { class: "num" }, count(one.value))),
    );
  const found = picture.alerts || [];
  box.replaceChildren(found.length ? h("ul", { class: "alert-list" }, found.map(line)) : empty(words.noAlerts));
}

export const empty = (title, advice = "") =>
  h("div", { class: "empty-state" }, icon("inbox"), h("p", {}, title), advice ? h("p", {}, advice) : null);

// what: {homes: points are shown, heat: heat map is shown}
export function legend(box, layer, picture, what) {
  if (!layer) return box.replaceChildren();
  const parts = what.heat ? heatKey() : layerKey(layer, picture);
  const note = what.homes ? homeKey(picture) : h("div", { class: "table-note" }, what.heat ? "" : layer.note || "");
  box.replaceChildren(...parts, note);
}

function layerKey(layer, picture) {
  const [only] = picture.rows.length === 1 ? picture.rows : [];
  const illustrative = picture.cells?.illustrative ? ` · ${words.illustrative}` : "";
  const unit = layer.unit ? `（${layer.unit}）` : "";
  if (only) return [h("div", {}, `${layer.title} `, h("b", {}, only.texts?.[layer.id] ?? textOf(only, layer)), unit, illustrative)];
  const shades = classes(layer).map(({ colour, words: text }) => h("span", {}, h("i", { style: `background:${colour}` }), text));
  return [h("div", {}, h("b", {}, layer.title), unit, illustrative), h("div", { class: "shades" }, shades)];
}

function heatKey() {
  const colours = heatColours();
  const shades = colours.map((colour, i) => h("span", {}, h("i", { style: `background:${colour}` }), i === 0 ? words.few : i === colours.length - 1 ? words.many : ""));
  return [h("div", {}, h("b", {}, words.heatTitle)), h("div", { class: "shades" }, shades)];
}

function homeKey(picture) {
  const keys = (picture.bands || []).map((band) => h("span", { class: `dot ${band.id}` }, band.name));
  return h("div", { class: "home-key" }, h("b", {}, words.homes), keys, h("span", { class: "table-note" }, words.homesIllustrative));
}

export function tip(row, layers) {
  const line = (layer) => h("div", {}, `${layer.title} `, h("b", {}, row.texts?.[layer.id] ?? textOf(row, layer)));
  const small = row.size !== undefined && row.size !== null ? h("div", {}, `${words.persons} `, h("b", {}, count(row.size))) : null;
  return [h("b", {}, row.name), ...layers.map(line), small];
}

export function homeTip(home) {
  const number = (value) => (value / 10000).toFixed(1);
  const known = home.low !== null && home.low !== undefined;
  return [
    h("b", {}, home.id),
    h("div", {}, `${words.index} `, h("b", {}, known ? `${number(home.low)}–${number(home.high)}` : dash)),
    h("div", {}, `${words.findings} `, h("b", {}, count(home.findings || 0))),
    h("div", {}, words.openPortrait),
  ];
}

// what a row says of itself (an interval, a year) wins over the bare number, where there is no room for both a number stands
export function textOf(row, layer) {
  if (layer.labels && row.texts?.[layer.id]) return row.texts[layer.id];
  const value = row.values[layer.id];
  if (value === null || value === undefined) return dash;
  return value.toLocaleString("en-US", { minimumFractionDigits: layer.digits, maximumFractionDigits: layer.digits });
}

export function stamp(box, picture) {
  const run = picture.run;
  box.textContent = run ? `${words.asOf} ${run.as_of}` : "";
  document.getElementById("source").textContent = picture.source || words.source;
  document.getElementById("generated").hidden = !(run ? run.generated : picture.generated);
}

export function failure(box, kind, again) {
  const [title, advice] = {
    offline: [words.offline, words.offlineAdvice],
    absent: [words.absent, words.absentAdvice],
    "signed-out": [words.signedOut, words.signedOutAdvice],
  }[kind] || [words.serverFailed, words.serverAdvice];
  box.hidden = false;
  box.replaceChildren(
    h("div", {}, icon("alert-triangle"), " ", h("b", {}, title), h("div", {}, advice)),
    kind === "signed-out"
      ? h("a", { class: "btn btn-sm", href: location.href }, words.signIn)
      : h("button", { class: "btn btn-sm", type: "button", onclick: again }, icon("refresh"), words.again),
    h("button", { class: "btn btn-sm", type: "button", onclick: () => (box.hidden = true) }, fill(words.close, {})),
  );
}
