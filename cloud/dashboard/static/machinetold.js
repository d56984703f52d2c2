// What the chart shows of one instant, as text: state, ledger, bookings and signals. Text is never markup.
"use strict";

window.thirdshiftTold = (() => {
  const STATES = ["executing", "not-executing", "out-of-service", "not-available"];
  const NAMES = ["Executing", "NotExecuting", "OutOfService", "NotAvailable"];
  const LEDGER = ["available", "booked", "committed", "unattainable"];
  const TYPES = ["Available", "Booked", "Committed", "Unattainable"];

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  function lasting(seconds, { words }) {
    const minutes = Math.round(seconds / 60), hours = Math.floor(minutes / 60);
    if (seconds < 60) return `${Math.round(seconds)} ${words.s}`;
    if (hours < 1) return `${minutes} ${words.min}`;
    if (hours < 48) return `${hours} ${words.h} ${String(minutes % 60).padStart(2, "0")} ${words.min}`;
    return `${Math.floor(hours / 24)} ${words.d} ${hours % 24} ${words.h}`;
  }

  function part(swatch, title, ...lines) {
    const made = document.createElement("div");
    made.className = "tip-part";
    const head = made.appendChild(document.createElement("strong"));
    if (swatch) head.appendChild(document.createElement("i")).className = `swatch ${swatch}`;
    head.append(title);
    for (const text of lines.filter(Boolean)) made.appendChild(document.createElement("div")).textContent = text;
    return made;
  }

  const at_ = (rows, at) => rows.filter((row) => row[0] <= at && at < row[1]);

  function lines(at, told, said, now) {
    const { words } = said, term = (kind, code) => words[kind]?.[code] ?? code;
    const span = (start, end) => `${thirdshiftAxis.short(start, said)} – ${thirdshiftAxis.short(end, said)} · ${lasting(end - start, said)}`;
    const found = [part("", thirdshiftAxis.clock(at, said))];
    for (const [start, end, reason] of at_(told.gaps, at)) found.push(part("gap", words.gap, span(start, end), term("reason", reason)));
    for (const [start, end, code, sure, changes, mode, origin, shares] of at_(told.states, at)) {
      const title = [term("state", NAMES[code]), term("mode", mode)].filter(Boolean).join(" · ");
      const total = shares?.reduce((sum, each) => sum + each, 0);
      const parts = shares && NAMES.map((name, which) => shares[which] && `${term("state", name)} ${Math.round(100 * shares[which] / total)} %`).filter(Boolean).join(", ");
      const origins = origin === "plant" ? words.plant : origin === "booking" ? words.sold : fill(words.booking, { id: origin });
      found.push(part(STATES[code], title, span(start, end), origins, changes > 1 && fill(words.changes, { count: changes }), parts, !sure && words.unsure));
    }
    for (const [start, end, code, confidence, low, high, quantity, reason, detail] of at_(told.ledger, at)) {
      const title = `${code === 1 ? words.booked : term("type", TYPES[code])}${reason === "day" || code === 1 ? "" : ` · ${term("reason", reason)}`}`;
      if (reason === "day") found.push(part(LEDGER[code], title, `${quantity} ${words.h}`, words.day));
      else found.push(part(LEDGER[code], title, span(start, end), code !== 1 && fill(words.confidence, { band: confidence, word: term("bands", confidence) }), (low > 0 || high < 1) && fill(words.quantity, { count: quantity }), detail));
    }
    for (const [start, end, , , , risk, from, to, , id, state, share, quantity] of at_(told.bookings, at)) {
      found.push(part("booking", `${id} · ${term("bookingState", state)}`, span(start, end), to && `${words.ran}: ${span(from, to)}`,
        share !== null && fill(words.share, { share: Math.round(share * 100) }), quantity > 1 && fill(words.quantity, { count: quantity }), risk && words.risk));
    }
    for (const signal of told.signals) found.push(measured(signal, at, told, said));
    if (at > now && !at_(told.ledger, at).length) found.push(part("", words.nothing));
    return found.filter(Boolean);
  }

  function measured(signal, at, told, said) {
    const { words } = said;
    const text = at_(signal.texts, at)[0];
    if (text) return part("", `${signal.signal}: ${text[2]}`);
    let near = null;
    for (const row of signal.line) if (row[1] !== null && (!near || Math.abs(row[0] - at) < Math.abs(near[0] - at))) near = row;
    if (!near || Math.abs(near[0] - at) > (told.window[1] - told.window[0]) / 50) return part("", `${signal.signal}: ${words.unmeasured}`);
    const unit = signal.unit ? ` ${signal.unit}` : "";
    const number = (value) => new Intl.NumberFormat(said.language, { maximumSignificantDigits: 6 }).format(value);
    const doubt = signal.doubts.find((row) => row[0] === near[0]);
    const range = signal.step ? fill(words.range, { least: number(near[2]), most: `${number(near[3])}${unit}`, step: lasting(signal.step, said) }) : thirdshiftAxis.clock(near[0], said);
    return part("", `${signal.signal}: ${number(near[1])}${unit}`, range, doubt && fill(words.quality, { quality: words.qualities[doubt[2]] ?? doubt[2] }));
  }

  return { lines, lasting };
})();
