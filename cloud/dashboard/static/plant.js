// Draws the machines' bands for ECharts' custom series (cloud/dashboard/plant/chart.py makes the data), and says on hover
// what a band is. Colours are the variables of colours.css, so legend and chart, light and dark, cannot differ.
"use strict";

const thirdshift = (() => {
  const HEAD = 44;
  const LANE = { foot: 12, bar: 9, gap: 4, band: 24 };
  const STATES = ["executing", "not-executing", "out-of-service", "not-available", "gap"];
  const TYPES = ["available", "committed", "unattainable"];
  // Heights tell the same as colours: what works or can be sold is tall, what is off is low.
  const STATE_HEIGHT = [1, 0.55, 1, 0.22, 1];
  const TYPE_HEIGHT = [1, 0.55, 0.22];
  const SHADE = [0.3, 0.3, 0.47, 0.64, 0.82, 1];

  const said = { language: "en", zone: "UTC", words: {} };
  let now = 0;
  let theme = "";
  let colours = {};
  let labelled = -Infinity;
  const pen = document.createElement("canvas").getContext("2d");

  function colour(name) {
    const current = document.body.className;
    if (current !== theme) {
      theme = current;
      colours = {};
    }
    colours[name] ??= getComputedStyle(document.body).getPropertyValue(`--${name}`).trim();
    return colours[name];
  }

  // Where [start, end] of a row lies in pixels, or null where nothing of it is in view.
  function place(params, api, start, end) {
    const area = params.coordSys;
    const row = api.value(0);
    const left = Math.max(api.coord([start, row])[0], area.x);
    const right = Math.min(api.coord([end, row])[0], area.x + area.width);
    if (!(right > left)) return null;
    const bottom = api.coord([start, row + 1])[1] - LANE.foot;
    const floor = bottom - LANE.bar - LANE.gap;
    return { x: left, width: Math.max(right - left, 1), bottom, floor, top: floor - LANE.band };
  }

  const box = (x, y, width, height) => ({ x, y, width, height });
  const rect = (shape, style, more) => ({ type: "rect", shape, style, ...more });

  function band(at, low, high, style) {
    const top = at.floor - LANE.band * high;
    const width = at.width > 3 ? at.width - 0.5 : at.width;
    return {
      type: "group",
      children: [
        rect(box(at.x, at.top, at.width, LANE.band), { fill: "transparent" }),
        rect(box(at.x, top, width, LANE.band * (high - low)), style),
      ],
    };
  }

  function axis(params, api) {
    const area = params.coordSys;
    const kind = api.value(1);
    const bottom = area.y + area.height;
    if (kind === 2) return backdrop(area, api, bottom);
    const x = Math.round(api.coord([api.value(0), 0])[0]) + 0.5;
    if (x < area.x || x > area.x + area.width) return null;
    const major = kind === 1;
    const children = [
      { type: "line", shape: { x1: x, y1: major ? 22 : HEAD - 4, x2: x, y2: bottom },
        style: { stroke: colour(major ? "grid-strong" : "grid"), lineWidth: 1 } },
    ];
    const label = api.ordinalRawValue(2);
    const font = `${major ? 600 : 400} 11px ${colour("font")}`;
    const end = x + 4 + width(label, font);
    // Marks come in order: a label that would touch the one before it, or leave the chart, is left out.
    if (end < area.x + area.width && x > labelled) {
      labelled = end + 4;
      children.push({ type: "text", style: { text: label, x: x + 4, y: 27, fill: colour(major ? "ink" : "soft"), font } });
    }
    return { type: "group", children };
  }

  function width(text, font) {
    pen.font = font;
    return pen.measureText(text).width;
  }

  function backdrop(area, api, bottom) {
    now = api.value(0);
    labelled = -Infinity;
    const x = api.coord([now, 0])[0];
    const row = api.size([0, 1])[1];
    const children = [rect(box(x, HEAD, Math.max(area.x + area.width - x, 0), area.height), { fill: colour("future") })];
    for (let y = area.y; y <= bottom + 0.5; y += row) {
      const at = Math.round(y) - 0.5;
      children.push({ type: "line", shape: { x1: area.x, y1: at, x2: area.x + area.width, y2: at },
        style: { stroke: colour("line"), lineWidth: 1 } });
    }
    const caption = (text, align, at) => ({ type: "text", style: { text, align, x: at, y: 5, fill: colour("soft"),
      font: `500 11px ${colour("font")}` } });
    children.push(caption(said.words.before ?? "", "right", x - 32), caption(said.words.after ?? "", "left", x + 32));
    return { type: "group", children };
  }

  function states(params, api) {
    const code = api.value(3);
    const at = place(params, api, api.value(1), api.value(2) || now);
    if (!at) return null;
    const name = STATES[code];
    const striped = name === "out-of-service" || name === "gap";
    const fill = striped ? thirdshiftCharts.hatch(`${name}-line`, name === "gap" ? "" : name) : colour(name);
    return band(at, 0, STATE_HEIGHT[code], { fill, opacity: api.value(4) ? 1 : 0.4 });
  }

  function offers(params, api) {
    const at = place(params, api, Math.max(api.value(1), now), api.value(2));
    if (!at) return null;
    const code = api.value(3);
    const pooled = api.value(5) > 0 || api.value(6) < 1;
    const high = pooled ? api.value(6) : TYPE_HEIGHT[code];
    return band(at, api.value(5), high, { fill: colour(TYPES[code]), opacity: code === 0 ? SHADE[api.value(4)] : 1 });
  }

  function bookings(params, api) {
    const at = place(params, api, api.value(1), api.value(2));
    if (!at) return null;
    const risk = api.value(4);
    const held = api.value(7);
    const y = at.bottom - LANE.bar;
    const edge = { stroke: colour(risk ? "risk" : "booking-line"), lineWidth: risk ? 2 : 1, lineDash: held ? [3, 2] : null };
    const whole = box(at.x + 0.5, y + 0.5, Math.max(at.width - 1, 1), LANE.bar - 1);
    const children = [rect({ ...whole, r: 2 }, { fill: held ? "transparent" : colour("booking-soft"), ...edge })];
    const ran = api.value(6) ? place(params, api, api.value(5), api.value(6)) : null;
    if (ran) children.push(rect({ ...box(ran.x, y, ran.width, LANE.bar), r: 2 }, { fill: colour("booking") }));
    if (risk) {
      const middle = y + LANE.bar / 2;
      children.push({ type: "circle", shape: { cx: at.x + 7, cy: middle, r: 7 }, style: { fill: colour("risk") } });
      children.push({ type: "text", style: { text: "!", x: at.x + 7, y: middle, align: "center", verticalAlign: "middle",
        fill: colour("card"), font: `700 11px ${colour("font")}` } });
    }
    return { type: "group", children };
  }

  function nowLine(params, api) {
    const area = params.coordSys;
    const x = Math.round(api.coord([api.value(0), 0])[0]) + 0.5;
    return {
      type: "group",
      children: [
        { type: "line", shape: { x1: x, y1: 20, x2: x, y2: area.y + area.height },
          style: { stroke: colour("now"), lineWidth: 1.5 } },
        rect({ ...box(x - 23, 1, 46, 20), r: 10 }, { fill: colour("now") }),
        { type: "text", style: { text: api.ordinalRawValue(2), x, y: 11, align: "center", verticalAlign: "middle",
          fill: colour("card"), font: `600 12px ${colour("font")}` } },
      ],
    };
  }

  // ---- what a band is, as text; elements and textContent, so that no name from a plant can become markup

  function moment(seconds) {
    const format = new Intl.DateTimeFormat(said.language, { timeZone: said.zone, weekday: "short", day: "numeric",
      month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    return format.format(new Date(seconds * 1000));
  }

  function lasting(seconds) {
    const minutes = Math.max(0, Math.round(seconds / 60));
    const { h, min } = said.words;
    return minutes < 60 ? `${minutes} ${min}` : `${Math.floor(minutes / 60)} ${h} ${String(minutes % 60).padStart(2, "0")} ${min}`;
  }

  const when = (start, end) => `${moment(start)} – ${moment(end || now)} · ${lasting((end || now) - start)}`;
  const term = (kind, code) => said.words[kind]?.[code] ?? code;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const TIPS = {
    states([, start, end, code, sure, changes, state, mode, origin]) {
      if (STATES[code] === "gap") return ["gap", said.words.gap, when(start, end)];
      const title = [term("state", state), term("mode", mode)].filter(Boolean).join(" · ");
      return [STATES[code], title, when(start, end), origin === "plant" ? said.words.plant : fill(said.words.booking, { id: origin }),
        changes > 1 && fill(said.words.changes, { count: changes }), !sure && said.words.unsure];
    },
    offers([, start, end, code, confidence, low, high, type, reason, quantity, detail]) {
      const surely = fill(said.words.confidence, { band: confidence, word: term("bands", confidence) });
      return [TYPES[code], `${term("type", type)} · ${term("reason", reason)}`, when(Math.max(start, now), end), surely,
        (low > 0 || high < 1) && fill(said.words.quantity, { count: quantity }), detail];
    },
    bookings([, start, end, , risk, from, to, , id, state, share]) {
      return ["booking", `${id} · ${term("bookingState", state)}`, when(start, end),
        to && `${said.words.ran}: ${when(from, to)}`,
        share != null && fill(said.words.share, { share: Math.round(share * 100) }), risk && said.words.risk];
    },
  };

  function tip(item) {
    const make = TIPS[item.seriesId];
    if (!make) return "";
    const [swatch, title, ...lines] = make(item.value);
    const box = document.createElement("div");
    box.className = "tip-box";
    const head = box.appendChild(document.createElement("strong"));
    head.appendChild(document.createElement("i")).className = `swatch ${swatch}`;
    head.append(title);
    for (const line of lines.filter(Boolean)) box.appendChild(document.createElement("div")).textContent = line;
    return box;
  }

  // ---- from Python: words and zone, and what is new in a chart

  const charts = new Set();

  function patch(id, fresh, tries = 100) {
    const chart = getElement(id)?.chart;
    charts.add(id);
    // A chart that is still being made gets its data with its options; what comes meanwhile has to wait for it.
    if (chart?.getOption()) chart.setOption(fresh);
    else if (tries) setTimeout(() => patch(id, fresh, tries - 1), 50);
  }

  function configure(settings) {
    Object.assign(said, settings);
  }

  // Light and dark are a class of the body: whoever changes it, the charts follow.
  document.addEventListener("DOMContentLoaded", () => {
    const repaint = () => charts.forEach((id) => getElement(id)?.chart?.setOption({}));
    new MutationObserver(repaint).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });

  return { axis, states, offers, bookings, now: nowLine, tip, patch, configure };
})();
window.thirdshift = thirdshift;
