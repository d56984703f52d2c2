// What is said of a machine at a glance and of an alarm: words with their values, times, ratios, and how key figures come about.
"use strict";

window.thirdshiftPlantTold = (() => {
  const RATIOS = ["availability", "effectiveness", "quality_ratio", "oee"];
  const TIMES = { apt: "executing", aust: "committed", adet: "out-of-service", adot: "available", planned_down: "booking", off: "not-available" };

  let said = null, now = null;

  // The page's words and settings, and what tells business time.
  function begin(settings, clock) {
    said = settings;
    now = clock;
  }

  const words = (key, values = {}) => (said.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  function make(tag, classes, text, more = {}) {
    const made = document.createElement(tag);
    if (classes) made.className = classes;
    if (text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(more)) made.setAttribute(name, value);
    return made;
  }

  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  // ---- time in words

  function length(seconds) {
    const s = Math.max(0, Math.floor(seconds)), minutes = Math.floor(s / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    const part = (number, unit) => `${number} ${words(unit)}`;
    if (s < 60) return part(s, "s");
    if (!hours) return part(minutes, "min");
    if (!days) return `${part(hours, "h")} ${part(String(minutes % 60).padStart(2, "0"), "min")}`;
    return `${part(days, "d")} ${part(hours % 24, "h")}`;
  }

  const formats = {};
  function moment(at) {
    const day = (time) => format("day", { year: "numeric", month: "numeric", day: "numeric" }).format(time * 1000);
    if (day(at) === day(now())) return format("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at * 1000);
    return format("long", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at * 1000);
  }
  const format = (name, how) => (formats[name] ??= new Intl.DateTimeFormat(said.language, { timeZone: said.zone, ...how }));
  const percent = (ratio) => (ratio === null || ratio === undefined ? null : `${(ratio * 100).toFixed(ratio < 0.0995 ? 1 : 0)} %`);

  // ---- how the figures come about; null where nothing is known

  function anatomy(told) {
    if (!told) return [make("p", "soft", words("nothing_known"))];
    const factors = make("div", "factors");
    for (const name of ["utilisation", ...RATIOS]) {
      const box = factors.appendChild(make("div", `factor ${name}`));
      box.appendChild(make("div", "label", words(`ratio.${name}`)));
      box.appendChild(make("div", "value", percent(told[name]) ?? words("not_measured")));
      const meter = box.appendChild(make("span", "meter", undefined, { "aria-hidden": "true" })).appendChild(make("i"));
      meter.style.width = `${Math.min(100, (told[name] ?? 0) * 100)}%`;
      box.appendChild(make("div", "soft", words(told[name] === null ? `missing.${name}` : `formula.${name}`)));
    }
    const spent = make("div", "spent", undefined, { "aria-hidden": "true" }), list = make("ul", "legend spent-list");
    for (const [name, colour] of Object.entries(TIMES)) {
      const seconds = told.times[name];
      if (!seconds) continue;
      spent.appendChild(make("i", `swatch ${colour}`)).style.flexGrow = seconds;
      const entry = list.appendChild(make("li")).appendChild(make("span"));
      entry.append(make("i", `swatch ${colour}`), `${words(`time.${name}`)} ${length(seconds)}`);
    }
    const number = (value) => (value === null ? "–" : new Intl.NumberFormat(said.language).format(value));
    const counts = words("counts", { produced: number(told.produced), good: number(told.good), run_time: number(told.run_time) });
    return [factors, spent, list, make("p", "soft", counts), make("p", "soft", words("source"))];
  }

  // ---- an alarm

  function alarmLine(alarm) {
    const line = make("li", `alarm ${alarm.kind}`);
    const values = { about: `\u2068${alarm.about}\u2069`, detail: said.reason[alarm.detail] ?? alarm.detail, until: alarm.until ? moment(alarm.until) : "–", count: alarm.machines.length };
    line.appendChild(make("span", `flag ${alarm.kind}`, words(`kind.${alarm.kind}`)));
    const where = alarm.booking ? `/bookings/${encodeURIComponent(alarm.booking)}` : alarm.kind === "agent" ? "/operations" : `/machine/${encodeURIComponent(alarm.machines[0])}`;
    line.appendChild(make("a", "", words(`alarm.${alarm.kind}`, values), { href: where }));
    const since = line.appendChild(make("span", "soft when"));
    if (alarm.since) since.dataset.since = alarm.since;
    line.appendChild(make("span", "soft", words(`do.${alarm.kind}`)));
    tellSince(since);
    return line;
  }

  const MOST_ALARMS = 8;

  // The inside of the card: the gravest, and a button for the rest; it calls `more`.
  function alarmCard(alarms, all, more) {
    const shown = all ? alarms : alarms.slice(0, MOST_ALARMS), list = make("ul", "alarm-list");
    for (const alarm of shown) list.appendChild(alarmLine(alarm));
    const inside = [make("h2", "", `${words("alarms")} · ${alarms.length}`, { id: "alarms-head" }), alarms.length ? list : make("p", "calm", words("no_alarms"))];
    if (alarms.length > shown.length) {
      const rest = make("button", "quiet", words("more", { count: alarms.length - shown.length }), { type: "button" });
      rest.addEventListener("click", more);
      inside.push(rest);
    }
    return inside;
  }

  function tellSince(element) {
    const at = Number(element.dataset.since);
    if (at) say(element, words("since_when", { moment: moment(at), length: length(now() - at) }));
  }

  return { begin, words, make, say, length, moment, percent, anatomy, alarmCard, tellSince };
})();
