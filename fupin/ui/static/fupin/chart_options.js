// Options of the charts that several pages share: data from ui/charts.py in, an ECharts option out. Colours are the tokens.
import { count, fontFamily, size, token, tokens } from "./tokens.js";

const still = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.webdriver;

export function base() {
  return {
    animation: !still,
    textStyle: { fontFamily: fontFamily(), color: token("ink") },
    tooltip: {
      backgroundColor: token("surface"),
      borderColor: token("line"),
      textStyle: { color: token("ink"), fontSize: size(13) },
      confine: true,
    },
  };
}

export function axis(more) {
  return {
    axisLine: { lineStyle: { color: token("line") } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: token("line") } },
    ...more,
    axisLabel: { color: token("muted"), fontSize: size(12), ...more.axisLabel },
  };
}

// A formatter's answer is taken as HTML: whatever came from a person goes through here.
const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => SIGNS[sign]);

// data: {bins: [[lower, count]], unit, href}; 60 and 80 part the colours
export function histogram(data) {
  const shared = base();
  const step = data.step || 2;
  const tone = (low) => token(low < 60 ? "poor-fill" : low < 80 ? "possibly-fill" : "stable-fill");
  return {
    ...shared,
    grid: { left: 8, right: 16, top: size(28), bottom: 8, containLabel: true },
    tooltip: {
      ...shared.tooltip,
      trigger: "axis",
      formatter: ([bar]) => {
        const [low, n] = data.bins[bar.dataIndex];
        return `${low}–${low + step}<br><b>${count(n)}</b> ${escaped(data.unit)}`;
      },
    },
    xAxis: axis({
      type: "category",
      data: data.bins.map(([low]) => low),
      splitLine: { show: false },
      axisLabel: { interval: (i, low) => Number(low) % 20 === 0 },
    }),
    yAxis: axis({
      type: "value",
      name: data.unit,
      nameTextStyle: { color: token("muted"), align: "left" },
      minInterval: 1,
      splitNumber: 4,
    }),
    series: [
      {
        type: "bar",
        barCategoryGap: "12%",
        data: data.bins.map(([low, n]) => ({
          value: n,
          itemStyle: { color: tone(low) },
          href: data.href ? `${data.href}index_from=${low}&index_to=${low + step}` : "",
        })),
      },
    ],
  };
}

// names around a radar in short lines: 公共服务与环境 after four signs, English ones between words
const LINE = 12; // letters
function folded(name) {
  if (/^[\u4e00-\u9fff]{6,}$/.test(name)) return `${name.slice(0, 4)}\n${name.slice(4)}`;
  const join = (text, word) => {
    const last = text.slice(text.lastIndexOf("\n") + 1);
    return `${text}${last.length + 1 + word.length > LINE ? "\n" : " "}${word}`;
  };
  return name.split(" ").reduce(join);
}

// Where a dimension does not apply (null) the outline runs straight on between its neighbours: no spike to zero.
function bridged(values) {
  const n = values.length;
  const angle = (2 * Math.PI) / n;
  return values.map((value, i) => {
    if (value !== null) return value;
    let before = 1;
    let after = 1;
    while (before < n && values[(i - before + n) % n] === null) before += 1;
    while (after < n && values[(i + after) % n] === null) after += 1;
    const p = values[(i - before + n) % n] ?? 0;
    const q = values[(i + after) % n] ?? 0;
    const across = p * Math.sin(before * angle) + q * Math.sin(after * angle);
    return across > 0 ? Math.max(0, (p * q * Math.sin((before + after) * angle)) / across) : 0;
  });
}

const percent = (shares) => shares.map((share) => (share === null ? null : Math.round(share * 1000) / 10));

function outlineOf(name, shares, colour, filled) {
  const known = percent(shares);
  return {
    name,
    value: bridged(known),
    known,
    symbol: known.includes(null) ? "none" : "circle",
    lineStyle: { color: colour, width: 2 },
    itemStyle: { color: colour },
    areaStyle: filled ? { color: colour, opacity: 0.15 } : undefined,
    symbolSize: 6,
  };
}

// data: {names: [7], own: [7 shares 0–1 | null], ownName, mean: [7 shares | null] | null, meanName, noneName}
export function radar(data, box) {
  const shared = base();
  const room = Math.min(box.clientHeight * 0.34, box.clientWidth / 2 - size(86)); // names stand left and right of it
  const drawn = [];
  if (data.mean) drawn.push(outlineOf(data.meanName, data.mean, token(data.meanTone || "unknown-fill"), false));
  drawn.push(outlineOf(data.ownName, data.own, token("brand"), true));
  const shown = (value) => (value === null ? data.noneName : `${value} %`);
  return {
    ...shared,
    legend: { bottom: 0, textStyle: { color: token("ink"), fontSize: size(12) }, data: drawn.map((one) => one.name) },
    tooltip: {
      ...shared.tooltip,
      formatter: ({ name, data: point }) =>
        `<b>${escaped(name)}</b><br>${data.names.map((title, i) => `${escaped(title)} ${shown(point.known[i])}`).join("<br>")}`,
    },
    radar: {
      center: ["50%", "47%"],
      radius: Math.max(32, room),
      axisNameGap: 8,
      indicator: data.names.map((name, i) => {
        const applies = data.own[i] !== null;
        const words = applies ? folded(name) : `${folded(name)}\n${data.noneName}`;
        return { name: words, max: 100, color: token(applies ? "ink" : "muted") };
      }),
      axisName: { fontSize: size(12) },
      splitLine: { lineStyle: { color: token("line") } },
      axisLine: { lineStyle: { color: token("line") } },
      splitArea: { show: false },
    },
    series: [{ type: "radar", data: drawn }],
  };
}

// data: {months, series: [{name, values in 元}], spending: {name, values} or absent, unit}
export function income(data) {
  const shared = base();
  const colours = tokens("kinds");
  const series = data.series.map((one, i) => ({
    name: one.name,
    type: "bar",
    stack: "income",
    data: one.values,
    itemStyle: { color: colours[i % colours.length] },
    barMaxWidth: 32,
  }));
  if (data.spending) {
    series.push({
      name: data.spending.name,
      type: "line",
      data: data.spending.values,
      lineStyle: { color: token("poor-fill"), width: 2 },
      itemStyle: { color: token("poor-fill") },
      symbolSize: 6,
    });
  }
  return {
    ...shared,
    grid: { left: 8, right: 16, top: size(36), bottom: 8, containLabel: true },
    legend: { top: 0, textStyle: { color: token("ink"), fontSize: size(12) }, itemWidth: 8, itemHeight: 8, itemGap: 5, padding: 0 },
    tooltip: { ...shared.tooltip, trigger: "axis", valueFormatter: (value) => `${count(value)} ${data.unit}` },
    xAxis: axis({ type: "category", data: data.months, splitLine: { show: false } }),
    yAxis: axis({ type: "value", splitNumber: 4, axisLabel: { formatter: count } }),
    series,
  };
}

// data: {rows: [{name, value, href, tone}], unit}; the first stands on top
export function bar(data, box) {
  const shared = base();
  const rows = [...data.rows].reverse();
  return {
    ...shared,
    grid: { left: 8, right: size(56), top: 8, bottom: 8, containLabel: true },
    tooltip: { ...shared.tooltip, valueFormatter: (value) => `${count(value)} ${data.unit}` },
    xAxis: { type: "value", show: false },
    yAxis: axis({
      type: "category",
      data: rows.map((row) => row.name),
      splitLine: { show: false },
      axisLine: { show: false },
      axisLabel: {
        color: token("ink"),
        interval: 0,
        fontSize: size(13),
        width: Math.min(260, Math.round(box.clientWidth * 0.45)),
        overflow: "truncate",
      },
    }),
    series: [
      {
        type: "bar",
        barMaxWidth: 16,
        data: rows.map((row) => ({ value: row.value, href: row.href, itemStyle: { color: token(row.tone || "link") } })),
        label: { show: true, position: "right", color: token("ink"), formatter: ({ value }) => count(value) },
      },
    ],
  };
}
