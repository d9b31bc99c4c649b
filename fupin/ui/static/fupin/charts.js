// Draws the charts of a page. A chart is
//   <div class="chart" data-chart="histogram" data-from="id of a json_script"></div>
// and its data carry the addresses that open the lists behind the figures. Classic script echarts.min.js stands before it.
import { lorenz } from "./chart_lorenz.js";
import { bar, histogram, income, radar } from "./chart_options.js";

const makers = { histogram, radar, income, bar, lorenz };

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
