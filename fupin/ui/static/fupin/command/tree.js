// The region tree: the same everywhere. Arrow keys walk and unfold (the pattern of the ARIA practices), Enter chooses.
import { h, icon, words } from "./dom.js";

// ask(code) → promise of [{code, name, leaf}]; choose(code, name)
export function createTree(box, ask, choose, hover) {
  const root = h("ul", { role: "tree", "aria-label": words.tree });
  box.replaceChildren(root);

  const label = (node) => node.firstElementChild;
  const visible = () => [...root.querySelectorAll("[role=treeitem]")].filter((one) => !one.parentElement.closest("[aria-expanded=false]"));

  function focus(node) {
    if (!node) return;
    for (const one of root.querySelectorAll("[tabindex='0']")) one.tabIndex = -1;
    node.tabIndex = 0;
    node.focus();
  }

  async function unfold(node, open = true) {
    if (!node.hasAttribute("aria-expanded")) return;
    node.setAttribute("aria-expanded", String(open));
    const group = node.querySelector(":scope > [role=group]");
    if (!open || group.dataset.filled) return;
    group.dataset.filled = "yes";
    group.replaceChildren(h("li", { role: "none", class: "skeleton-line" }));
    try {
      const parts = await ask(node.dataset.code);
      group.replaceChildren(...parts.map(item));
    } catch {
      delete group.dataset.filled;
      node.setAttribute("aria-expanded", "false");
      group.replaceChildren();
      label(node).append(h("small", { class: "tree-failed" }, words.serverFailed));
    }
  }

  function item({ code, name, leaf }) {
    const row = h("span", { class: "tree-row" }, leaf ? h("i", { class: "tree-twist" }) : h("i", { class: "tree-twist" }, icon("chevron-right")), h("span", { class: "tree-name" }, name));
    const node = h("li", { role: "treeitem", "data-code": code, tabindex: -1, "aria-expanded": leaf ? null : "false" }, row);
    if (!leaf) node.append(h("ul", { role: "group" }));
    row.addEventListener("click", (event) => {
      focus(node);
      if (event.target.closest(".tree-twist") && !leaf) unfold(node, node.getAttribute("aria-expanded") !== "true");
      else choose(code, name);
    });
    row.addEventListener("mouseenter", () => hover?.(code));
    return node;
  }

  root.addEventListener("keydown", (event) => {
    const node = event.target.closest("[role=treeitem]");
    if (!node) return;
    const all = visible();
    const at = all.indexOf(node);
    const open = node.getAttribute("aria-expanded") === "true";
    const moves = {
      ArrowDown: () => focus(all[at + 1]),
      ArrowUp: () => focus(all[at - 1]),
      Home: () => focus(all[0]),
      End: () => focus(all.at(-1)),
      ArrowRight: () => (open ? focus(node.querySelector("[role=treeitem]")) : unfold(node)),
      ArrowLeft: () => (open ? unfold(node, false) : focus(node.parentElement.closest("[role=treeitem]"))),
      Enter: () => choose(node.dataset.code, label(node).textContent),
      " ": () => choose(node.dataset.code, label(node).textContent),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  });

  return {
    async fill(tops) {
      root.replaceChildren(...tops.map(item));
      const first = root.querySelector("[role=treeitem]");
      if (first) first.tabIndex = 0;
      if (tops.length === 1) await unfold(first);
    },
    // unfold the path to a region and the region itself, and mark it
    async show(path) {
      for (const code of path) {
        const node = root.querySelector(`[data-code="${CSS.escape(code)}"]`);
        if (node) await unfold(node);
      }
      for (const one of root.querySelectorAll("[aria-selected=true]")) one.removeAttribute("aria-selected");
      const here = root.querySelector(`[data-code="${CSS.escape(path.at(-1))}"]`);
      here?.setAttribute("aria-selected", "true");
      here?.scrollIntoView({ block: "nearest" });
    },
    focus: () => focus(root.querySelector("[aria-selected=true]") || root.querySelector("[role=treeitem]")),
  };
}
