// What MapLibre draws for one view: sources and layers as data. Only what has features is there at all: an empty source
// would be cut into tiles and clipped like a full one.
// view: {picture, cells, outline, homes, layer, heat, points}; cells, outline: FeatureCollections | null;
// homes: [[lon, lat, id, band, low, high, findings, state]] | null
import { token } from "../tokens.js";
import { BANDS, fillOf, heatColours } from "./colours.js";
import { namesOf } from "./shapes.js";

// deeper than its maxzoom a source is only magnified: 10 keeps borders to 5 m, 14 keeps homes apart
const DEEPEST = { cells: 10, outline: 10, heat: 10, homes: 14 };

const collection = (features) => ({ type: "FeatureCollection", features });
const point = (at, properties) => ({ type: "Feature", geometry: { type: "Point", coordinates: at }, properties });

// the values become properties, so that a layer is only a way of painting
function cellsOf({ picture, cells }) {
  const rows = new Map(picture.rows.map((row) => [row.code, row.values]));
  return (cells?.features || []).map((feature) => ({
    ...feature,
    properties: { code: feature.properties.code, ...rows.get(feature.properties.code) },
  }));
}

const homesOf = ({ homes }) =>
  (homes || []).map(([lon, lat, id, band, low, high, findings, state]) => point([lon, lat], { id, band, low, high, findings, state }));

// weight: 0–1 against the largest; homes count one each
function heatOf({ picture, cells, homes }) {
  if (homes?.length) return homes.map((home) => point(home.slice(0, 2), { weight: 0.35 }));
  const weights = new Map(picture.rows.map((row) => [row.code, row.values.persons || 0]));
  const most = Math.max(1, ...weights.values());
  return namesOf(cells || collection([])).map(({ code, at }) => point(at, { weight: Math.sqrt((weights.get(code) || 0) / most) }));
}

export const showsHomes = ({ homes, heat, points }) => Boolean(points && !heat && homes?.length);

export function sourcesOf(view) {
  const features = {
    cells: cellsOf(view),
    outline: view.outline?.features || [],
    heat: view.heat ? heatOf(view) : [],
    homes: showsHomes(view) ? homesOf(view) : [],
  };
  return Object.entries(features)
    .filter(([, found]) => found.length)
    .map(([id, found]) => [
      id,
      { type: "geojson", data: collection(found), promoteId: id === "homes" ? "id" : "code", tolerance: 0.5, maxzoom: DEEPEST[id], buffer: 16 },
    ]);
}

const bandColour = () => [
  "match",
  ["get", "band"],
  ...Object.entries(BANDS).flatMap(([band, name]) => [band, token(name)]),
  token("unknown-fill"),
];

const over = (yes, no) => ["case", ["boolean", ["feature-state", "over"], false], yes, no];

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

// heat and points carry the colour themselves
const dimmed = (view) => (view.heat ? 0.12 : showsHomes(view) ? 0.45 : 1);

const fillPaint = (view) => ({
  "fill-color": view.layer ? fillOf(view.layer) : token("nothing"),
  "fill-opacity": dimmed(view),
  "fill-antialias": false,
});

const circlePaint = () => ({
  "circle-color": bandColour(),
  "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 2.5, 12, 4.5, 15, 7],
  "circle-stroke-color": token("surface"),
  "circle-stroke-width": 1,
});

export const ground = () => ({ id: "ground", type: "background", paint: { "background-color": token("surface") } });

// from below to above
export const layersOf = (view) => [
  ground(),
  // half of it looks out from under the cells: pale regions keep their outer border
  { id: "rim", type: "line", source: "cells", paint: { "line-color": token("muted"), "line-width": 2.4 } },
  { id: "cells", type: "fill", source: "cells", paint: fillPaint(view) },
  { id: "edges", type: "line", source: "cells", paint: { "line-color": over(token("ink"), token("surface")), "line-width": over(3, 1) } },
  { id: "outline", type: "line", source: "outline", paint: { "line-color": token("link"), "line-width": 1.4 } },
  { id: "heat", type: "heatmap", source: "heat", paint: heatPaint() },
  { id: "homes", type: "circle", source: "homes", paint: circlePaint() },
];
