// The command map: reads the state from the address, fetches the picture, hands it to map, charts, figures and list.
// Nothing is loaded anew on a drill; Back and Forward go the same way as a click.
import { createCompare } from "./compare.js";
import { createDecks } from "./deck.js";
import { createDensity } from "./density.js";
import { createPanel, exitsOf } from "./charts.js";
import { fill, h, words } from "./dom.js";
import { homeList, regionList } from "./list.js";
import { createMap } from "./map.js";
import * as panels from "./panels.js";
import { createTools } from "./tools.js";
import { addressOf, into, isNation, readState } from "./state.js";
import { createStore, Failure } from "./store.js";
import { createTree } from "./tree.js";

const SLOW = 300; // ms before the skeleton shows
const HOVER = 80; // ms a pointer rests on a row before the map answers: one that comes to click need not
const HOMES_FROM = 4; // level of the town: from there down the homes are points
const at = (id) => document.getElementById(id);
const start = JSON.parse(at("command-start").textContent);
const root = document.documentElement;

let state = { ...readState(location.search) };
let shown = { picture: start, homes: null };
let turn = 0;

const store = createStore(start.urls, { state: { ...state }, picture: start });
const chartPanels = [...document.querySelectorAll("[data-panel]")].map((card) =>
  card.dataset.panel === "scatter" ? createDensity(card) : createPanel(card),
);
const decks = createDecks(at("main"));
const rowOf = (code) => shown.rows?.get(code);
const portraitOf = (id) => shown.homes.href.replace("{id}", encodeURIComponent(id));

let map = null; // made after the figures stand

const tools = createTools({
  change: (more) => go({ ...state, ...more }),
  repaint: (more) => replace({ ...state, ...more }),
  tree: (purpose) => openTree(purpose),
  view: () => ({ ...shown, layer: layerOf(), map }),
});

const tree = createTree(
  at("tree"),
  store.tree,
  (code) => {
    const purpose = at("tree-panel").dataset.purpose;
    tools.closeTree();
    go(purpose === "with" ? { ...state, with: code } : { ...into(state, code), with: state.with && purpose === "region" ? state.with : "" });
  },
  (code) => warm(code),
);

const compare = createCompare(at("compare"), {
  choose: (which) => openTree(which),
  close: () => go({ ...state, with: "" }),
});

// links that drill: real addresses for a new tab, our own way for a plain click
const open = {
  address: (code) => addressOf(into(state, code)),
  click: (code) => (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(into(state, code));
  },
};

function layerOf() {
  const layers = shown.picture.layers || [];
  return layers.find((one) => one.id === state.layer) || layers[0] || null;
}

const busy = () => at("main").hasAttribute("aria-busy");

let resting = 0;
let warming = 0;
// what a click on this region will need, unless a click is being answered
function warm(code) {
  clearTimeout(warming);
  warming = setTimeout(() => busy() || store.warm(into(state, code)), 40);
}

function hoverCell(code, point) {
  const row = code ? rowOf(code) : null;
  if (row?.drill) warm(code);
  tools.tip(row ? panels.tip(row, shown.picture.layers) : code ? [words.noData] : null, point);
  if (shown.over === code) return;
  shown.over = code;
  for (const one of document.querySelectorAll("tr.on")) one.classList.remove("on");
  if (code) document.querySelector(`tr[data-code="${CSS.escape(code)}"]`)?.classList.add("on");
}

async function openTree(purpose) {
  const first = await tools.openTree(purpose);
  if (first) await tree.fill(await treeTops());
  await tree.show(shown.picture.crumbs.map((crumb) => crumb.code));
  tree.focus();
}

// the nation and the province stand above what the reader may see, as doors only
async function treeTops() {
  const above = shown.picture.crumbs.filter((crumb) => isNation(crumb.code)).map((crumb) => ({ ...crumb, leaf: true }));
  return [...above, ...(await store.tree(""))];
}

// a change that needs no other data: layer, switches, theme
function replace(next) {
  state = next;
  history.replaceState(null, "", addressOf(state));
  return paintState();
}

async function go(next, push = true) {
  turn += 1;
  const mine = turn;
  clearTimeout(resting);
  const slow = setTimeout(() => at("main").classList.add("waiting"), SLOW);
  at("main").setAttribute("aria-busy", "true");
  try {
    const picture = await store.picture(next);
    const [shapes, homes, other] = await Promise.all([
      store.cells(picture),
      hasHomes(picture) ? store.homes(picture.region.code, next.run) : null,
      next.with ? store.picture({ region: next.with, run: next.run }) : null,
      map.ready,
    ]);
    if (mine !== turn) return;
    state = next;
    if (push) history.pushState(null, "", addressOf(state));
    at("notice").hidden = true;
    await paint({ picture, shapes, homes, other });
  } catch (error) {
    if (mine === turn) fail(error, () => go(next, push));
  } finally {
    clearTimeout(slow);
    if (mine === turn) {
      at("main").classList.remove("waiting");
      at("main").removeAttribute("aria-busy");
    }
  }
}

function fail(error, again) {
  panels.failure(at("notice"), error instanceof Failure ? error.kind : "server", again);
  if (!(error instanceof Failure)) throw error; // a fault of ours belongs in the log too
}

// Figures and charts change in the frame in which the map is whole: one picture, not three, and the processor that
// paints is not asked twice. "drawn" is the region whose cells and, where there are any, homes stand on the screen.
async function paint(found) {
  const { picture, other } = found;
  const mine = turn;
  delete at("map").dataset.drawn;
  shown = { ...found, rows: new Map(picture.rows.map((row) => [row.code, row])) };
  tools.tip(null);
  keepTheme();
  await map.show(viewNow());
  if (mine !== turn) return;
  paintFigures(picture);
  paintCharts(picture, { ...picture.charts, exits: exitsOf(picture) });
  if (other) compare.show(picture, other);
  else compare.clear();
  at("main").classList.toggle("comparing", Boolean(other));
  paintSwitches();
  at("map").dataset.drawn = `${picture.region.code}:${picture.level ?? ""}`;
}

// what the map shows now
const viewNow = () => ({
  picture: shown.picture,
  cells: shown.shapes.own,
  outline: shown.shapes.outline,
  homes: shown.homes?.points,
  layer: layerOf(),
  heat: state.heat,
  points: state.points,
});

function paintFigures(picture) {
  document.title = `${picture.region.name} ${words.title}`;
  panels.crumbs(at("crumbs"), picture, open);
  panels.stamp(at("stamp"), picture);
  panels.figures(at("figures"), picture);
  panels.cases(at("cases"), picture);
  panels.bands(at("bands"), picture);
  panels.measures(at("measures"), picture);
  panels.alerts(at("alerts"), picture);
  at("alerts-card").hidden = !picture.run;
  at("empty").hidden = Boolean(picture.run || picture.rows.length);
}

async function paintCharts(picture, charts) {
  for (const panel of chartPanels) panel.set(charts[panel.kind]);
  at("series-note").textContent = charts.series?.source || "";
  decks.sync();
  if (charts.series || !isNation(picture.region.code)) return;
  const nation = await store.picture({ region: "cn" }); // a province is seen against the nation's way
  if (shown.picture === picture) paintCharts(picture, { ...charts, series: nation.charts.series });
}

async function paintState() {
  keepTheme();
  paintSwitches();
  if (shown.shapes) await map.show(viewNow());
}

// what depends on the switches only
function paintSwitches() {
  const layer = layerOf();
  const { picture, homes } = shown;
  tools.show(state, picture, layer);
  panels.legend(at("legend"), layer, picture, { homes: !state.heat && state.points && homes?.points.length, heat: state.heat });
  paintList(layer);
}

function paintList(layer) {
  const { picture, homes } = shown;
  const village = picture.region.level >= 5;
  at("list-note").textContent = village ? "" : layer ? fill(words.byLayer, { layer: layer.title }) : "";
  if (village && homes) {
    const names = Object.fromEntries((picture.bands || []).map((band) => [band.id, band.name]));
    homeList(at("list"), homes.points, portraitOf, names, homes.list);
  } else if (village && picture.run) at("list").replaceChildren(...Array.from({ length: 6 }, () => h("div", { class: "skeleton-line" })));
  else regionList(at("list"), picture, layer, open);
}

const hasHomes = ({ region, run }) => Boolean(run) && region.level >= HOMES_FROM && !isNation(region.code);

function keepTheme() {
  const theme = state.light ? "light" : "dark";
  if (root.dataset.bsTheme === theme) return;
  root.dataset.bsTheme = theme;
  for (const panel of chartPanels) panel.redraw();
  if (shown.other) compare.show(shown.picture, shown.other);
}

addEventListener("popstate", () => go(readState(location.search), false));
at("list").addEventListener("mouseover", (event) => {
  const code = event.target.closest("tr[data-code]")?.dataset.code || null;
  clearTimeout(resting);
  resting = setTimeout(() => busy() || map?.highlight(code), HOVER);
  if (code && rowOf(code)?.drill) warm(code);
});
at("list").addEventListener("mouseleave", () => {
  clearTimeout(resting);
  map?.highlight(null);
});
at("list").addEventListener("focusin", (event) => {
  const code = event.target.closest("tr[data-code]")?.dataset.code;
  if (code && rowOf(code)?.drill) warm(code);
});
at("crumbs").addEventListener("mouseover", (event) => event.target.dataset.crumb && warm(event.target.dataset.crumb));

// Numbers and list stand at once, then the map, then the charts: without a graphics card the map and the charts take a
// second each to come up.
paintFigures(start);
paintList(layerOf());
await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
map = createMap(at("map"), {
  opens: (code) => rowOf(code)?.drill,
  cell: (code) => rowOf(code)?.drill && go(into(state, code)),
  home: (id) => (location.href = portraitOf(id)),
  over: hoverCell,
  overHome: (home, point) => tools.tip(panels.homeTip(home), point),
});
go(state, false);
