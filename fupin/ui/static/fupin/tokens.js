// The tokens of fupin.css, read when asked: the theme may change while the page stands.
const css = getComputedStyle(document.documentElement);

export const token = (name) => css.getPropertyValue(`--${name}`).trim();
export const tokens = (name) => token(name).split(",").map((part) => part.trim());
export const fontFamily = () => css.getPropertyValue("--tblr-font-sans-serif");
export const count = (value) => Number(value).toLocaleString("en-US");

// Type grows with the root's font size (the command map scales with the screen); never under 12 px.
export const size = (px) => Math.max(12, Math.round((px * parseFloat(css.fontSize)) / 16));
