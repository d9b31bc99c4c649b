// Charts of ECharts with the colours of the tokens. A chart is
//   <div class="chart" data-chart="histogram" data-from="id of a json_script"></div>
// and its data carry the addresses that open the lists behind the figures.
(() => {
  "use strict";
  const css = getComputedStyle(document.documentElement);
  const token = (name) => css.getPropertyValue(`--${name}`).trim();
  const count = (value) => Number(value).toLocaleString("en-US");
  const ink = token("ink");
  const muted = token("muted");
  const line = token("line");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.webdriver;
  const base = {
    animation: !still,
    textStyle: { fontFamily: css.getPropertyValue("--tblr-font-sans-serif"), color: ink },
    tooltip: {
      backgroundColor: token("surface"),
      borderColor: line,
      textStyle: { color: ink, fontSize: 13 },
      confine: true,
    },
  };
  const axis = (more) => ({
    axisLabel: { color: muted, fontSize: 12 },
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: line } },
    ...more,
  });

  // data: {bins: [[lower, count]], unit, href}; 60 and 80 part the colours
  function histogram(data) {
    const tone = (low) => token(low < 60 ? "poor-fill" : low < 80 ? "possibly-fill" : "stable-fill");
    return {
      ...base,
      grid: { left: 8, right: 16, top: 28, bottom: 24, containLabel: true },
      tooltip: {
        ...base.tooltip,
        trigger: "axis",
        formatter: ([bar]) => `${data.bins[bar.dataIndex][0]}–${data.bins[bar.dataIndex][0] + 2}<br><b>${count(bar.value.value ?? bar.value)}</b> ${data.unit}`,
      },
      xAxis: axis({
        type: "category",
        data: data.bins.map(([low]) => low),
        splitLine: { show: false },
        axisLabel: { color: muted, interval: (i, low) => Number(low) % 20 === 0, fontSize: 12 },
      }),
      yAxis: axis({ type: "value", name: data.unit, nameTextStyle: { color: muted, align: "right" }, minInterval: 1 }),
      series: [
        {
          type: "bar",
          barCategoryGap: "12%",
          data: data.bins.map(([low, n]) => ({
            value: n,
            itemStyle: { color: tone(low) },
            href: data.href ? `${data.href}low=${low}&high=${low + 2}` : "",
          })),
        },
      ],
    };
  }

  const folded = (name) => (/^[\u4e00-\u9fff]{6,}$/.test(name) ? `${name.slice(0, 4)}\n${name.slice(4)}` : name);

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

  // data: {names: [7], own: [7 shares 0–1 | null], ownName, mean: [7 shares | null] | null, meanName, noneName}
  function radar(data) {
    const percent = (shares) => shares.map((share) => (share === null ? null : Math.round(share * 1000) / 10));
    const series = (name, values, colour, filled) => ({
      name,
      value: bridged(percent(values)),
      known: percent(values),
      symbol: values.includes(null) ? "none" : "circle",
      lineStyle: { color: colour, width: 2 },
      itemStyle: { color: colour },
      areaStyle: filled ? { color: colour, opacity: 0.15 } : undefined,
      symbolSize: 6,
    });
    const drawn = [];
    if (data.mean) drawn.push(series(data.meanName, data.mean, token("unknown-fill"), false));
    drawn.push(series(data.ownName, data.own, token("brand"), true));
    return {
      ...base,
      legend: { bottom: 0, textStyle: { color: ink }, data: drawn.map((one) => one.name) },
      tooltip: {
        ...base.tooltip,
        formatter: (point) =>
          `<b>${point.name}</b><br>` +
          data.names
            .map((name, i) => `${name} ${point.data.known[i] === null ? data.noneName : `${point.data.known[i]} %`}`)
            .join("<br>"),
      },
      radar: {
        center: ["50%", "46%"],
        radius: "62%",
        axisNameGap: 8,
        indicator: data.names.map((name, i) => {
          const applies = data.own[i] !== null;
          return { name: applies ? folded(name) : `${folded(name)}\n${data.noneName}`, max: 100, color: applies ? ink : muted };
        }),
        axisName: { fontSize: 12 },
        splitLine: { lineStyle: { color: line } },
        axisLine: { lineStyle: { color: line } },
        splitArea: { show: false },
      },
      series: [{ type: "radar", data: drawn }],
    };
  }

  // data: {months, series: [{name, values in 元}], spending: {name, values}, unit}
  function income(data) {
    const colours = ["#1f6feb", "#2f8f3a", "#d48806", "#8a63c0"];
    const stacked = data.series.map((one, i) => ({
      name: one.name,
      type: "bar",
      stack: "income",
      data: one.values,
      itemStyle: { color: colours[i] },
      barMaxWidth: 32,
    }));
    return {
      ...base,
      grid: { left: 8, right: 16, top: 40, bottom: 8, containLabel: true },
      legend: { top: 0, textStyle: { color: ink }, type: "scroll" },
      tooltip: { ...base.tooltip, trigger: "axis", valueFormatter: (value) => `${count(value)} ${data.unit}` },
      xAxis: axis({ type: "category", data: data.months, splitLine: { show: false } }),
      yAxis: axis({ type: "value", axisLabel: { color: muted, formatter: count } }),
      series: [
        ...stacked,
        {
          name: data.spending.name,
          type: "line",
          data: data.spending.values,
          lineStyle: { color: token("poor-fill"), width: 2 },
          itemStyle: { color: token("poor-fill") },
          symbolSize: 6,
        },
      ],
    };
  }

  // data: {rows: [{name, value, href, tone}], unit}; the first stands on top
  function bar(data, box) {
    const rows = [...data.rows].reverse();
    return {
      ...base,
      grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
      tooltip: { ...base.tooltip, valueFormatter: (value) => `${count(value)} ${data.unit}` },
      xAxis: { type: "value", show: false },
      yAxis: axis({
        type: "category",
        data: rows.map((row) => row.name),
        splitLine: { show: false },
        axisLine: { show: false },
        axisLabel: { color: ink, fontSize: 13, width: Math.min(260, Math.round(box.clientWidth * 0.45)), overflow: "truncate" },
      }),
      series: [
        {
          type: "bar",
          barMaxWidth: 16,
          data: rows.map((row) => ({ value: row.value, href: row.href, itemStyle: { color: token(row.tone || "link") } })),
          label: { show: true, position: "right", color: ink, formatter: ({ value }) => count(value) },
        },
      ],
    };
  }

  const makers = { histogram, radar, income, bar };

  function draw(box) {
    if (echarts.getInstanceByDom(box)) return;
    const data = JSON.parse(document.getElementById(box.dataset.from).textContent);
    const chart = echarts.init(box, null, { renderer: "svg" });
    chart.setOption(makers[box.dataset.chart](data, box));
    chart.on("click", ({ data: point }) => {
      if (point && point.href) location.href = point.href;
    });
    new ResizeObserver(() => chart.resize()).observe(box);
    box.dataset.drawn = "yes";
  }

  function drawAll(root) {
    for (const box of root.querySelectorAll("[data-chart]")) draw(box);
  }
  drawAll(document);
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
})();
