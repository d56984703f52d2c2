// The table of all machines and the alarms. Rows come as codes and numbers (cloud/dashboard/plant/glance.py); words, order,
// filter and grouping are done here, so that neither a passing minute nor a filter needs the server. Text is never markup.
// static/planttold.js says what a row and an alarm say, plantband.js paints the bands.
"use strict";

window.thirdshiftGlance = (() => {
  const { CLASSES } = thirdshiftPlantBand, { words, make, say, length, moment, percent, anatomy, alarmCard, tellSince } = thirdshiftPlantTold;

  let said = null, place = null, clock = null, edges = null, parts = {}, timer = 0, order = "";
  const rows = new Map(), lines = new Map(), open = new Set();
  let alarms = [], moreAlarms = false, pending = true;
  const wanted = { find: "", state: "", site: "", alarmed: false, sort: "name", group: true, period: "day" };

  const now = () => clock.now + (performance.now() - clock.at) / 1000 * clock.speed;

  // ---- the frame: once

  function build() {
    place = document.getElementById("overview");
    parts.alarms = place.appendChild(make("section", "card alarms", undefined, { "aria-labelledby": "alarms-head" }));
    const card = place.appendChild(make("section", "card glance", undefined, { id: "machines" }));
    const top = card.appendChild(make("div", "top"));
    top.append(make("h2", "", words("head")), (parts.count = make("span", "zone", "", { role: "status" })), (parts.read = make("span", "zone")));
    top.appendChild(controls());
    parts.table = card.appendChild(make("div", "glance-table", undefined, { role: "table", "aria-label": words("head") }));
    const head = parts.table.appendChild(make("div", "glance-head", undefined, { role: "row" }));
    for (const name of ["machine", "state", "heard", "day", "week", "utilisation", "oee"]) head.appendChild(make("span", `g-${name}`, words(`column.${name}`), { role: "columnheader" }));
    parts.body = parts.table.appendChild(make("div", "glance-body", undefined, { role: "rowgroup" }));
    parts.none = card.appendChild(make("p", "nothing", words("no_match"), { hidden: "" }));
    parts.pages = thirdshiftPlantPages.pager(() => { arrange(); card.scrollIntoView({ block: "start" }); });
    card.appendChild(parts.pages.bar);
    new MutationObserver(() => lines.forEach((line) => line.seen && paint(line))).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  function controls() {
    const bar = make("div", "controls glance-controls");
    const find = bar.appendChild(make("input", "find", undefined, { type: "search", placeholder: words("find"), "aria-label": words("find") }));
    find.addEventListener("input", () => { wanted.find = find.value.trim().toLocaleLowerCase(); anew(); });
    parts.state = select(bar, "filter_state", "state", [["", words("all_states")], ...said.states.map((name) => [name, said.state[name]])]);
    parts.site = select(bar, "filter_site", "site", [["", words("all_sites")]]);
    select(bar, "sort", "sort", ["name", "state", "since", "heard", "utilisation", "oee", "alarms"].map((name) => [name, `${words("sort")} ${words(`sort.${name}`)}`]));
    const period = bar.appendChild(make("div", "choice", undefined, { role: "group", "aria-label": words("period") }));
    for (const name of ["day", "week"]) {
      const pressed = period.appendChild(make("button", "", words(name), { type: "button", "aria-pressed": wanted.period === name, "data-period": name }));
      pressed.addEventListener("click", () => {
        wanted.period = name;
        for (const each of period.children) each.setAttribute("aria-pressed", each === pressed);
        lines.forEach((line) => tellFigures(line));
        arrange();
      });
    }
    toggle(bar, "alarmed");
    parts.group = toggle(bar, "group");
    return bar;
  }

  function select(bar, label, name, options) {
    const made = bar.appendChild(make("select", "pick", undefined, { "aria-label": words(label) }));
    for (const [value, text] of options) made.appendChild(make("option", "", text, { value }));
    made.addEventListener("change", () => { wanted[name] = made.value; anew(); });
    return made;
  }

  function toggle(bar, name) {
    const made = bar.appendChild(make("button", "quiet", words(name), { type: "button", "aria-pressed": wanted[name] }));
    made.addEventListener("click", () => {
      wanted[name] = !wanted[name];
      made.setAttribute("aria-pressed", wanted[name]);
      anew();
    });
    return made;
  }

  // ---- a machine's line: made once, its texts change in place

  function lineOf(row) {
    const line = { row, box: make("div", "glance-row", undefined, { role: "row", "data-id": row.id }) };
    const cell = (name) => line.box.appendChild(make("div", `g-${name}`, undefined, { role: "cell", "data-label": words(`column.${name}`) }));
    const machine = cell("machine");
    line.name = machine.appendChild(make("a", "name", "", { href: `/machine/${encodeURIComponent(row.id)}` }));
    line.flags = machine.appendChild(make("span", "flags"));
    line.state = cell("state");
    line.state.dataset.machine = row.id;
    const now_ = line.state.appendChild(make("div", "now"));
    line.swatch = now_.appendChild(make("i", "swatch"));
    line.what = now_.appendChild(make("span"));
    line.since = line.state.appendChild(make("div", "since"));
    line.heard = cell("heard").appendChild(make("span", "heard"));
    for (const name of ["day", "week"]) line[name] = cell(name).appendChild(make("canvas", "band", undefined, { role: "img", "aria-label": `${words(`column.${name}`)}: ${row.name}` }));
    line.utilisation = cell("utilisation").appendChild(make("span", "ratio"));
    line.oee = cell("oee").appendChild(make("button", "ratio drill", "", { type: "button", "aria-expanded": "false" }));
    line.oee.addEventListener("click", () => drill(line));
    seeing.observe(line.box);
    return line;
  }

  const seeing = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const line = lines.get(target.dataset.id);
      if (!line) continue;
      line.seen = isIntersecting;
      if (isIntersecting) paint(line);
    }
  }, { rootMargin: "200px" });

  function tell(line, row) {
    line.row = row;
    say(line.name, row.name);
    line.name.title = row.name;
    line.flags.replaceChildren(...row.alarms.map((kind) => make("span", `flag ${kind}`, words(`kind.${kind}`))));
    line.state.dataset.state = row.state ?? "";
    const at = said.states.indexOf(row.state);
    line.swatch.className = `swatch ${CLASSES[at] ?? ""}`;
    say(line.what, [said.state[row.state] ?? said.state.unknown, said.mode[row.mode]].filter(Boolean).join(" · "));
    tellTime(line);
    tellFigures(line);
    if (line.seen) paint(line);
  }

  function tellTime(line) {
    const { row } = line;
    const why = row.origin ? (row.origin === "plant" ? words("own") : words("sold", { id: short(row.origin) })) : "";
    const since = row.since ? words("since", { moment: moment(row.since), length: length(now() - row.since) }) : words("never");
    say(line.since, [since, why].filter(Boolean).join(" · "));
    const ago = now() - row.heard;
    const heard = clock.away ? "unknown" : !row.heard ? "unheard" : !row.fresh ? "silent" : ago < 60 ? "heard_now" : "heard";
    say(line.heard, words(heard, { length: length(ago) }));
    line.heard.className = `heard ${clock.away ? "old" : row.fresh ? "" : "silent"}`;
  }

  const short = (id) => (id.length <= 14 ? id : `${id.slice(0, 4)}…${id.slice(-8)}`);
  const figures = (row) => row[`${wanted.period}_figures`];

  function tellFigures(line) {
    const told = figures(line.row);
    for (const name of ["utilisation", "oee"]) {
      const text = percent(told?.[name]);
      say(line[name], text ?? (told ? words("not_measured") : name === "oee" ? words("nothing_known") : "–"));
      line[name].classList.toggle("none", !text);
    }
    line.oee.setAttribute("aria-label", `${line.oee.textContent} · ${words("drill", { name: line.row.name })}`);
    if (line.more) line.more.replaceChildren(...anatomy(figures(line.row)));
  }

  // ---- how the figures come about

  function drill(line) {
    const shown = open.has(line.row.id);
    line.oee.setAttribute("aria-expanded", !shown);
    if (shown) {
      open.delete(line.row.id);
      line.extra.remove();
      line.extra = line.more = null;
      return;
    }
    open.add(line.row.id);
    line.extra = make("div", "anatomy", undefined, { role: "row" });
    line.more = line.extra.appendChild(make("div", "anatomy-cell", undefined, { role: "cell" }));
    line.more.replaceChildren(...anatomy(figures(line.row)));
    line.box.after(line.extra);
  }

  function paint(line) {
    thirdshiftPlantBand.paint(line.day, words("column.day"), line.row.today, edges.day, now(), said);
    thirdshiftPlantBand.paint(line.week, words("column.week"), line.row.week, edges.week, now(), said);
  }

  // ---- which, and in which order

  const collator = new Intl.Collator(undefined, { numeric: true });
  const byName = (one, other) => collator.compare(one.name, other.name) || (one.id < other.id ? -1 : 1);
  const least = (value) => (value === null || value === undefined ? Infinity : value);
  const ORDER = {
    name: () => 0,
    state: (row) => (row.state === "OutOfService" ? -1 : said.states.indexOf(row.state)),
    since: (row) => least(row.since),
    heard: (row) => row.heard ?? -Infinity,
    utilisation: (row) => least(figures(row)?.utilisation),
    oee: (row) => least(figures(row)?.oee),
    alarms: (row) => (row.alarms.length ? Math.min(...row.alarms.map((kind) => KINDS.indexOf(kind))) : 99),
  };
  const KINDS = ["risk", "agent", "down", "silent", "gap", "lapsed"];

  function anew() {
    parts.pages.first();
    arrange();
  }

  function arrange() {
    const found = [...rows.values()].filter((row) => row.name.toLocaleLowerCase().includes(wanted.find) && (!wanted.state || row.state === wanted.state)
      && (!wanted.site || row.site === wanted.site) && (!wanted.alarmed || row.alarms.length));
    const rank = ORDER[wanted.sort];
    found.sort((one, other) => (rank(one) === rank(other) ? 0 : rank(one) < rank(other) ? -1 : 1) || byName(one, other));
    const sites = [...new Set([...rows.values()].map((row) => row.site))].sort(collator.compare);
    const grouped = wanted.group && sites.length > 1;
    if (grouped) found.sort((one, other) => collator.compare(one.site, other.site));
    const page = parts.pages.cut(found);
    const key = JSON.stringify([grouped, page.map((row) => row.id), grouped && page.map((row) => row.site)]);
    say(parts.count, words("count", { shown: found.length, all: rows.size }));
    if (key !== order) {
      order = key;
      const inside = [];
      const add = (row) => {
        const line = lines.get(row.id);
        inside.push(line.box);
        if (line.extra) inside.push(line.extra);
      };
      if (grouped) {
        for (const site of sites) {
          const own = page.filter((row) => row.site === site);
          if (own.length) inside.push(siteLine(site, found.filter((row) => row.site === site)));
          own.forEach(add);
        }
      } else page.forEach(add);
      parts.body.replaceChildren(...inside);
    } else if (grouped) for (const line of parts.body.querySelectorAll(".site-row")) summary(line, found.filter((row) => row.site === line.dataset.site));
    parts.none.hidden = found.length > 0 || !rows.size;
    parts.table.parentElement.hidden = !rows.size;
    offer(sites);
  }

  function siteLine(site, own) {
    const line = make("div", "site-row", undefined, { role: "row", "data-site": site });
    line.appendChild(make("div", "", undefined, { role: "cell" })).append(make("strong", "", site || words("no_site")), make("span"));
    summary(line, own);
    return line;
  }

  function summary(line, own) {
    const executing = own.filter((row) => row.state === "Executing").length, alarmed = own.filter((row) => row.alarms.length).length;
    say(line.querySelector("span"), words("site_count", { count: own.length, executing, alarms: alarmed }));
  }

  function offer(sites) {
    const known = [...parts.site.options].slice(1).map((each) => each.value);
    parts.site.hidden = parts.group.hidden = sites.length < 2;
    if (JSON.stringify(known) === JSON.stringify(sites)) return;
    parts.site.replaceChildren(parts.site.options[0], ...sites.map((site) => make("option", "", site || words("no_site"), { value: site })));
    parts.site.value = sites.includes(wanted.site) ? wanted.site : (wanted.site = "");
  }

  // ---- alarms

  function tellAlarms() {
    parts.alarms.replaceChildren(...alarmCard(alarms, moreAlarms, () => { moreAlarms = true; tellAlarms(); }));
    // As long as not everything was read, that there are no alarms is not known.
    parts.alarms.hidden = !rows.size || (pending && !alarms.length);
  }

  // ---- from Python

  function told(fresh) {
    const there = document.getElementById("overview");
    if (!there) return setTimeout(() => told(fresh), 15);
    if (fresh.settings && !said) thirdshiftPlantTold.begin((said = fresh.settings), now);
    if (fresh.clock) clock = { ...fresh.clock, at: performance.now() };
    if (fresh.edges) edges = { day: fresh.edges.today, week: fresh.edges.week };
    if (!place) build();
    if (fresh.read !== undefined) say(parts.read, `· ${fresh.read}`);
    for (const row of fresh.rows ?? []) {
      const whole = { ...rows.get(row.id), ...row };
      rows.set(row.id, whole);
      if (!lines.has(row.id)) lines.set(row.id, lineOf(whole));
      tell(lines.get(row.id), whole);
    }
    if (fresh.ids) {
      const there = new Set(fresh.ids);
      for (const id of [...rows.keys()].filter((each) => !there.has(each))) {
        seeing.unobserve(lines.get(id).box);
        rows.delete(id);
        lines.delete(id);
      }
    }
    if (fresh.ids || fresh.rows) arrange();
    if (fresh.alarms) alarms = fresh.alarms;
    const known = pending && fresh.pending === false;
    pending = fresh.pending ?? pending;
    if (fresh.alarms || fresh.ids || known) tellAlarms();
    if (fresh.clock) tick();
    place.closest("main").dataset.shown = rows.size ? "yes" : "none";
  }

  function tick() {
    clearTimeout(timer);
    timer = setTimeout(tick, Math.min(5000, Math.max(1000, 60000 / clock.speed)));
    if (document.hidden) return;
    for (const line of lines.values()) {
      if (line.seen) {
        tellTime(line);
        paint(line);
      }
    }
    parts.alarms?.querySelectorAll("[data-since]").forEach(tellSince);
  }

  return { tell: told };
})();
