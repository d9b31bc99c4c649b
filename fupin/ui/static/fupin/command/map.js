// One MapLibre map for the whole visit: a drill only exchanges data and camera. GeoJSON only, no tiles, no fonts, nothing
// from elsewhere. Colours come from the token of the theme, values from the picture's rows.
import { token } from "../tokens.js";
import { BANDS, fillOf, heatColours } from "./colours.js";
import { createLabels } from "./labels.js";
import { namesOf } from "./shapes.js";

const EMPTY = { type: "FeatureCollection", features: [] };
const MANY = 150; // with more cells than this the names are those of the level above
const EDGES = { top: 16, bottom: 84, left: 20, right: 20 }; // at the bottom stand legend and source, often higher

// 广西壮族自治区 → 广西: on a map of the nation everybody knows the rest
const shortly = (name) => name.replace(/(壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省|市)$/, "");

const homeFeature = ([lon, lat, id, band, low, high, findings, state]) => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [lon, lat] },
  properties: { id, band, low, high, findings, state },
});

const bandColour = () => [
  "match",
  ["get", "band"],
  ...Object.entries(BANDS).flatMap(([band, name]) => [band, token(name)]),
  token("unknown-fill"),
];

const over = (yes, no) => ["case", ["boolean", ["feature-state", "over"], false], yes, no];

// weight: 0–1 against the largest; homes count one each
function heatPaint() {
  const colours = heatColours();
  const ramp = colours.flatMap((colour, i) => [0.1 + (0.9 * i) / (colours.length - 1), colour]);
  return {
    "heatmap-weight": ["get", "weight"],
    "heatmap-intensity": 1.2,
    "heatmap-radius": ["interpolate", ["linear"], ["zoom"], 7, 14, 10, 30, 14, 44],
    "heatmap-color": ["interpolate", ["linear"], ["heatmap-density"], 0, "rgba(0,0,0,0)", ...ramp],
    "heatmap-opacity": 0.85,
  };
}

function layersOf() {
  return [
    { id: "ground", type: "background", paint: { "background-color": token("surface") } },
    // half of it looks out from under the cells: pale regions keep their outer border
    { id: "rim", type: "line", source: "cells", paint: { "line-color": token("muted"), "line-width": 2.4 } },
    { id: "cells", type: "fill", source: "cells", paint: { "fill-color": token("nothing"), "fill-antialias": false } },
    {
      id: "edges",
      type: "line",
      source: "cells",
      paint: { "line-color": over(token("ink"), token("surface")), "line-width": over(3, 1) },
    },
    { id: "outline", type: "line", source: "outline", paint: { "line-color": token("link"), "line-width": 1.4 } },
    { id: "heat", type: "heatmap", source: "heat", layout: { visibility: "none" }, paint: heatPaint() },
    {
      id: "homes",
      type: "circle",
      source: "homes",
      paint: {
        "circle-color": bandColour(),
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 2.5, 12, 4.5, 15, 7],
        "circle-stroke-color": token("surface"),
        "circle-stroke-width": 1,
      },
    },
  ];
}

// handlers: {cell(code), home(id), over(code | null, point), overHome(properties | null, point), drawn()}
export function createMap(box, handlers) {
  // deeper than its maxzoom a source is only magnified: 10 keeps borders to 5 m, 14 keeps homes apart
  const data = (id, maxzoom) => ({ type: "geojson", data: EMPTY, promoteId: id, tolerance: 0.5, maxzoom, buffer: 16 });
  const map = new maplibregl.Map({
    container: box,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    renderWorldCopies: false,
    center: [108.4, 23.1],
    zoom: 7,
    locale: { "Map.Title": box.getAttribute("aria-label") },
    style: {
      version: 8,
      sources: { cells: data("code", 10), outline: data("code", 10), heat: data("code", 10), homes: data("id", 14) },
      layers: layersOf(),
    },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-right");
  const labels = createLabels(map, box);
  const shown = { cells: null, layer: null, over: null, heat: false, filled: {} };
  const ready = new Promise((resolve) => map.once("style.load", resolve));

  // an empty source that stays empty need not be cut into tiles again
  const put = (id, value) => {
    if (value.features.length || shown.filled[id]) map.getSource(id).setData(value);
    shown.filled[id] = value.features.length > 0;
  };

  function highlight(code) {
    if (shown.over === code) return;
    if (shown.over) map.setFeatureState({ source: "cells", id: shown.over }, { over: false });
    shown.over = code;
    if (code) map.setFeatureState({ source: "cells", id: code }, { over: true });
  }

  // the values become properties, so that another layer is only another paint
  function withValues(cells, picture) {
    const rows = new Map(picture.rows.map((row) => [row.code, row.values]));
    const features = cells.features.map((feature) => ({
      ...feature,
      properties: { code: feature.properties.code, ...rows.get(feature.properties.code) },
    }));
    return { type: "FeatureCollection", features };
  }

  // names of regions about which something is known come first when there is no room for all
  function known(names, picture) {
    const rows = new Map(picture.rows.map((row) => [row.code, Object.values(row.values).some((value) => value !== null)]));
    const all = namesOf(names).map((one) => (picture.region.code === "cn" ? { ...one, name: shortly(one.name) } : one));
    return [...all.filter(({ code }) => rows.get(code)), ...all.filter(({ code }) => !rows.get(code))];
  }

  function paintLayer(layer) {
    shown.layer = layer;
    map.setPaintProperty("cells", "fill-color", layer ? fillOf(layer) : token("nothing"));
  }

  function heatPoints(picture, homes) {
    if (homes) return homes.map((home) => ({ at: home.slice(0, 2), weight: 0.35 }));
    const weights = new Map(picture.rows.map((row) => [row.code, row.values.persons || 0]));
    const most = Math.max(1, ...weights.values());
    return namesOf(shown.cells).map(({ code, at }) => ({ at, weight: Math.sqrt((weights.get(code) || 0) / most) }));
  }

  function look() {
    const [west, south, east, north] = shown.bounds;
    const legend = box.parentElement.querySelector(".map-legend")?.offsetHeight || 0;
    const padding = { ...EDGES, bottom: Math.max(EDGES.bottom, Math.min(legend + 16, box.clientHeight / 3)) };
    const camera = map.cameraForBounds([[west, south], [east, north]], { padding, maxZoom: 15 });
    if (camera) map.jumpTo(camera);
  }
  // another window or a taller bar: the region fits again, unless the reader has chosen a view of his own
  map.on("resize", () => shown.bounds && !shown.moved && look());
  for (const start of ["dragstart", "zoomstart"]) map.on(start, (event) => (shown.moved ||= Boolean(event.originalEvent)));

  map.on("mousemove", (event) => {
    const [home] = shown.homes ? map.queryRenderedFeatures(event.point, { layers: ["homes"] }) : [];
    const [cell] = home ? [] : map.queryRenderedFeatures(event.point, { layers: ["cells"] });
    const code = cell ? cell.properties.code : null;
    map.getCanvas().style.cursor = home || (code && handlers.opens(code)) ? "pointer" : "";
    highlight(code);
    if (home) handlers.overHome(home.properties, event.point);
    else handlers.over(code, event.point);
  });
  map.on("mouseout", () => {
    highlight(null);
    handlers.over(null);
  });
  map.on("click", (event) => {
    const near = [[event.point.x - 4, event.point.y - 4], [event.point.x + 4, event.point.y + 4]]; // fingers are wide
    const [home] = shown.homes ? map.queryRenderedFeatures(near, { layers: ["homes"] }) : [];
    if (home) return handlers.home(home.properties.id);
    const [cell] = map.queryRenderedFeatures(event.point, { layers: ["cells"] });
    if (cell) handlers.cell(cell.properties.code);
  });
  map.on("idle", () => handlers.drawn());

  return {
    map,
    ready,
    highlight,
    paintLayer,
    // cells, outline: FeatureCollections | null
    show({ picture, cells, outline, layer }) {
      highlight(null);
      shown.cells = cells || EMPTY;
      shown.homes = false;
      Object.assign(shown, { bounds: picture.bounds, moved: false });
      look();
      put("cells", withValues(shown.cells, picture));
      put("outline", outline || EMPTY);
      put("homes", EMPTY);
      paintLayer(layer);
      const names = shown.cells.features.length > MANY && outline?.features.length ? outline : shown.cells;
      labels.set(known(names, picture));
      box.dataset.cells = shown.cells.features.length;
    },
    showHomes(points) {
      shown.homes = Boolean(points && points.length);
      put("homes", { type: "FeatureCollection", features: (points || []).map(homeFeature) });
      map.setPaintProperty("cells", "fill-opacity", shown.homes ? 0.45 : 1); // the points carry the colour then
    },
    heat(on, picture, homes) {
      if (on) {
        const features = heatPoints(picture, homes).map(({ at, weight }) => ({
          type: "Feature",
          geometry: { type: "Point", coordinates: at },
          properties: { weight },
        }));
        put("heat", { type: "FeatureCollection", features });
      }
      if (on !== shown.heat) map.setLayoutProperty("heat", "visibility", on ? "visible" : "none");
      map.setPaintProperty("cells", "fill-opacity", on ? 0.12 : shown.homes ? 0.45 : 1);
      shown.heat = on;
    },
    theme() {
      for (const { id, paint } of layersOf()) {
        for (const [name, value] of Object.entries(paint)) map.setPaintProperty(id, name, value);
      }
      paintLayer(shown.layer);
      labels.draw();
    },
    // the map as it stands, names included: a canvas as large as the screen's
    image() {
      map.redraw(); // the drawing buffer is empty between frames: draw and copy in one go
      const view = map.getCanvas();
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [view.width, view.height];
      const pen = copy.getContext("2d");
      pen.drawImage(view, 0, 0);
      pen.drawImage(labels.canvas, 0, 0, view.width, view.height);
      return copy;
    },
  };
}
