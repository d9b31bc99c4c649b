// Before the first paint: light or dark, as the reader chose or as the system says.
(() => {
  const root = document.documentElement;
  const fixed = root.dataset.fixedTheme;
  let chosen = null;
  try {
    chosen = localStorage.getItem("fupin-theme");
  } catch {
    /* storage may be closed: the system's choice stands */
  }
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.bsTheme = fixed || chosen || system;
})();
