// The market page in the browser: the map's land, the calendar's arrow keys, the time that holds have left.
"use strict";

window.thirdshiftMarket = (() => {
  let land = null;

  // ECharts draws a map only once it knows its shapes; both are asked for once.
  function known(address) {
    land ??= Promise.all([import("nicegui-echart"), fetch(address).then((answer) => answer.json())])
      .then(([{ echarts }, shapes]) => echarts.registerMap("land", shapes));
    return land;
  }

  async function map(id, address, options) {
    await known(address);
    thirdshiftCharts.show(id, options);
  }

  function seen(id) {
    // The list is drawn anew by the same message that brings this call.
    setTimeout(() => document.getElementById(id)?.scrollIntoView({ block: "nearest", behavior: "smooth" }), 60);
  }

  // What is no longer free is told in its place: nothing is drawn anew, so the focus stays where it is. A row is told as
  // [its id, the result that its buttons take now, whether all of it is gone, what is said of it].
  function moved(rows) {
    for (const [id, item, gone, said] of rows) {
      const row = document.getElementById(`result-${id}`);
      if (!row) continue;
      row.classList.toggle("gone", gone);
      row.querySelector(".alike").textContent = said;
      for (const button of row.querySelectorAll("[data-do]:not([data-do=only])")) {
        button.ariaDisabled = item === null ? "true" : null;
        if (item !== null) button.dataset.item = item;
      }
    }
  }

  // Whoever holds hours goes on with them.
  function holds(id) {
    setTimeout(() => {
      const place = [...document.querySelectorAll(".holds li")].find((each) => each.querySelector(`[data-hold="${CSS.escape(id)}"]`));
      place?.scrollIntoView({ block: "nearest" });
      place?.querySelector("[data-do=book]")?.focus({ preventScroll: true });
    }, 60);
  }

  // One slot of the calendar can be reached by Tab, the others by the arrow keys.
  const table = () => document.querySelector("table.slots");

  let focused = null;

  function calendar() {
    setTimeout(() => {
      const slots = [...(table()?.querySelectorAll(".slot") ?? [])];
      const lost = focused && document.activeElement === document.body;
      const same = lost && slots.find((slot) => slot.getAttribute("aria-label").split(": ")[0] === focused);
      const first = same || (slots.find((slot) => slot.getAttribute("aria-pressed") === "true") ?? slots[0]);
      if (first) first.tabIndex = 0;
      if (same) same.focus({ preventScroll: true });
    }, 60);
  }

  // The slots are drawn anew when somebody books: the one that had the focus has it again.
  document.addEventListener("focusin", (event) => {
    focused = event.target.closest?.(".slot")?.getAttribute("aria-label").split(": ")[0] ?? null;
  });

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function walk(event) {
    const step = STEPS[event.key], from = event.target.closest(".slot");
    if (!step || !from) return;
    event.preventDefault();
    const rows = [...table().querySelectorAll("tbody tr")];
    let y = rows.indexOf(from.closest("tr")), x = [...rows[y].cells].indexOf(from.closest("td"));
    for (;;) {
      x += step[0];
      y += step[1];
      const cell = rows[y]?.cells[x];
      if (!cell) return;
      const next = cell.querySelector(".slot");
      if (next) {
        from.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
        return;
      }
    }
  }

  // data-left is told in real seconds whenever the list is drawn; it goes on by itself.
  const ends = new WeakMap();

  function count() {
    const now = performance.now();
    for (const place of document.querySelectorAll(".countdown")) {
      const told = place.dataset.left;
      if (ends.get(place)?.told !== told) ends.set(place, { told, at: now + Number(told) * 1000 });
      const left = Math.max(0, Math.ceil((ends.get(place).at - now) / 1000));
      const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (place.textContent !== text) place.textContent = text;
      place.classList.toggle("soon", left < 60);
    }
  }

  setInterval(count, 250);

  return { map, seen, moved, holds, calendar, walk };
})();

window.thirdshiftForms = (() => {
  function fill(id, values, tries = 50) {
    const form = document.getElementById(id);
    if (!form) {
      if (tries) setTimeout(() => fill(id, values, tries - 1), 40);
      return;
    }
    for (const [name, value] of Object.entries(values)) {
      const field = form.elements[name];
      if (field) field.value = value;
    }
  }

  return { fill };
})();
