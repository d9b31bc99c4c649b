// Names over the map, on a canvas of their own: no glyph files, no hundred elements to move, and the printed picture
// can take them along. What would overlap is left out; the list beside the map has every name.
import { fontFamily, size, token } from "../tokens.js";

const SPECK = 8; // px: a cell smaller than this goes without a name

// waits(): the map is not painted for a moment, so the names wait with it
export function createLabels(map, box, waits) {
  const canvas = document.createElement("canvas");
  canvas.className = "map-labels";
  canvas.setAttribute("aria-hidden", "true");
  box.append(canvas);
  const pen = canvas.getContext("2d", { willReadFrequently: true }); // drawn by the processor: a handful of words
  let names = [];

  function fit() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [box.clientWidth, box.clientHeight];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
  }

  function draw() {
    fit();
    const height = size(14);
    pen.font = `600 ${height}px ${fontFamily()}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    pen.strokeStyle = token("halo");
    pen.fillStyle = token("ink");
    const taken = [];
    const degree = map.project([1, 0]).x - map.project([0, 0]).x;
    for (const { name, at, wide } of names) {
      if (wide * degree < SPECK) continue;
      const { x, y } = map.project(at);
      const half = pen.measureText(name).width / 2 + 2;
      const here = [x - half, y - height * 0.7, x + half, y + height * 0.7];
      const clash = taken.some((other) => here[0] < other[2] && here[2] > other[0] && here[1] < other[3] && here[3] > other[1]);
      if (clash) continue;
      taken.push(here);
      pen.strokeText(name, x, y);
      pen.fillText(name, x, y);
    }
  }

  for (const event of ["move", "resize"]) map.on(event, () => waits() || draw());
  return {
    canvas,
    draw,
    set(next) {
      names = next;
      draw();
    },
  };
}
