// Draws the bookings' bars for ECharts' custom series (cloud/dashboard/bookings/gantt.py makes the data), and says on
// hover what a bar is. Colours are the variables of colours.css.
"use strict";

window.thirdshiftBookings = (() => {
  const LANE = 24, BAR = 16, NARROW = 700;
  let said = { rows: [], ids: [], titles: [], zone: "UTC", language: "en", words: {} };

  const colour = (name) => thirdshiftCharts.colour(name);
  const narrow = () => window.innerWidth <= NARROW;
  const gutter = () => (narrow() ? 104 : 190);

  function tell(more) {
    said = { ...said, ...more };
  }

  const pen = document.createElement("canvas").getContext("2d");

  function cut(text, room, font) {
    pen.font = font;
    if (pen.measureText(text).width <= room) return text;
    let low = 0, high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pen.measureText(text.slice(0, middle) + "…").width <= room) low = middle;
      else high = middle - 1;
    }
    return low ? text.slice(0, low) + "…" : "";
  }

  function row(params, api) {
    const area = params.coordSys;
    const first = api.value(0), lanes = api.value(1), number = api.value(2);
    const top = Math.max(api.coord([0, first])[1], area.y), bottom = Math.min(api.coord([0, first + lanes])[1], area.y + area.height);
    if (bottom <= top) return null;
    const font = `500 ${narrow() ? 11 : 12}px ${colour("font")}`;
    const right = area.x + area.width, y = Math.round(bottom) - 0.5;
    const children = [
      { type: "line", shape: { x1: narrow() ? 8 : 14, y1: y, x2: right, y2: y }, style: { stroke: colour("line"), lineWidth: 1 } },
    ];
    const left = narrow() ? 8 : 14, height = Math.min(LANE, bottom - top);
    children.push({ type: "text", style: { text: cut(said.rows[number] ?? "", area.x - left - 8, font), x: left, y: top + height / 2,
      verticalAlign: "middle", fill: colour("ink"), font } });
    return { type: "group", children };
  }

  const LOOKS = [
    () => ({ fill: colour("booking-soft"), stroke: colour("booking-line"), ink: colour("ink") }),
    () => ({ fill: colour("card"), stroke: colour("booking-line"), dash: [4, 3], ink: colour("ink") }),
    () => ({ fill: colour("booking"), stroke: colour("booking-line"), ink: "#17212b" }),
    () => ({ fill: colour("accent-soft"), stroke: colour("accent"), ink: colour("ink") }),
    () => ({ fill: colour("risk-soft"), stroke: colour("risk"), dash: [4, 3], ink: colour("ink") }),
    () => ({ fill: colour("ground"), stroke: colour("grid-strong"), ink: colour("soft"), void: true }),
  ];

  function bar(params, api) {
    const area = params.coordSys;
    const lane = api.value(0), start = api.value(1), end = api.value(2);
    const left = Math.max(api.coord([start, lane])[0], area.x), right = Math.min(api.coord([end, lane])[0], area.x + area.width);
    const y = api.coord([start, lane])[1] + (LANE - BAR) / 2;
    if (right <= left || y + BAR < area.y || y > area.y + area.height) return null;
    const look = LOOKS[api.value(3)](), risk = api.value(4), booker = api.value(5), index = api.value(7);
    const width = Math.max(right - left, 2);
    const children = [
      { type: "rect", shape: { x: left, y, width, height: BAR, r: 3 },
        style: { fill: look.fill, stroke: risk ? colour("risk") : look.stroke, lineWidth: risk ? 2 : 1, lineDash: look.dash ?? null } },
    ];
    if (width > 6) {
      children.push({ type: "rect", shape: { x: left, y, width: 4, height: BAR, r: [3, 0, 0, 3] },
        style: { fill: look.void ? colour("grid-strong") : colour(booker ? "accent" : "good") } });
    }
    if (risk && width > 18) {
      children.push({ type: "text", style: { text: "!", x: left + 11, y: y + BAR / 2, align: "center", verticalAlign: "middle",
        fill: colour("risk"), font: `700 13px ${colour("font")}` } });
    }
    const font = `400 11px ${colour("font")}`, at = risk ? 18 : 8;
    const text = width > 34 ? cut(said.titles[index] ?? "", width - at - 4, font) : "";
    if (text) {
      children.push({ type: "text", style: { text, x: left + at, y: y + BAR / 2, verticalAlign: "middle", fill: look.ink, font } });
      if (look.void) {
        pen.font = font;
        children.push({ type: "line", shape: { x1: left + at, y1: y + BAR / 2, x2: left + at + pen.measureText(text).width, y2: y + BAR / 2 },
          style: { stroke: look.ink, lineWidth: 0.8 } });
      }
    }
    return { type: "group", children };
  }

  function now(params, api) {
    const area = params.coordSys;
    const x = Math.round(api.coord([api.value(0), 0])[0]) + 0.5;
    if (x < area.x || x > area.x + area.width) return null;
    return { type: "line", shape: { x1: x, y1: area.y - 4, x2: x, y2: area.y + area.height }, style: { stroke: colour("now"), lineWidth: 1.5 } };
  }

  const formats = new Map();

  function format(options) {
    const key = said.language + said.zone + JSON.stringify(options);
    if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(said.language, { timeZone: said.zone, hourCycle: "h23", ...options }));
    return formats.get(key);
  }

  const CLOCK = { hour: "2-digit", minute: "2-digit" }, DAY = { weekday: "short", day: "numeric", month: "short" };
  const HOUR = 3600e3;
  const STEPS = [1, 3, 6, 12, 24, 48, 72, 168, 336, 720, 2160].map((hours) => hours * HOUR);

  // How far the plant's clock is ahead of UTC then, in milliseconds.
  function ahead(moment) {
    const parts = {};
    for (const { type, value } of format({ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" }).formatToParts(moment)) parts[type] = Number(value);
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) - Math.floor(moment / 60e3) * 60e3;
  }

  // The time axis in the plant's zone: hours where there is room, else days.
  function ticks(params, api) {
    const area = params.coordSys, base = api.value(0);
    const at = api.coord([base, 0])[0], perHour = api.coord([base + HOUR, 0])[0] - at;
    const first = base + ((area.x - at) / perHour) * HOUR, last = first + (area.width / perHour) * HOUR;
    const step = STEPS.find((each) => (each / HOUR) * perHour >= (each < 24 * HOUR ? 46 : 74)) ?? STEPS.at(-1);
    const children = [];
    let local = Math.ceil((first + ahead(first)) / step) * step;
    for (let count = 0; count < 200; count += 1, local += step) {
      const moment = local - ahead(local - ahead(local));
      if (moment > last) break;
      const x = Math.round(at + ((moment - base) / HOUR) * perHour) + 0.5, day = local % (24 * HOUR) === 0;
      children.push({ type: "line", shape: { x1: x, y1: day ? 8 : area.y - 6, x2: x, y2: area.y + area.height },
        style: { stroke: colour(day ? "grid-strong" : "grid"), lineWidth: 1 } });
      const font = `${day ? 600 : 400} 11px ${colour("font")}`, text = format(day ? DAY : CLOCK).format(moment);
      pen.font = font;
      if (x + 4 + pen.measureText(text).width <= area.x + area.width + 22) {
        children.push({ type: "text", style: { text, x: x + 4, y: 10, fill: colour(day ? "ink" : "soft"), font } });
      }
    }
    return { type: "group", children };
  }

  // Elements and textContent, so that no name from outside can become markup.
  function tip(item) {
    if (item.seriesId !== "bars") return "";
    const [, start, end, , risk, , number, index] = item.value;
    const box = document.createElement("div");
    box.className = "tip-box";
    const line = (tag, text) => { box.appendChild(document.createElement(tag)).textContent = text; };
    line("strong", said.titles[index]);
    line("div", said.rows[number]);
    line("div", `${format({ ...DAY, ...CLOCK }).format(start)} – ${format({ ...DAY, ...CLOCK }).format(end)}`);
    if (risk) line("div", `! ${said.words.risk}`);
    line("div", said.ids[index]);
    return box;
  }

  // Bars are drawn with the names that came with them, so both come in one call.
  function show(id, how, names, options) {
    tell(names);
    thirdshiftCharts[how](id, options);
  }

  // Earlier, later, closer, farther: what the wheel and the mouse do, for buttons. Shares of what is shown.
  function move(id, shift, factor) {
    const chart = getElement(id)?.chart, zoom = chart?.getOption()?.dataZoom?.[0];
    if (!zoom) return;
    const middle = (zoom.start + zoom.end) / 2 + (zoom.end - zoom.start) * shift;
    const wide = Math.min(100, Math.max(0.2, (zoom.end - zoom.start) * factor));
    const start = Math.min(Math.max(0, middle - wide / 2), 100 - wide);
    chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, start, end: start + wide });
  }

  return { move, gutter, row, bar, now, ticks, tip, tell, show };
})();
