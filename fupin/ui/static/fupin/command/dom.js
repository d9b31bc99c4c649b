// Elements without a framework: h("a", {href, class, "data-count": 3, onclick}, child, "text").
const sprite = document.getElementById("command-words")?.dataset.icons || "";

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export function icon(name) {
  const outside = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(outside, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(outside, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

// The words of the page stand in the template, where gettext finds them: <div id="command-words" data-no-data="无数据">.
export const words = document.getElementById("command-words")?.dataset || {};

// "共 {n} 户" with {n: "12"}
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
