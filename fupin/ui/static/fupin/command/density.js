// Index × income as a field of counted squares, with a rectangle to choose households by: the count is shown before the
// list is opened. The rectangle keeps to the squares' limits, so that list and count are the same set.
import { axis, base } from "../chart_options.js";
import { count, token, tokens } from "../tokens.js";
import { fill, h, words } from "./dom.js";

// data: {x: {step (分), n}, y: {step}, cells: [[ix, iy, n]], href, unknown}
const rows = (data) => Math.ceil(100 / data.y.step);
const yuan = (data, ix) => (ix * data.x.step) / 100;

export function countIn(data, area) {
  const inside = ([ix, iy]) => ix >= area.x0 && ix < area.x1 && iy >= area.y0 && iy < area.y1;
  return data.cells.filter(inside).reduce((sum, [, , n]) => sum + n, 0);
}

export function hrefOf(data, area) {
  const asked = [`index_from=${area.y0 * data.y.step}`, `index_to=${area.y1 * data.y.step}`];
  // the first square is open below, the last above
  if (area.x0 > 0) asked.push(`income_from=${yuan(data, area.x0)}`);
  if (area.x1 < data.x.n) asked.push(`income_to=${yuan(data, area.x1)}`);
  return `${data.href}${data.href.includes("?") ? "&" : "?"}${asked.join("&")}`;
}

function option(data) {
  const shared = base();
  const depth = tokens("depth");
  const most = Math.log1p(Math.max(1, ...data.cells.map(([, , n]) => n)));
  const colour = (n) => depth[Math.min(depth.length - 1, Math.floor((Math.log1p(n) / most) * depth.length))];
  const square = (params, api) => {
    const [ix, iy, n] = [api.value(0), api.value(1), api.value(2)];
    const [left, bottom] = api.coord([yuan(data, ix), iy * data.y.step]);
    const [right, top] = api.coord([yuan(data, ix + 1), (iy + 1) * data.y.step]);
    const shape = { x: left + 0.5, y: top + 0.5, width: right - left - 1, height: bottom - top - 1 };
    return { type: "rect", shape, style: { fill: colour(n) } };
  };
  const shortly = (value) => (value >= 10000 ? `${value / 10000}${words.tenThousandYuan}` : count(value));
  return {
    ...shared,
    animation: false,
    grid: { left: 8, right: 16, top: 26, bottom: 8, containLabel: true },
    tooltip: {
      ...shared.tooltip,
      formatter: ({ value: [ix, iy, n] }) =>
        `${count(yuan(data, ix))}–${ix + 1 < data.x.n ? count(yuan(data, ix + 1)) : ""} ${words.yuan}<br>${iy * data.y.step}–${(iy + 1) * data.y.step} ${words.points}<br><b>${count(n)}</b> ${words.households}`,
    },
    xAxis: axis({ type: "value", min: 0, max: yuan(data, data.x.n), splitLine: { show: false }, axisLabel: { formatter: shortly, hideOverlap: true } }),
    yAxis: axis({ type: "value", name: words.indexPoints, nameTextStyle: { color: token("muted"), align: "left" }, min: 0, max: 100, interval: 20 }),
    series: [
      {
        type: "custom",
        renderItem: square,
        data: data.cells,
        encode: { x: 0, y: 1 },
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: token("muted"), type: "dashed" },
          data: [{ yAxis: 60 }, { yAxis: 80 }],
        },
      },
    ],
  };
}

export function createDensity(card) {
  const box = card.querySelector(".chart");
  const says = card.querySelector(".brush-says");
  const frame = h("div", { class: "brush", hidden: true });
  box.parentElement.append(frame);
  let chart = null;
  let data = null;
  let area = null;
  let start = null;
  let stale = true;

  const selects = Object.fromEntries(
    ["x0", "x1", "y0", "y1"].map((name) => [
      name,
      h("select", { class: "form-select form-select-sm", "aria-label": words[name], "data-limit": name, onchange: bySelects }),
    ]),
  );
  const answer = h("output", { class: "brush-answer" });
  says.replaceChildren(
    h("span", {}, words.income, selects.x0, "–", selects.x1),
    h("span", {}, words.index, selects.y0, "–", selects.y1),
    answer,
  );

  function fillSelects() {
    const choices = (n, text) => Array.from({ length: n + 1 }, (_, i) => h("option", { value: i }, text(i)));
    const money = (i) => (i === 0 ? "−∞" : i < data.x.n ? count(yuan(data, i)) : "∞");
    for (const name of ["x0", "x1"]) selects[name].replaceChildren(...choices(data.x.n, money));
    for (const name of ["y0", "y1"]) selects[name].replaceChildren(...choices(rows(data), (i) => i * data.y.step));
  }

  function choose(next) {
    area = next;
    const shown = next || { x0: 0, x1: data.x.n, y0: 0, y1: rows(data) };
    for (const [name, select] of Object.entries(selects)) select.value = String(shown[name]);
    const n = countIn(data, shown);
    const unknown = !next && data.unknown ? ` · ${fill(words.incomeUnknown, { n: count(data.unknown) })}` : "";
    const link = h("a", { href: hrefOf(data, shown), "data-count": n, "data-brush": next ? "yes" : "no" }, fill(words.openList, { n: count(n) }));
    answer.replaceChildren(n ? link : fill(words.openList, { n: 0 }), unknown);
    place();
  }

  function bySelects() {
    const read = (name) => Number(selects[name].value);
    const [x0, x1] = [read("x0"), read("x1")].sort((a, b) => a - b);
    const [y0, y1] = [read("y0"), read("y1")].sort((a, b) => a - b);
    choose({ x0, x1: Math.max(x1, x0 + 1), y0, y1: Math.max(y1, y0 + 1) });
  }

  function place() {
    frame.hidden = !area || !chart;
    if (frame.hidden) return;
    const [left, bottom] = chart.convertToPixel("grid", [yuan(data, area.x0), area.y0 * data.y.step]);
    const [right, top] = chart.convertToPixel("grid", [yuan(data, area.x1), area.y1 * data.y.step]);
    Object.assign(frame.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  // the square under a pointer, held inside the field
  function square(event) {
    const edge = box.getBoundingClientRect();
    const [x, y] = chart.convertFromPixel("grid", [event.clientX - edge.left, event.clientY - edge.top]);
    const within = (value, n) => Math.max(0, Math.min(n - 1, Math.floor(value)));
    return { x: within((x * 100) / data.x.step, data.x.n), y: within(y / data.y.step, rows(data)) };
  }
  function drag(event) {
    if (!start) return;
    const here = square(event);
    choose({
      x0: Math.min(start.x, here.x),
      x1: Math.max(start.x, here.x) + 1,
      y0: Math.min(start.y, here.y),
      y1: Math.max(start.y, here.y) + 1,
    });
  }
  box.addEventListener("pointerdown", (event) => {
    if (!chart || !data || event.button) return;
    start = square(event);
    box.setPointerCapture(event.pointerId);
    drag(event);
  });
  box.addEventListener("pointermove", drag);
  for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, () => (start = null));
  box.addEventListener("dblclick", () => data && choose(null));

  function draw() {
    if (!data || !box.clientWidth || !box.clientHeight) return;
    stale = false;
    chart ??= echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(option(data), { replaceMerge: ["series"] });
    place();
  }
  new ResizeObserver(() => {
    if (!box.clientWidth || !box.clientHeight) return;
    if (stale || !chart) return draw();
    chart.resize();
    place();
  }).observe(box);

  return {
    kind: "scatter",
    set(next) {
      data = next && next.cells.length ? next : null;
      card.hidden = !data;
      area = null;
      stale = true;
      if (!data) return;
      fillSelects();
      choose(null);
      draw();
    },
    redraw() {
      stale = true;
      draw();
    },
  };
}
