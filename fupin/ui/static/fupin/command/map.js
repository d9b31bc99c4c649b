// One MapLibre map for the whole visit: a drill only exchanges sources, layers and camera. GeoJSON only, no tiles, no
// fonts, nothing from elsewhere. Colours come from the tokens of the theme, values from the picture's rows.
import { createCurtain } from "./curtain.js";
import { words } from "./dom.js";
import { createLabels } from "./labels.js";
import { namesOf } from "./shapes.js";
import { ground, layersOf, showsHomes, sourcesOf } from "./style.js";

const MANY = 150; // with more cells than this the names are those of the level above
const EDGES = { top: 16, bottom: 84, left: 20, right: 20 }; // at the bottom stand legend and source, often higher
const NONE = { type: "FeatureCollection", features: [] };

// 广西壮族自治区 → 广西: on a map of the nation everybody knows the rest
const shortly = (name) => name.replace(/(壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省|市)$/, "");

// regions about which something is known come first when there is no room for all names
function namesFor({ picture, cells, outline }) {
  const all = namesOf((cells?.features.length > MANY && outline?.features.length ? outline : cells) || NONE);
  const rows = new Map(picture.rows.map((row) => [row.code, Object.values(row.values).some((value) => value !== null)]));
  const named = all.map((one) => (picture.region.code === "cn" ? { ...one, name: shortly(one.name) } : one));
  return [...named.filter(({ code }) => rows.get(code)), ...named.filter(({ code }) => !rows.get(code))];
}

function makeMap(box) {
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
    style: { version: 8, sources: {}, layers: [ground()] },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-right");
  return map;
}

// Without WebGL the place of the map says so, and the rest of the page goes on.
function withoutMap(box) {
  box.append(Object.assign(document.createElement("p"), { className: "map-missing", textContent: words.noMap }));
  return { ready: true, highlight() {}, show: async () => {}, image: () => document.createElement("canvas") };
}

export function createMap(box, handlers) {
  try {
    return liveMap(box, handlers);
  } catch (error) {
    console.warn(error);
    return withoutMap(box);
  }
}

// handlers: {cell(code), home(id), opens(code), over(code | null, point), overHome(properties | null, point)}
function liveMap(box, handlers) {
  const map = makeMap(box);
  const curtain = createCurtain(map);
  const labels = createLabels(map, box, curtain.isDown);
  const ready = new Promise((resolve) => map.once("style.load", resolve));
  let shown = null; // the view
  let over = null; // code of the cell that is highlighted
  let moved = false; // the reader has chosen a part of it himself

  function exchange(view) {
    const { layers, sources } = map.getStyle();
    for (const { id } of layers) map.removeLayer(id);
    for (const id of Object.keys(sources)) map.removeSource(id);
    for (const [id, source] of sourcesOf(view)) map.addSource(id, source);
    for (const layer of layersOf(view)) if (!layer.source || map.getSource(layer.source)) map.addLayer(layer);
  }

  function highlight(code) {
    if (over === code) return;
    const mark = (id, on) => map.getSource("cells") && map.setFeatureState({ source: "cells", id }, { over: on });
    if (over) mark(over, false);
    over = code;
    if (code) mark(code, true);
  }

  function look() {
    const [west, south, east, north] = shown.picture.bounds;
    const legend = box.parentElement.querySelector(".map-legend")?.offsetHeight || 0;
    const padding = { ...EDGES, bottom: Math.max(EDGES.bottom, Math.min(legend + 16, box.clientHeight / 3)) };
    const camera = map.cameraForBounds([[west, south], [east, north]], { padding, maxZoom: 15 });
    if (camera) map.jumpTo(camera);
  }
  // another window or a taller bar: the region fits again, unless the reader has chosen a view of his own
  map.on("resize", () => shown && !moved && look());
  for (const start of ["dragstart", "zoomstart"]) map.on(start, (event) => (moved ||= Boolean(event.originalEvent)));

  const found = (where, layer) => (map.getLayer(layer) ? map.queryRenderedFeatures(where, { layers: [layer] })[0] : undefined);

  map.on("mousemove", (event) => {
    if (curtain.isDown()) return;
    const home = found(event.point, "homes");
    const code = home ? null : (found(event.point, "cells")?.properties.code ?? null);
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
    const home = found(near, "homes");
    if (home) return handlers.home(home.properties.id);
    const cell = found(event.point, "cells");
    if (cell) handlers.cell(cell.properties.code);
  });

  return {
    ready,
    highlight,
    // → promise of the frame in which all of it is painted; another picture moves the camera
    async show(view) {
      const fresh = view.picture !== shown?.picture;
      const painted = curtain.fall();
      over = null;
      shown = view;
      if (fresh) {
        moved = false;
        look();
      }
      exchange(view);
      map.redraw(); // asks for the tiles; nothing is painted yet
      box.dataset.cells = view.cells?.features.length || 0;
      box.dataset.homes = showsHomes(view) ? view.homes.length : 0;
      await painted;
      labels.set(namesFor(shown));
      const { lng, lat } = map.getCenter();
      box.dataset.camera = [lng, lat, map.getZoom()].join(); // where a place stands on the screen follows from this
    },
    // the map as it stands, names included: a canvas as large as the screen's
    image() {
      curtain.rise();
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
