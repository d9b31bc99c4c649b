// Cards that share a place on small screens, as tabs; where there is room the style sheet shows them all and hides the
// tabs. A card without data leaves its tab with it.
export function createDecks(root) {
  const decks = [...root.querySelectorAll(".deck")].map((deck) => ({
    tabs: [...deck.querySelectorAll(":scope > [role=tablist] > [role=tab]")],
    panel: (tab) => document.getElementById(tab.getAttribute("aria-controls")),
    list: deck.querySelector(":scope > [role=tablist]"),
    deck,
  }));

  function choose({ tabs, panel }, chosen) {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      panel(tab).classList.toggle("off", !on);
    }
  }

  function sync() {
    for (const one of decks) {
      for (const tab of one.tabs) tab.hidden = one.panel(tab).hidden;
      const left = one.tabs.filter((tab) => !tab.hidden);
      one.deck.hidden = !left.length;
      const chosen = left.find((tab) => tab.getAttribute("aria-selected") === "true");
      if (left.length && !chosen) choose(one, left[0]);
    }
  }

  for (const one of decks) {
    one.list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) choose(one, tab);
    });
    one.list.addEventListener("keydown", (event) => {
      const left = one.tabs.filter((tab) => !tab.hidden);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = left[(left.indexOf(event.target) + step + left.length) % left.length];
      choose(one, next);
      next.focus();
    });
  }
  return { sync };
}
