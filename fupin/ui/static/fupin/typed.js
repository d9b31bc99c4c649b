// What was typed into a form whose session had ended is put back after signing in. It stays in this tab, for an hour at
// most, for the same account only; passwords and files are never kept.
(() => {
  "use strict";
  const KEY = "fupin-typed";
  const HOUR = 3600000;
  const NEVER = ["password", "file", "hidden", "submit", "button", "image", "reset"];
  const body = document.body;

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY));
    } catch {
      return null;
    }
  }
  function keep(entry) {
    try {
      entry ? sessionStorage.setItem(KEY, JSON.stringify(entry)) : sessionStorage.removeItem(KEY);
    } catch {
      /* without a store nothing is kept */
    }
  }
  const isPost = (form) => (form.getAttribute("method") || "").toLowerCase() === "post" || form.hasAttribute("hx-post");
  function target(form) {
    const action = form.getAttribute("action") || form.getAttribute("hx-post") || location.href;
    return new URL(action, location.href).pathname;
  }
  const alike = (path) => [...document.forms].filter((form) => isPost(form) && target(form) === path);
  // data-kept: a hidden field that says what had been read; data-forgotten: a number that is kept nowhere
  const isKept = (one) => (one.hasAttribute("data-kept") || !NEVER.includes(one.type)) && !one.hasAttribute("data-forgotten");
  const typedIn = (form) => [...form.elements].filter((one) => one.name && isKept(one));
  const isChoice = (one) => one.type === "checkbox" || one.type === "radio";

  function valueOf(one) {
    if (isChoice(one)) return one.checked;
    return one.type === "select-multiple" ? [...one.selectedOptions].map((option) => option.value) : one.value;
  }

  document.addEventListener(
    "submit",
    ({ target: form }) => {
      if (form.hasAttribute("data-forget")) keep(null);
      if (!isPost(form) || body.hasAttribute("data-door") || form.hasAttribute("data-forget")) return;
      const fields = typedIn(form).map((one) => [one.name, isChoice(one) ? one.value : null, valueOf(one)]);
      if (fields.length === 0) return;
      const path = target(form);
      keep({ user: body.dataset.user, at: Date.now(), path, index: alike(path).indexOf(form), fields });
    },
    true,
  );

  function putBack(form, fields) {
    for (const one of typedIn(form)) {
      const found = fields.find(([name, choice]) => name === one.name && (!isChoice(one) || choice === one.value));
      if (!found) continue;
      if (isChoice(one)) one.checked = found[2];
      else if (one.type === "select-multiple") for (const o of one.options) o.selected = found[2].includes(o.value);
      else one.value = found[2];
    }
    const words = document.createElement("div");
    words.className = "alert alert-info";
    words.setAttribute("role", "status");
    words.dataset.putBack = "";
    words.textContent = body.dataset.restored + (form.querySelector("input[type=file]") ? body.dataset.filesAgain : "");
    form.before(words);
    words.scrollIntoView({ block: "nearest" });
  }

  const entry = kept();
  if (!entry) return;
  if (body.hasAttribute("data-door")) {
    keep({ ...entry, stopped: true });
    return;
  }
  if (!entry.stopped || entry.user !== body.dataset.user || Date.now() - entry.at > HOUR) {
    keep(null);
    return;
  }
  const form = alike(entry.path)[entry.index];
  if (!form) return; // the form stands on another page, which is still to be opened
  keep(null);
  putBack(form, entry.fields);
})();
