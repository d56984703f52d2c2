// The machine's chart: lanes one above the other on one time axis. Python (cloud/dashboard/machine/) makes the rows; here
// they are drawn. static/machinelanes.js has the lanes of many pieces, machineaxis.js the axis, machinetold.js what is said of an
// instant, machinehand.js pointer and keys.
"use strict";

window.thirdshiftMachine = (() => {
  const HEAD = 34, CAPTION = 22, APART = 10;
  const HEIGHT = { states: 46, ledger: 92, bookings: 44, signal: 130 };
  const PATIENCE = 3000;

  let id = 0, axis = null, wide = 1, told = null, said = {}, view = [0, 1], number = 0, asked = 0, timer = 0, drawing = null, lanes = [];
  let cursor = null, pace = { now: 0, speed: 1, at: 0 };

  const now = () => pace.now + (performance.now() - pace.at) / 1000 * pace.speed;
  const colour = (name) => thirdshiftCharts.colour(name);
  const width = () => wide;
  const measure = () => { wide = axis.clientWidth || 1; };
  const pixel = (at) => (at - view[0]) / (view[1] - view[0]) * width();
  const moment = (x) => view[0] + x / width() * (view[1] - view[0]);

  // ---- drawing

  const rect = (x, y, w, h, style, more) => ({ type: "rect", shape: { x, y, width: w, height: h, ...more }, style });
  const line = (x1, y1, x2, y2, stroke, lineWidth = 1) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth } });
  const text = (content, x, y, fill, more) => ({ type: "text", style: { text: content, x, y, fill, font: `11px ${colour("font")}`, ...more } });

  // Where [start, end] lies in its lane, or null where nothing of it is in view.
  function place({ coordSys: area }, start, end) {
    const at = across(start, end);
    return at && { x: area.x + at.x, width: at.width, y: area.y, height: area.height };
  }

  function across(start, end) {
    const left = Math.max(pixel(start), 0), right = Math.min(pixel(end), width());
    return right >= left && right >= 0 && left <= width() ? { x: left, width: Math.max(right - left, 1) } : null;
  }

  const RENDER = {
    bookings(params, [start, end, track, tracks, , risk, from, to, held]) {
      const at = place(params, start, end);
      if (!at) return null;
      const high = at.height / tracks, y = at.y + track * high + 1, h = Math.max(high - 3, 3);
      const edge = { stroke: colour(risk ? "risk" : "booking-line"), lineWidth: risk ? 2 : 1, lineDash: held ? [3, 2] : null };
      const children = [rect(at.x + 0.5, y + 0.5, Math.max(at.width - 1, 1), h, { fill: held ? "transparent" : colour("booking-soft"), ...edge }, { r: 2 })];
      const ran = to ? place(params, from, to) : null;
      if (ran) children.push(rect(ran.x, y + h * 0.55, ran.width, h * 0.45, { fill: colour("booking") }));
      if (risk && at.width > 14) children.push(text("!", at.x + 8, y + h / 2, colour("risk"), { align: "center", verticalAlign: "middle", font: `700 12px ${colour("font")}` }));
      return { type: "group", children };
    },
    texts(params, [start, end, content]) {
      const at = place(params, start, end);
      if (!at) return null;
      const style = { fill: colour("accent-soft"), stroke: colour("card"), lineWidth: 1 };
      const children = [rect(at.x, at.y + at.height * 0.3, at.width, at.height * 0.4, style)];
      if (at.width > 30) children.push(text(content, at.x + 5, at.y + at.height / 2, colour("ink"), { verticalAlign: "middle", width: at.width - 8, overflow: "truncate" }));
      return { type: "group", children };
    },
  };

  // What lies behind all lanes: marks of time, what is ahead, captions, and where nobody looked.
  function backdrop(params) {
    const area = params.coordSys, bottom = area.y + area.height, wide = width(), children = [];
    const edge = pixel(now());
    if (edge < wide) children.push(rect(Math.max(edge, 0), HEAD, wide - Math.max(edge, 0), bottom - HEAD, { fill: colour("future") }));
    const taken = [];
    // Days before hours: where not all can be written, those that say more are.
    for (const mark of thirdshiftAxis.marks(view, wide, said).sort((one, other) => other.major - one.major)) {
      const x = Math.round(pixel(mark.at)) + 0.5;
      if (x < 0 || x > wide) continue;
      children.push(line(x, mark.major ? 14 : HEAD - 5, x, bottom, colour(mark.major ? "grid-strong" : "grid")));
      const end = x + 10 + [...mark.label].reduce((sum, each) => sum + (each > "\u2e80" ? 11 : 6.3), 0);
      if (end > wide || taken.some(([from, to]) => x < to && end > from)) continue;
      taken.push([x, end]);
      children.push(text(mark.label, x + 4, 16, colour(mark.major ? "ink" : "soft"), { font: `${mark.major ? 600 : 400} 11px ${colour("font")}` }));
    }
    for (const lane of lanes) {
      children.push(line(0, lane.top + lane.height + 0.5, wide, lane.top + lane.height + 0.5, colour("line")));
      children.push(text(lane.caption, 4, lane.top - 16, colour("soft"), { width: wide - 8, overflow: "truncate", font: `500 12px ${colour("font")}` }));
    }
    for (const [start, end] of told.gaps) {
      const left = Math.max(pixel(start), 0), right = Math.min(pixel(end), wide);
      for (const lane of right > left ? lanes.filter((each) => each.past) : []) {
        children.push(rect(left, lane.top, Math.max(right - left, 1), lane.height, { fill: thirdshiftCharts.hatch("gap-line", "") }));
      }
    }
    if (edge > 0 && edge < wide) children.push(line(edge, 12, edge, bottom, colour("now"), 1.5));
    return { type: "group", children };
  }

  function layout() {
    let top = HEAD;
    lanes = [];
    const add = (name, height, caption, more) => {
      lanes.push({ name, top: top + CAPTION, height, caption, past: true, ...more });
      top += CAPTION + height + APART;
    };
    for (const name of ["states", "ledger", "bookings"]) add(name, HEIGHT[name], told.captions[name], { past: name === "states" });
    told.signals.forEach((signal, place) => add(`signal${place}`, HEIGHT.signal, signal.caption, { signal }));
    return top;
  }

  function options() {
    const high = layout(), grids = [{ top: 0, height: high }, ...lanes];
    axis.style.setProperty("--high", `${high}px`);
    measure();
    return {
      animation: false,
      aria: { enabled: true, label: { description: told.label } },
      grid: grids.map(({ top, height }, place) => ({ id: `grid${place}`, left: 0, right: 0, top, height, containLabel: false })),
      xAxis: grids.map((_, place) => ({ id: `x${place}`, gridIndex: place, type: "value", min: view[0], max: view[1], show: false })),
      yAxis: grids.map(({ signal }, place) => vertical(signal, place)),
      series: [
        { id: "back", type: "custom", xAxisIndex: 0, yAxisIndex: 0, clip: false, silent: true, z: 0, data: [[view[0], 0]], renderItem: backdrop },
        ...lanes.flatMap((lane, place) => (lane.signal ? curves(lane.signal, place + 1) : shown(lane.name, place + 1))),
      ],
    };
  }

  function vertical(signal, place) {
    const same = { id: `y${place}`, gridIndex: place, type: "value" };
    if (!signal?.line.length) return { ...same, min: 0, max: 1, show: false };
    return { ...same, scale: true, splitNumber: 3, axisLabel: { inside: true, margin: 5, fontSize: 11, showMinLabel: false, hideOverlap: true, ...(signal.unit && { formatter: `{value} ${signal.unit}` }) }, axisTick: { show: false }, axisLine: { show: false }, z: 3 };
  }

  function shown(name, place) {
    const rows = told[name];
    if (name !== "bookings") return [whole(name, rows, place)];
    return [drawn(name, rows, place, RENDER.bookings), ...(told.taken.length ? [whole("taken", told.taken, place)] : [])];
  }

  const custom = (name, place) => ({
    id: `${name}${place}`, type: "custom", xAxisIndex: place, yAxisIndex: place, clip: false, silent: true, progressive: 0, z: 2, encode: { x: 0, y: 1 },
  });

  const drawn = (name, rows, place, render) => ({
    ...custom(name, place), data: rows.map((row, each) => [row[0], 0, each]), renderItem: (params, api) => render(params, rows[api.value(2)]),
  });

  const whole = (name, rows, place) => ({
    ...custom(name, place), data: rows.length ? [[view[0], 0]] : [], renderItem: (params) => thirdshiftLanes.painted(name, rows, params.coordSys, width(), across),
  });

  function curves(signal, place) {
    const pen = (name, column, more) => ({ id: `${name}${place}`, type: "line", xAxisIndex: place, yAxisIndex: place, showSymbol: false, silent: true,
      connectNulls: false, data: signal.line.map((row) => [row[0], row[column]]), lineStyle: { color: "var(--accent)", width: 1.4 }, ...more });
    const found = [pen("value", 1)];
    if (signal.step) for (const [name, column] of [["least", 2], ["most", 3]]) found.push(pen(name, column, { lineStyle: { color: "var(--accent)", width: 1, opacity: 0.45 } }));
    if (signal.doubts.length) found.push({ id: `doubts${place}`, type: "scatter", xAxisIndex: place, yAxisIndex: place, symbol: "diamond", symbolSize: 7, silent: true,
      itemStyle: { color: "var(--risk)" }, data: signal.doubts.map((row) => [row[0], row[1]]) });
    if (signal.texts.length) found.push(drawn("texts", signal.texts, place, RENDER.texts));
    return found;
  }

  function draw(fresh) {
    if (fresh.number >= asked) answered();
    // Whoever moved on meanwhile sees it where they are by now, until the answer to that comes.
    const late = fresh.number < number;
    told = { ...fresh, ...fresh.lanes };
    pace = { now: fresh.now, speed: fresh.speed, at: performance.now() };
    axis.dataset.live = fresh.live;
    if (!late) view = [...fresh.window];
    axis.classList.toggle("loading", late);
    thirdshiftCharts.whenThere(id, ({ chart }) => {
      if (!chart.listened) {
        chart.listened = true;
        chart.on("finished", finished);
      }
      const anew = options();
      chart.resize();
      drawing = late ? null : fresh.window;
      thirdshiftCharts.show(id, anew);
    });
  }

  function finished() {
    if (!drawing) return;
    axis.dataset.drawn = drawing.map((at) => new Date(at * 1000).toISOString()).join("/");
    drawing = null;
  }

  // ---- looking elsewhere

  let frame = 0;
  function move(start, end) {
    const length = Math.min(Math.max(end - start, 60), 366 * 86400), middle = (start + end) / 2;
    view = [middle - length / 2, middle + length / 2];
    axis.classList.add("loading");
    repaint();
    number += 1;
    if (!asked) look();
  }

  // Asks at once; while somebody goes on moving, the next question is the latest, once the answer came or did not come for long.
  function look() {
    clearTimeout(timer);
    asked = number;
    timer = setTimeout(answered, PATIENCE);
    emitEvent("machine_look", { start: view[0], end: view[1], number });
  }

  function answered() {
    const behind = asked && asked !== number;
    clearTimeout(timer);
    asked = 0;
    if (behind) look();
  }

  function repaint() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      thirdshiftCharts.whenThere(id, ({ chart }) => chart.setOption({ xAxis: [0, ...lanes].map((_, place) => ({ id: `x${place}`, min: view[0], max: view[1] })) }));
      if (cursor !== null) show(cursor);
    });
  }

  const zoom = (factor, at) => move(at - (at - view[0]) * factor, at + (view[1] - at) * factor);
  const pan = (share) => move(view[0] + (view[1] - view[0]) * share, view[1] + (view[1] - view[0]) * share);

  // As time goes on, a live chart does too, a pixel at a time; the server sends it anew with the next news.
  setInterval(() => {
    if (!told?.live || axis?.classList.contains("loading") || document.hidden) return;
    const behind = told.window[0] + (now() - told.now), moved = behind - view[0];
    if (moved > (view[1] - view[0]) / width()) {
      view = [view[0] + moved, view[1] + moved];
      repaint();
    }
  }, 1000);

  // ---- hovering

  function show(at, loud) {
    cursor = at;
    const x = pixel(at), lineOf = axis.querySelector(".cursor"), box = axis.querySelector(".tip-box");
    if (x < 0 || x > width()) return hide();
    lineOf.hidden = box.hidden = false;
    lineOf.style.left = `${x}px`;
    box.replaceChildren(...thirdshiftTold.lines(at, told, said, now()));
    box.style.left = `${Math.max(0, Math.min(x + 14, width() - box.offsetWidth - 4))}px`;
    if (x + 14 + box.offsetWidth > width()) box.style.left = `${Math.max(0, x - 14 - box.offsetWidth)}px`;
    if (loud) document.getElementById("axis-said").textContent = [...box.children].map((each) => each.textContent).join("; ");
  }

  function hide() {
    cursor = null;
    axis.querySelector(".cursor").hidden = axis.querySelector(".tip-box").hidden = true;
  }

  const ask = (at) => emitEvent("machine_why", { at });

  function begin(chart, settings) {
    const start = () => {
      axis = document.getElementById("axis");
      if (!axis) return setTimeout(start, 20);
      id = chart;
      said = settings;
      if (!axis.dataset.heard) {
        axis.dataset.heard = "yes";
        thirdshiftHand.listen(axis, { view: () => view, cursor: () => cursor, shown: () => told, width, moment, show, hide, move, zoom, pan, ask });
        new ResizeObserver(() => {
          measure();
          if (told) repaint();
        }).observe(axis);
      }
    };
    start();
  }

  function told_(fresh) {
    if (axis) draw(fresh);
    else setTimeout(() => told_(fresh), 20);
  }

  const center = () => (view[0] + view[1]) / 2;

  return { begin, draw: told_, zoom: (factor) => told && zoom(factor, center()), pan: (share) => told && pan(share) };
})();
