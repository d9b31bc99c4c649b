// A printable picture of the view: title, figures, map with names, legend, the regions in order, date and notes, composed
// on a canvas (A4 across at about 150 dots per inch) and given to the reader as PNG. Nothing leaves the browser.
import { fontFamily, token } from "../tokens.js";
import { classes } from "./colours.js";
import { words } from "./dom.js";
import { ordered } from "./list.js";
import { textOf } from "./panels.js";

const [WIDTH, HEIGHT, EDGE, SIDE] = [1754, 1240, 48, 460];

function writer(pen) {
  return (text, x, y, { size = 20, weight = 400, tone = "ink", align = "left", width } = {}) => {
    pen.font = `${weight} ${size}px ${fontFamily()}`;
    pen.fillStyle = token(tone);
    pen.textAlign = align;
    pen.textBaseline = "alphabetic";
    pen.fillText(text, x, y, width);
  };
}

function drawMap(pen, image, x, y, width, height) {
  const scale = Math.min(width / image.width, height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  pen.fillStyle = token("surface");
  pen.fillRect(x, y, width, height);
  pen.drawImage(image, x + (width - w) / 2, y + (height - h) / 2, w, h);
  pen.strokeStyle = token("line");
  pen.strokeRect(x, y, width, height);
}

function drawLegend(pen, write, layer, x, y) {
  write(`${layer.title}${layer.unit ? `（${layer.unit}）` : ""}`, x, y, { size: 18, weight: 600 });
  classes(layer).forEach(({ colour, words: text }, i) => {
    pen.fillStyle = colour;
    pen.fillRect(x + i * 96, y + 10, 96, 16);
    write(text, x + i * 96, y + 46, { size: 15, tone: "muted" });
  });
}

function drawFigures(write, pen, figures, x, y) {
  figures.slice(0, 8).forEach((one, i) => {
    const [left, top] = [x + (i % 2) * (SIDE / 2), y + Math.floor(i / 2) * 84];
    write(one.name, left, top, { size: 17, tone: "muted" });
    write(String(one.value), left, top + 38, { size: 32, weight: 700, width: SIDE / 2 - 56 });
    const wide = Math.min(pen.measureText(String(one.value)).width, SIDE / 2 - 56);
    write(one.unit || "", left + wide + 6, top + 38, { size: 16, tone: "muted" });
  });
  return y + Math.ceil(Math.min(8, figures.length) / 2) * 84;
}

function drawList(write, pen, rows, layer, x, y, bottom) {
  if (!rows.length) return y;
  write(`${words.region} · ${layer.title}`, x, y, { size: 18, weight: 600 });
  const shown = ordered(rows, layer).slice(0, Math.min(15, Math.floor((bottom - y - 10) / 28)));
  shown.forEach((row, i) => {
    const at = y + 32 + i * 28;
    write(`${i + 1}`, x + 20, at, { size: 16, tone: "muted", align: "right" });
    write(row.name, x + 32, at, { size: 17, width: SIDE - 150 });
    write(textOf(row, layer), x + SIDE - 8, at, { size: 17, weight: 600, align: "right" });
  });
  return y + 32 + shown.length * 28;
}

function drawCauses(write, pen, causes, x, y, bottom) {
  const room = Math.floor((bottom - y - 12) / 28);
  if (!causes?.rows.length || room < 3) return;
  write(words.mainCauses, x, y, { size: 18, weight: 600 });
  const most = Math.max(...causes.rows.map((row) => row.value));
  causes.rows.slice(0, Math.min(room, 8)).forEach((row, i) => {
    const at = y + 32 + i * 28;
    write(row.name, x + 150, at, { size: 16, align: "right", width: 146 });
    pen.fillStyle = token("link");
    pen.fillRect(x + 162, at - 14, ((SIDE - 250) * row.value) / most, 15);
    write(row.value.toLocaleString("en-US"), x + SIDE - 8, at, { size: 16, align: "right" });
  });
}

// view: {picture, layer, image: canvas of the map, illustrative, source}
export function compose({ picture, layer, image, source, generated }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const pen = canvas.getContext("2d");
  const write = writer(pen);
  pen.fillStyle = token("ground");
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  write(`${picture.region.name}${layer ? ` · ${layer.title}` : ""}`, EDGE, EDGE + 36, { size: 40, weight: 700 });
  const path = picture.crumbs.map((crumb) => crumb.name).join(" › ");
  const date = picture.run ? ` · ${words.asOf} ${picture.run.as_of}` : "";
  write(path + date, EDGE, EDGE + 74, { size: 20, tone: "muted", width: WIDTH - 2 * EDGE });
  if (generated) write(words.generated, WIDTH - EDGE, EDGE + 32, { size: 20, weight: 600, tone: "possibly", align: "right" });
  const [top, bottom] = [EDGE + 100, HEIGHT - EDGE - 110];
  const mapWidth = WIDTH - 2 * EDGE - SIDE - 32;
  drawMap(pen, image, EDGE, top, mapWidth, bottom - top);
  const side = EDGE + mapWidth + 32;
  const after = drawFigures(write, pen, picture.figures, side, top + 18);
  if (layer) {
    const known = picture.rows.filter((row) => (row.values[layer.id] ?? null) !== null);
    const end = drawList(write, pen, known, layer, side, after + 24, bottom);
    drawCauses(write, pen, picture.charts.causes, side, end + 24, bottom);
    drawLegend(pen, write, layer, EDGE, bottom + 32);
  }
  const notes = [picture.cells?.illustrative ? words.illustrative : "", layer?.note || "", source || "", generated ? words.generatedLong : ""];
  write(notes.filter(Boolean).join(" · "), EDGE, HEIGHT - EDGE + 18, { size: 16, tone: "muted", width: WIDTH - 2 * EDGE });
  return canvas;
}

export function download(canvas, name) {
  return new Promise((resolve) => {
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      resolve();
    }, "image/png");
  });
}
