// MapLibre paints a frame whenever a source or a tile changes. Without a graphics card each of them costs a tenth of a
// second, and the first ones of a drill show the old region at the new place. While the curtain is down nothing is
// painted, so the last picture stays, until the map is whole; then the next frame shows all of it. It never stays down
// longer than PATIENCE.
const PATIENCE = 2000; // ms

export function createCurtain(map) {
  const { painter } = map;
  const paint = painter.render;
  let until = 0;
  let risen = null; // resolves in the frame that is painted whole

  painter.render = function render(...given) {
    if (performance.now() < until && !map.loaded()) return undefined;
    const rising = until > 0;
    until = 0;
    const painted = paint.apply(this, given);
    if (rising) risen.resolve();
    return painted;
  };
  // tiles are asked for while a frame is made: not to wait for the screen's next one
  map.on("sourcedata", (event) => until && event.sourceDataType === "content" && map.redraw());

  return {
    // → promise of the frame that is painted whole
    fall() {
      until = performance.now() + PATIENCE;
      setTimeout(() => map.triggerRepaint(), PATIENCE); // for the case that nothing else asks for a frame
      if (!risen?.waits) {
        risen = { waits: true };
        risen.whole = new Promise((resolve) => {
          risen.resolve = () => {
            risen.waits = false;
            resolve();
          };
        });
      }
      return risen.whole;
    },
    isDown: () => until > 0,
    rise() {
      if (!until) return;
      until = 1; // long ago: the next frame is painted as it is
      map.redraw();
    },
  };
}
