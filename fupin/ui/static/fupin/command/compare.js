// Two regions side by side: figures with their difference, the seven dimensions and the distribution of the index laid over
// each other. Shares, not counts, are compared where the regions differ in size.
import { axis, base, radar } from "../chart_options.js";
import { size, token } from "../tokens.js";
import { fill, h, icon, words } from "./dom.js";

const share = (histogram) => {
  const all = histogram.bins.reduce((sum, [, n]) => sum + n, 0) || 1;
  return new Map(histogram.bins.map(([low, n]) => [low, Math.round((1000 * n) / all) / 10]));
};

function overlay(a, b) {
  const shared = base();
  const lows = [...new Set([...a.charts.histogram.bins, ...b.charts.histogram.bins].map(([low]) => low))].sort((x, y) => x - y);
  const line = (picture, tone, filled) => {
    const found = share(picture.charts.histogram);
    return {
      name: picture.region.name,
      type: "line",
      step: "middle",
      symbol: "none",
      data: lows.map((low) => found.get(low) ?? 0),
      lineStyle: { color: token(tone), width: 2 },
      itemStyle: { color: token(tone) },
      areaStyle: filled ? { color: token(tone), opacity: 0.15 } : undefined,
    };
  };
  return {
    ...shared,
    animation: false,
    grid: { left: 8, right: 16, top: size(28), bottom: size(32), containLabel: true },
    legend: { bottom: 0, textStyle: { color: token("ink"), fontSize: size(12) } },
    tooltip: { ...shared.tooltip, trigger: "axis", valueFormatter: (value) => `${value} %` },
    xAxis: axis({ type: "category", data: lows, splitLine: { show: false }, axisLabel: { interval: (i, low) => Number(low) % 20 === 0 } }),
    yAxis: axis({ type: "value", name: words.shareOfHomes, nameTextStyle: { color: token("muted"), align: "left" }, splitNumber: 4 }),
    series: [line(b, "link", false), line(a, "brand", true)],
  };
}

const overlaidRadar = (a, b, box) => ({
  ...radar(
    {
    ...a.charts.radar,
    ownName: a.region.name,
    mean: b.charts.radar.own,
    meanName: b.region.name,
    meanTone: "link",
    noneName: words.noneApplies,
    },
    box,
  ),
  animation: false,
});

function difference(one, other) {
  if (typeof one.number !== "number" || typeof other?.number !== "number") return "–";
  const gap = one.number - other.number;
  const digits = /\.\d/.test(one.value) ? one.value.split(".")[1].replace(/\D.*/, "").length : 0;
  const text = Math.abs(gap).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${gap > 0 ? "+" : gap < 0 ? "−" : ""}${text}`;
}

function figureRows(a, b) {
  const others = new Map(b.figures.map((one) => [one.id, one]));
  const value = (one) => (one ? h(one.href ? "a" : "span", { href: one.href || null, "data-count": one.count ?? null }, one.value) : "–");
  return a.figures.map((one) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, one.name, h("span", { class: "unit" }, ` ${one.unit || ""}`)),
      h("td", { class: "num" }, value(one)),
      h("td", { class: "num" }, value(others.get(one.id))),
      h("td", { class: "num" }, difference(one, others.get(one.id))),
    ),
  );
}

// choose(which): open the tree to exchange "region" or "with"; close(): back to the map
export function createCompare(box, { choose, close }) {
  const charts = [];

  function chart(node, option) {
    const made = echarts.init(node, null, { renderer: "canvas" });
    made.setOption(option);
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(node);
    charts.push({ made, watch });
  }
  function clear() {
    for (const { made, watch } of charts.splice(0)) {
      watch.disconnect();
      made.dispose();
    }
    box.replaceChildren();
    box.hidden = true;
  }
  const name = (picture, which, tone) =>
    h("button", { type: "button", class: `btn btn-sm side-${tone}`, "data-choose": which, onclick: () => choose(which) }, picture.region.name, icon("chevron-down"));

  return {
    clear,
    show(a, b) {
      clear();
      box.hidden = false;
      const spider = h("div", { class: "chart", role: "img", "aria-label": fill(words.radarOf, { a: a.region.name, b: b.region.name }) });
      const lines = h("div", { class: "chart", role: "img", "aria-label": fill(words.histogramOf, { a: a.region.name, b: b.region.name }) });
      const heads = [words.figure, a.region.name, b.region.name, words.difference];
      box.replaceChildren(
        h(
          "div",
          { class: "compare-head" },
          h("h2", {}, words.compare),
          name(a, "region", "a"),
          h("span", {}, "×"),
          name(b, "with", "b"),
          h("button", { type: "button", class: "btn btn-sm ms-auto", "data-close": "compare", onclick: close }, icon("x"), words.close),
        ),
        h(
          "div",
          { class: "compare-body" },
          h(
            "table",
            { class: "table table-sm" },
            h("thead", {}, h("tr", {}, heads.map((text, i) => h("th", { scope: "col", class: i ? "num" : null }, text)))),
            h("tbody", {}, figureRows(a, b)),
          ),
          h("div", { class: "compare-charts" }, h("figure", {}, h("figcaption", {}, words.dimensions), spider), h("figure", {}, h("figcaption", {}, words.distribution), lines)),
        ),
      );
      if (a.charts.radar && b.charts.radar) chart(spider, overlaidRadar(a, b, spider));
      if (a.charts.histogram && b.charts.histogram) chart(lines, overlay(a, b));
    },
  };
}
