// What the server says, asked once: pictures, cells, homes and tree by address. Promises are kept, so that hovering over
// a region fetches what a click will need, and a click that comes sooner waits for the same answer.
import { isNation } from "./state.js";

const TOWN_DIGITS = 9; // of a region code: from the town down the homes are points
const KEPT = 120; // pictures and cells of some dozen regions; a whole city of villages is 1 MB

export class Failure extends Error {
  // kind: "offline" | "absent" | "signed-out" | "server"
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

async function ask(address) {
  let answer;
  try {
    answer = await fetch(address, { headers: { Accept: "application/json" } });
  } catch {
    throw new Failure("offline");
  }
  if (answer.status === 404 || answer.status === 403) throw new Failure("absent");
  if (!answer.ok) throw new Failure("server");
  // the session ended: the sign-in page came instead
  if (answer.redirected || !/json/.test(answer.headers.get("Content-Type") || "")) throw new Failure("signed-out");
  return answer.json();
}

const query = (asked) => {
  const text = new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
  return text ? `?${text}` : "";
};

export function createStore(urls, first) {
  const kept = new Map();

  function get(address) {
    if (kept.has(address)) return kept.get(address);
    const answer = ask(address);
    answer.catch(() => kept.delete(address)); // what failed is asked again
    kept.set(address, answer);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return answer;
  }

  const pictureAddress = ({ region, detail, run }) =>
    isNation(region) ? urls.nation + query({ region, detail }) : urls.picture + query({ region, detail, run });

  const picture = (state) => get(pictureAddress(state));
  const cells = async (found) => {
    const [own, outline] = await Promise.all([
      found.cells ? get(found.cells.url) : null,
      found.outline ? get(found.outline.url) : null,
    ]);
    return { own, outline };
  };

  // what the page brought along needs no question
  if (first) kept.set(pictureAddress(first.state), Promise.resolve(first.picture));

  // borders are asked for beside the picture too: their address follows from the region's code, if the guess is right
  const PARTS = { 4: 3, 6: 4, 9: 5, 12: 5 }; // digits of a region → level of its parts
  const likelyCells = ({ region, detail }) =>
    get(urls.cells.replace("{code}", region).replace("{level}", detail || PARTS[region.length])).catch(() => null);

  const homes = (region, run) => get(urls.homes + query({ region, run }));

  return {
    // homes are asked for beside the picture: from the length of the code we know that there are some
    picture(state) {
      if (urls.cells && PARTS[state.region.length] && !kept.has(pictureAddress(state))) likelyCells(state);
      if (state.region.length >= TOWN_DIGITS) homes(state.region, state.run);
      return picture(state);
    },
    cells,
    homes,
    tree: (region) => get(urls.tree + query({ region })),
    async warm(state) {
      try {
        if (state.region.length >= TOWN_DIGITS) homes(state.region, state.run);
        await cells(await picture(state));
      } catch {
        /* only a guess: the click will say what is wrong */
      }
    },
  };
}
