// The whole state of the page is its address, so that Back, a bookmark and a link sent to somebody all show the same.
const PLAIN = ["region", "detail", "layer", "with", "run"];
const SWITCHES = { heat: false, points: true, light: false }; // name → what no word in the address means

export function readState(search) {
  const asked = new URLSearchParams(search);
  const state = Object.fromEntries(PLAIN.map((name) => [name, asked.get(name) || ""]));
  for (const [name, usual] of Object.entries(SWITCHES)) {
    state[name] = asked.has(name) ? asked.get(name) !== "0" : usual;
  }
  return state;
}

export function addressOf(state) {
  const asked = new URLSearchParams();
  for (const name of PLAIN) if (state[name]) asked.set(name, state[name]);
  for (const [name, usual] of Object.entries(SWITCHES)) {
    if (state[name] !== usual) asked.set(name, state[name] ? "1" : "0");
  }
  const text = asked.toString();
  return location.pathname + (text ? `?${text}` : "");
}

// Into another region: layer and switches stay, what belonged to the old one goes.
export const into = (state, region) => ({ ...state, region, detail: "", with: "", heat: false });

export const isNation = (code) => code === "cn" || code.length === 2;
