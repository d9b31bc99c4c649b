// The bar over the map and what floats on it: layers, level of the cells, switches, tip, tree drawer, picture, printing.
import { fill, h, words } from "./dom.js";
import { compose, download } from "./poster.js";

const at = (id) => document.getElementById(id);

// act: {change(state part) with other data, repaint(state part) without, tree(purpose), view()}
export function createTools(act) {
  const drawer = at("tree-panel");
  const tipBox = at("tip");
  let filled = false;
  let opener = null;

  function layerButtons(state, picture, layer) {
    const button = (one) =>
      h("button", { type: "button", "data-layer": one.id, "aria-pressed": String(one === layer), onclick: () => act.repaint({ layer: one.id }) }, one.title);
    at("layers").replaceChildren(...(picture.layers || []).map(button));
  }

  function levelButtons(state, picture) {
    const levels = picture.levels || [];
    const button = ({ level, name }) =>
      h(
        "button",
        { type: "button", "data-detail": level, "aria-pressed": String(level === picture.level), onclick: () => act.change({ detail: String(level), heat: false }) },
        fill(words.by, { name }),
      );
    at("details").replaceChildren(...(levels.length > 1 ? levels.map(button) : []));
  }

  // heat needs small parts to be worth looking at: villages, where there are any below
  function toggleHeat() {
    const { picture } = act.view();
    const deepest = Math.max(0, ...(picture.levels || []).map(({ level }) => level));
    const heat = at("heat").getAttribute("aria-pressed") !== "true";
    if (heat && deepest > picture.level) act.change({ heat, detail: String(deepest) });
    else act.repaint({ heat });
  }

  async function savePicture() {
    const view = act.view();
    const canvas = compose({
      picture: view.picture,
      layer: view.layer,
      image: view.map.image(),
      source: words.source,
      generated: !at("generated").hidden,
    });
    const day = view.picture.run?.as_of || "";
    await download(canvas, [view.picture.region.name, view.layer?.title, day].filter(Boolean).join("_") + ".png");
  }

  // printing wants light paper; the map must have been drawn light before the printer looks
  async function print() {
    await act.repaint({ light: true });
    window.print();
  }

  function closeTree() {
    drawer.hidden = true;
    opener?.focus();
    opener = null;
  }

  at("heat").addEventListener("click", toggleHeat);
  at("points").addEventListener("click", () => act.repaint({ points: at("points").getAttribute("aria-pressed") !== "true" }));
  at("light").addEventListener("click", () => act.repaint({ light: at("light").getAttribute("aria-pressed") !== "true" }));
  at("tree-open").addEventListener("click", () => (drawer.hidden ? act.tree("go") : closeTree()));
  at("compare-open").addEventListener("click", () => act.tree("with"));
  at("tree-close").addEventListener("click", closeTree);
  at("save-picture").addEventListener("click", savePicture);
  at("print").addEventListener("click", print);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !drawer.hidden) closeTree();
  });

  return {
    closeTree,
    // purpose: "go" | "with" | "region"; true when the drawer has no tree yet
    async openTree(purpose) {
      opener = document.activeElement;
      drawer.dataset.purpose = purpose;
      at("tree-title").textContent = purpose === "go" ? words.tree : words.chooseOther;
      drawer.hidden = false;
      const first = !filled;
      filled = true;
      return first;
    },
    show(state, picture, layer) {
      layerButtons(state, picture, layer);
      levelButtons(state, picture);
      const homes = (picture.region.level ?? 0) >= 4;
      at("points").hidden = !homes;
      at("points").setAttribute("aria-pressed", String(state.points));
      at("heat").hidden = !picture.run;
      at("heat").setAttribute("aria-pressed", String(state.heat));
      at("light").setAttribute("aria-pressed", String(state.light));
      at("compare-open").hidden = !picture.run;
    },
    tip(content, point) {
      tipBox.hidden = !content || !point;
      if (tipBox.hidden) return;
      tipBox.replaceChildren(...content.filter(Boolean));
      const [wide, high] = [tipBox.parentElement.clientWidth, tipBox.parentElement.clientHeight];
      const x = point.x + 16 + tipBox.offsetWidth > wide ? point.x - tipBox.offsetWidth - 12 : point.x + 16;
      const y = Math.min(point.y + 12, high - tipBox.offsetHeight - 8);
      tipBox.style.transform = `translate(${Math.max(4, x)}px, ${Math.max(4, y)}px)`;
    },
  };
}
