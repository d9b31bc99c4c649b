// Plain geometry of GeoJSON: where to write a region's name.
const middles = new WeakMap(); // cells are kept by the store: each collection is measured once

function centre(ring) {
  let area = 0;
  let x = 0;
  let y = 0;
  for (let i = 0; i < ring.length - 1; i += 1) {
    const cross = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    area += cross;
    x += (ring[i][0] + ring[i + 1][0]) * cross;
    y += (ring[i][1] + ring[i + 1][1]) * cross;
  }
  return area ? [x / (3 * area), y / (3 * area), Math.abs(area)] : [...ring[0], 0];
}

// Centre and size of the largest part: islands and exclaves do not pull the name into the sea.
export function middle(geometry) {
  const rings = geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.coordinates.map((part) => part[0]);
  return rings.map(centre).reduce((best, one) => (one[2] > best[2] ? one : best));
}

// [{code, name, at, wide: about so many degrees}] of a FeatureCollection, the largest first
export function namesOf(collection) {
  if (!middles.has(collection)) {
    middles.set(
      collection,
      collection.features
        .filter(({ geometry, properties }) => properties.name && /Polygon$/.test(geometry?.type))
        .map(({ properties, geometry }) => ({ code: properties.code, name: properties.name, middle: middle(geometry) }))
        .sort((a, b) => b.middle[2] - a.middle[2])
        .map(({ code, name, middle: [x, y, area] }) => ({ code, name, at: [x, y], wide: Math.sqrt(area / 2) })),
    );
  }
  return middles.get(collection);
}
