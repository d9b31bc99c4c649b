// Small manners of every page: theme switch, filters that send themselves, `/` to search, `g` to go, arrows in tables,
// skeletons for slow parts, drop zones.
(() => {
  "use strict";
  const root = document.documentElement;

  function switchTheme() {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("fupin-theme", next);
    } catch {
      /* the choice then lasts for this page only */
    }
    location.reload();
  }

  // An ID or phone number must not stand in an address: it goes by POST.
  function isNumber(text) {
    return /^(\d{15}|\d{17}[\dxX]|(86)?1[3-9]\d{9})$/.test(text.normalize("NFKC").replace(/[^\dXx]/g, ""));
  }

  function sendFilters(form) {
    const find = document.getElementById("find");
    const search = form.querySelector("input[type=search]");
    if (find && search && isNumber(search.value)) {
      find.elements.number.value = search.value;
      find.submit();
      return;
    }
    for (const field of form.elements) {
      if (field.name && field.value === "") field.disabled = true; // a short URL says only what is asked
    }
    form.submit();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) switchTheme();
    if (event.target.closest("[data-back]")) history.back();
    if (event.target.closest("[data-print]")) print();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const full = event.target.closest("[data-full-screen]");
    if (full) document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen();
  });

  document.addEventListener("submit", (event) => {
    if (event.target.matches("form.filters")) {
      event.preventDefault();
      sendFilters(event.target);
    }
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form.filters");
    if (form && event.target.matches("select")) sendFilters(form);
    if (event.target.matches(".drop input[type=file]")) showFile(event.target);
  });

  // `g`: the rooms with a digit each; the dialog stands in the base page.
  const go = document.getElementById("go");
  function openGo() {
    if (!go || go.open || !go.querySelector("a")) return;
    go.showModal();
    go.querySelector("a").focus();
  }
  go?.addEventListener("keydown", (event) => {
    const links = [...go.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (/^[1-9]$/.test(event.key)) links[Number(event.key) - 1]?.click();
    if (step) {
      event.preventDefault();
      links[(links.indexOf(document.activeElement) + step + links.length) % links.length].focus();
    }
  });
  go?.addEventListener("click", (event) => {
    if (event.target === go) go.close();
  });

  // A part of the page that takes longer than 300 ms shows where it will stand; one that fails says so.
  const SLOW = 300;
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.closest("[data-busy]")) return; // asks again every second and keeps what it shows
    const target = detail.target;
    detail.elt.fupinWait = setTimeout(() => {
      if (!target.firstElementChild) target.innerHTML = '<div class="p-3"><div class="skeleton-block"></div></div>';
    }, SLOW);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    clearTimeout(detail.elt.fupinWait);
    if (detail.elt.hasAttribute("aria-expanded")) detail.elt.setAttribute("aria-expanded", "true");
  });
  function sayFailed({ detail }) {
    if (detail.elt.closest("[data-busy]")) return;
    const words = document.createElement("p");
    words.className = "p-3 mb-0 text-danger";
    words.setAttribute("role", "alert");
    words.textContent = document.body.dataset.failed;
    detail.target.replaceChildren(words);
  }
  document.addEventListener("htmx:responseError", sayFailed);
  document.addEventListener("htmx:sendError", sayFailed);
  // A button whose part is open closes it instead of asking again.
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, target } = event.detail;
    if (elt.getAttribute("aria-expanded") !== "true") return;
    event.preventDefault();
    target.replaceChildren();
    elt.setAttribute("aria-expanded", "false");
  });

  function rowsAround(row) {
    return [...row.closest("tbody").querySelectorAll("tr[data-href]")];
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing) {
      const field = document.querySelector("input[type=search]");
      if (field) {
        event.preventDefault();
        field.focus();
      }
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "g" && plain && !typing) openGo();
    if (go?.open) return;
    const row = event.target.closest("tr[data-href]") || (typing ? null : document.querySelector("tr[data-href]"));
    if (!row || typing) return;
    const rows = rowsAround(row);
    const at = event.target.closest("tr[data-href]") ? rows.indexOf(row) : -1;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && (at >= 0 || step > 0)) {
      event.preventDefault();
      rows[Math.max(0, Math.min(rows.length - 1, at + step))].focus();
    }
    if (event.key === "Enter" && event.target === row) location.href = row.dataset.href;
  });

  function showFile(input) {
    const label = input.closest(".drop").querySelector("[data-file-name]");
    label.textContent = [...input.files].map((file) => file.name).join("，");
    input.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
  }
  // Which data set is it? The beginning of a text file tells; a workbook must be whole, so a large one waits.
  const ENOUGH = 262144;
  const WHOLE = 4194304;
  async function guess(input) {
    const form = input.closest("form[data-guess]");
    const [file] = input.files;
    if (!form || !file) return;
    const place = form.querySelector("[data-guessed]");
    place.replaceChildren();
    const text = /\.(csv|txt)$/i.test(file.name);
    if (!text && file.size > WHOLE) return;
    const body = new FormData();
    const lines = text && file.size > ENOUGH ? await wholeLines(file.slice(0, ENOUGH)) : file;
    body.append("head", lines, file.name);
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const answer = await fetch(form.getAttribute("data-guess"), { method: "POST", body });
    if (!answer.ok || input.files[0] !== file) return;
    place.innerHTML = await answer.text();
    const found = place.querySelector("[data-dataset]");
    if (found) form.elements.dataset.value = found.dataset.dataset;
  }
  async function wholeLines(head) {
    const bytes = new Uint8Array(await head.arrayBuffer());
    return new Blob([bytes.slice(0, bytes.lastIndexOf(10) + 1)]);
  }
  document.addEventListener("chosen", (event) => guess(event.target));

  for (const zone of document.querySelectorAll(".drop")) {
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      const input = zone.querySelector("input[type=file]");
      input.files = event.dataTransfer.files;
      showFile(input);
    });
  }
})();
