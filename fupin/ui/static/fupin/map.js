// The map of a region and its parts: MapLibre on GeoJSON only, no tiles, no fonts from elsewhere (names are HTML markers).
// Reads two json_scripts: "map-cells" (FeatureCollection, properties code, name, illustrative) and "map-figures"
// ({layers: {id: {title, unit, steps, digits}}, rows: {code: {name, href, list, <layer id>: number | null, interval}}}).
(() => {
  "use strict";
  const css = getComputedStyle(document.documentElement);
  const token = (name) => css.getPropertyValue(`--${name}`).trim();
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("map-figures");
  const box = document.getElementById("map");
  const colours = token("depth").split(",").map((colour) => colour.trim());
  const none = token("line");

  const cells = read("map-cells");
  for (const feature of cells.features) {
    const row = figures.rows[feature.properties.code] || {};
    for (const layer of Object.keys(figures.layers)) feature.properties[layer] = row[layer] ?? null;
  }

  function bounds(collection) {
    const box = [180, 90, -180, -90];
    const walk = (node) => {
      if (typeof node[0] !== "number") return node.forEach(walk);
      box[0] = Math.min(box[0], node[0]);
      box[1] = Math.min(box[1], node[1]);
      box[2] = Math.max(box[2], node[0]);
      box[3] = Math.max(box[3], node[1]);
    };
    collection.features.forEach((feature) => walk(feature.geometry.coordinates));
    return box;
  }

  // one colour more than limits; a layer in which little is good is drawn the other way round
  function palette(layer) {
    const n = layer.steps.length + 1;
    const chosen = Array.from({ length: n }, (_, i) => colours[Math.round((i * (colours.length - 1)) / Math.max(1, n - 1))]);
    return layer.reverse ? chosen.reverse() : chosen;
  }

  function fill(id) {
    const layer = figures.layers[id];
    const shades = palette(layer);
    const step = ["step", ["to-number", ["get", id]], shades[0]];
    layer.steps.forEach((limit, i) => step.push(limit, shades[i + 1]));
    return ["case", ["==", ["get", id], null], none, layer.steps.length ? step : shades[0]];
  }

  function legend(id) {
    const layer = figures.layers[id];
    const shades = palette(layer);
    const limits = [layer.from, ...layer.steps];
    const legendBox = document.getElementById("legend");
    const illustrative = cells.features.some((feature) => feature.properties.illustrative);
    legendBox.replaceChildren();
    const title = document.createElement("div");
    title.textContent = `${layer.title}（${layer.unit}）` + (illustrative ? ` · ${figures.illustrative}` : "");
    const steps = document.createElement("div");
    steps.className = "shades";
    shades.forEach((shade, i) => {
      const span = document.createElement("span");
      const colour = document.createElement("i");
      colour.style.background = shade;
      span.append(colour, `${i ? "≥ " : ""}${limits[i].toFixed(layer.digits)}`);
      steps.append(span);
    });
    const note = document.createElement("div");
    note.className = "table-note";
    note.textContent = layer.note;
    legendBox.append(title, steps, note);
  }

  function show(id) {
    map.setPaintProperty("cells", "fill-color", fill(id));
    legend(id);
    for (const button of document.querySelectorAll("[data-layer]")) {
      button.setAttribute("aria-pressed", String(button.dataset.layer === id));
    }
    const address = new URL(location.href);
    address.searchParams.set("layer", id);
    history.replaceState(null, "", address);
  }

  function tip(row) {
    const lines = Object.entries(figures.layers).map(([id, layer]) => {
      const value = row[id] === null || row[id] === undefined ? "–" : row[`${id}_text`] || row[id].toFixed(layer.digits);
      return `${layer.title} ${value} ${layer.unit}`;
    });
    const node = document.createElement("div");
    node.className = "map-tip";
    const name = document.createElement("b");
    name.textContent = row.name;
    node.append(name);
    for (const text of lines) {
      const div = document.createElement("div");
      div.textContent = text;
      node.append(div);
    }
    return node;
  }

  const first = new URL(location.href).searchParams.get("layer");
  const start = figures.layers[first] ? first : Object.keys(figures.layers)[0];
  const map = new maplibregl.Map({
    container: box,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    preserveDrawingBuffer: true,
    bounds: bounds(cells),
    fitBoundsOptions: { padding: { top: 56, bottom: 96, left: 24, right: 24 } },
    style: {
      version: 8,
      sources: {
        cells: { type: "geojson", data: cells, promoteId: "code" },
        outline: { type: "geojson", data: read("map-outline") },
      },
      layers: [
        { id: "ground", type: "background", paint: { "background-color": token("surface") } },
        { id: "cells", type: "fill", source: "cells", paint: { "fill-color": fill(start), "fill-opacity": 0.92 } },
        {
          id: "edges",
          type: "line",
          source: "cells",
          paint: {
            "line-color": ["case", ["boolean", ["feature-state", "over"], false], token("ink"), token("surface")],
            "line-width": ["case", ["boolean", ["feature-state", "over"], false], 3, 1],
          },
        },
        { id: "outline", type: "line", source: "outline", paint: { "line-color": token("link"), "line-width": 1.2 } },
      ],
    },
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(
    new maplibregl.AttributionControl({ compact: false, customAttribution: figures.source }),
    "bottom-right",
  );

  const popup = new maplibregl.Popup({ closeButton: false, closeOnClick: false, maxWidth: "320px" });
  let over = null;
  function hover(code) {
    if (over === code) return;
    if (over) map.setFeatureState({ source: "cells", id: over }, { over: false });
    over = code;
    if (over) map.setFeatureState({ source: "cells", id: over }, { over: true });
    for (const row of document.querySelectorAll("tr[data-code]")) row.classList.toggle("on", row.dataset.code === over);
  }
  map.on("mousemove", "cells", (event) => {
    const code = event.features[0].properties.code;
    map.getCanvas().style.cursor = figures.rows[code] ? "pointer" : "";
    hover(code);
    if (figures.rows[code]) popup.setLngLat(event.lngLat).setDOMContent(tip(figures.rows[code])).addTo(map);
  });
  map.on("mouseleave", "cells", () => {
    hover(null);
    popup.remove();
  });
  map.on("click", "cells", (event) => open(event.features[0].properties.code));

  function open(code) {
    const row = figures.rows[code];
    if (!row) return;
    const address = new URL(row.href, location.href);
    const layer = new URL(location.href).searchParams.get("layer");
    if (layer && row.drill) address.searchParams.set("layer", layer);
    location.href = address;
  }

  // names as HTML: the widest part of a cell is near enough its middle, and only where there is room
  function middle(geometry) {
    const rings = geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.coordinates.map((part) => part[0]);
    const longest = rings.reduce((best, ring) => (ring.length > best.length ? ring : best));
    let area = 0;
    let x = 0;
    let y = 0;
    for (let i = 0; i < longest.length - 1; i += 1) {
      const cross = longest[i][0] * longest[i + 1][1] - longest[i + 1][0] * longest[i][1];
      area += cross;
      x += (longest[i][0] + longest[i + 1][0]) * cross;
      y += (longest[i][1] + longest[i + 1][1]) * cross;
    }
    return area ? [x / (3 * area), y / (3 * area)] : longest[0];
  }

  const markers = [];
  function names() {
    const taken = [];
    for (const marker of markers) {
      const at = map.project(marker.getLngLat());
      const node = marker.getElement();
      const half = node.textContent.length * 6.5;
      const here = [at.x - half, at.y - 9, at.x + half, at.y + 9];
      const clash = taken.some((other) => here[0] < other[2] && here[2] > other[0] && here[1] < other[3] && here[3] > other[1]);
      node.style.visibility = clash ? "hidden" : "visible";
      if (!clash) taken.push(here);
    }
  }
  const outline = read("map-outline");
  const named = cells.features.length > 150 && outline.features.length ? outline.features : cells.features;
  for (const feature of named) {
    const node = document.createElement("div");
    node.className = "map-name";
    node.textContent = feature.properties.name;
    markers.push(new maplibregl.Marker({ element: node }).setLngLat(middle(feature.geometry)));
  }
  map.on("moveend", names);

  map.on("load", () => {
    show(start);
    for (const marker of markers) {
      marker.addTo(map);
      const node = marker.getElement(); // the list beside the map has the same names as links
      node.removeAttribute("role");
      node.removeAttribute("aria-label");
      node.setAttribute("aria-hidden", "true");
    }
    names();
    map.once("render", () => {
      box.dataset.drawn = "yes";
    });
  });
  for (const button of document.querySelectorAll("[data-layer]")) {
    button.addEventListener("click", () => show(button.dataset.layer));
  }
  for (const row of document.querySelectorAll("tr[data-code]")) {
    row.addEventListener("mouseenter", () => hover(row.dataset.code));
    row.addEventListener("mouseleave", () => hover(null));
  }
})();
