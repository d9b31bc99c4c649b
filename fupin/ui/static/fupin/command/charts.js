// The charts beside the map. Each keeps its ECharts instance for the whole visit and only exchanges options; each has a
// table of the same numbers behind it, with the same links, for the keyboard, for screen readers and for copying.
import { axis, bar, base, histogram, income, radar } from "../chart_options.js";
import { count, size, token } from "../tokens.js";
import { h, words } from "./dom.js";

const percent = (share) => (share === null || share === undefined ? "–" : `${(share * 100).toFixed(1)} %`);

// data: {years, incidence, persons, source}; the way in: 1978–2016
function series(data) {
  const shared = base();
  const name = { color: token("muted"), fontSize: size(12) };
  return {
    ...shared,
    grid: { left: 8, right: 8, top: size(56), bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: token("ink"), fontSize: size(12) }, itemWidth: 14 },
    tooltip: { ...shared.tooltip, trigger: "axis" },
    xAxis: axis({ type: "category", data: data.years, splitLine: { show: false } }),
    yAxis: [
      axis({ type: "value", name: "%", nameTextStyle: { ...name, align: "right" }, max: 100, interval: 20 }),
      axis({ type: "value", name: words.tenThousand, nameTextStyle: { ...name, align: "left" }, splitLine: { show: false }, splitNumber: 4 }),
    ],
    series: [
      { name: words.ruralPoor, type: "bar", yAxisIndex: 1, data: data.persons, itemStyle: { color: token("link") }, barMaxWidth: 18 },
      {
        name: words.incidence,
        type: "line",
        data: data.incidence,
        connectNulls: true,
        symbolSize: 7,
        lineStyle: { color: token("brand"), width: 2.5 },
        itemStyle: { color: token("brand") },
      },
    ],
  };
}

// as many causes as there is room for; all stand in the table
const mostCauses = (data, box) => bar({ ...data, rows: data.rows.slice(0, Math.max(3, Math.floor(box.clientHeight / size(22)))) }, box);

const MAKERS = {
  histogram: (data) => histogram({ ...data, unit: data.unit || words.households }),
  causes: mostCauses,
  exits: mostCauses,
  radar: (data, box) => radar({ ...data, noneName: data.noneName || words.noneApplies }, box),
  income,
  series,
};

// header and rows of the table behind each chart; a cell is a text or [text, href, count]
const TABLES = {
  histogram: (data) => [
    [words.index, words.householdsHead],
    data.bins
      .filter(([, n]) => n)
      .map(([low, n]) => [`${low}–${low + (data.step || 2)}`, [count(n), `${data.href}index_from=${low}&index_to=${low + (data.step || 2)}`, n]]),
  ],
  causes: (data) => [[words.cause, data.unit], data.rows.map((row) => [row.name, [count(row.value), row.href, row.value]])],
  exits: (data) => [[words.year, data.unit], data.rows.map((row) => [row.name, count(row.value)])],
  radar: (data) => [
    [words.dimension, data.ownName, ...(data.mean ? [data.meanName] : [])],
    data.names.map((name, i) => [name, percent(data.own[i]), ...(data.mean ? [percent(data.mean[i])] : [])]),
  ],
  income: (data) => [
    [words.month, ...data.series.map((one) => one.name)],
    data.months.map((month, i) => [month, ...data.series.map((one) => (one.values[i] === null ? "–" : count(one.values[i])))]),
  ],
  series: (data) => [
    [words.year, `${words.incidence} %`, `${words.ruralPoor} ${words.tenThousand}`],
    data.years.map((year, i) => [year, data.incidence[i] ?? "–", data.persons[i] === null ? "–" : count(data.persons[i])]),
  ],
};

const cell = (content) => {
  if (!Array.isArray(content)) return h("td", { class: "num" }, String(content));
  const [text, href, n] = content;
  return h("td", { class: "num" }, href ? h("a", { href, "data-count": n }, text) : text);
};

export function tableOf(kind, data) {
  const [head, rows] = TABLES[kind](data);
  return h(
    "table",
    { class: "table table-sm" },
    h("thead", {}, h("tr", {}, head.map((text, i) => h("th", { scope: "col", class: i ? "num" : null }, text)))),
    h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, String(first)), rest.map(cell)))),
  );
}

// how many counties left the list in which year, out of the rows of a province drawn by counties
export function exitsOf(picture) {
  if (picture.level !== 3 || !picture.layers?.some((layer) => layer.id === "exit")) return null;
  const years = new Map();
  for (const { values } of picture.rows) if (values.exit) years.set(values.exit, (years.get(values.exit) || 0) + 1);
  const rows = [...years].sort(([a], [b]) => a - b).map(([year, value]) => ({ name: String(year), value }));
  return rows.length ? { rows, unit: words.counties } : null;
}

const blank = (kind, data) =>
  !data || (kind === "causes" && !data.rows.length) || (kind === "histogram" && !data.bins.some(([, n]) => n)) || (kind === "income" && !data.months.length);

// One card: <section data-panel="causes"> with .chart and .chart-table inside and a [data-as-table] button in its head.
export function createPanel(card) {
  const kind = card.dataset.panel;
  const box = card.querySelector(".chart");
  const table = card.querySelector(".chart-table");
  const toggle = card.querySelector("[data-as-table]");
  let chart = null;
  let data = null;
  let stale = false;

  function draw() {
    if (!data || !box.clientWidth || !box.clientHeight) return; // behind a tab: drawn when it is opened
    stale = false;
    chart ??= begin();
    chart.setOption({ ...MAKERS[kind](data, box), animation: false }, { replaceMerge: ["series"] });
  }
  function begin() {
    const made = echarts.init(box, null, { renderer: "canvas" });
    made.on("click", ({ data: point }) => {
      if (point && point.href) location.href = point.href;
    });
    return made;
  }
  function fillTable() {
    if (!table.hidden && data) table.replaceChildren(tableOf(kind, data));
  }
  toggle?.addEventListener("click", () => {
    table.hidden = !table.hidden;
    box.hidden = !table.hidden;
    toggle.setAttribute("aria-pressed", String(!table.hidden));
    fillTable();
    if (stale) draw();
  });
  new ResizeObserver(() => {
    if (!box.clientWidth || !box.clientHeight) return;
    if (stale || !chart) draw();
    else {
      chart.resize();
      if (["causes", "exits", "radar"].includes(kind)) draw(); // these are laid out by the room they have
    }
  }).observe(box);

  return {
    kind,
    set(next) {
      data = blank(kind, next) ? null : next;
      card.hidden = !data;
      stale = true;
      draw();
      fillTable();
    },
    redraw: () => {
      stale = true;
      draw();
    },
  };
}
