// The Lorenz curve: the poorest p % of persons hold so many % of all income.
// data: {own: [[p, share in %]], ownName, mean: [[p, share]] | null, meanName, equalName, xName, yName}
import { size, token } from "./tokens.js";
import { axis, base } from "./chart_options.js";

export function lorenz(data) {
  const shared = base();
  const curve = (name, points, colour, more) => ({
    name,
    type: "line",
    data: points,
    symbol: "none",
    lineStyle: { color: colour, width: 2 },
    itemStyle: { color: colour },
    ...more,
  });
  const series = [
    curve(data.equalName, [[0, 0], [100, 100]], token("muted"), { lineStyle: { color: token("muted"), width: 1, type: "dashed" } }),
    curve(data.ownName, data.own, token("brand"), { areaStyle: { color: token("brand"), opacity: 0.1 } }),
  ];
  if (data.mean) series.push(curve(data.meanName, data.mean, token("link")));
  const scale = (name) => axis({ type: "value", min: 0, max: 100, name, nameTextStyle: { color: token("muted"), fontSize: size(12) } });
  return {
    ...shared,
    grid: { left: 8, right: 24, top: size(36), bottom: size(24), containLabel: true },
    legend: { top: 0, right: 0, textStyle: { color: token("ink"), fontSize: size(12) }, itemWidth: 18 },
    tooltip: { ...shared.tooltip, trigger: "axis", valueFormatter: (value) => `${Number(value).toFixed(2)} %` },
    xAxis: { ...scale(data.xName), nameLocation: "middle", nameGap: size(26) },
    yAxis: { ...scale(data.yName), nameTextStyle: { color: token("muted"), align: "left", fontSize: size(12) } },
    series,
  };
}
