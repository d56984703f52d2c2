// Where a time axis is marked, on full hours, days and months of the plant's own zone, also across a change of the clocks.
"use strict";

window.thirdshiftAxis = (() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const STEPS = [MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];
  const formats = new Map();

  function format(said, options) {
    const key = `${said.language}/${said.zone}/${JSON.stringify(options)}`;
    if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(options.locale ?? said.language, { timeZone: said.zone, ...options, locale: undefined }));
    return formats.get(key);
  }

  const PARTS = { locale: "en-GB", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" };

  // The clock on the plant's wall, as seconds since 1970 as if it were UTC.
  function local(at, said) {
    const found = Object.fromEntries(format(said, PARTS).formatToParts(at * 1000).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(found.year, found.month - 1, found.day, found.hour, found.minute, found.second) / 1000;
  }

  // When the clock on the wall shows that; of an hour that is skipped, just after.
  function instant(wall, said) {
    const guess = wall - (local(wall, said) - wall);
    return wall - (local(guess, said) - guess);
  }

  function marks(view, width, said) {
    const most = Math.max(2, width / 56), step = STEPS.find((each) => (view[1] - view[0]) / each <= most);
    const from = local(view[0], said), to = local(view[1], said);
    return step ? [...stepped(from, to, step, said)] : [...months(from, to, (view[1] - view[0]) / most, said)];
  }

  function* stepped(from, to, step, said) {
    // Weeks begin on Mondays; 1970 began on a Thursday.
    const base = step === 7 * DAY ? 4 * DAY : 0;
    for (let wall = Math.floor((from - base) / step) * step + base; wall <= to; wall += step) {
      const at = instant(wall, said), major = wall % DAY === 0;
      const label = major
        ? format(said, step >= 2 * DAY ? { day: "numeric", month: "short" } : { weekday: "short", day: "numeric", month: "short" }).format(at * 1000)
        : format(said, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at * 1000);
      yield { at, label, major };
    }
  }

  function* months(from, to, room, said) {
    const every = Math.max(1, Math.ceil(room / (30.4 * DAY))), first = new Date(from * 1000);
    for (let month = 0; ; month += every) {
      const wall = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month, 1) / 1000;
      if (wall > to) return;
      const at = instant(wall, said);
      yield { at, major: new Date(wall * 1000).getUTCMonth() === 0, label: format(said, { month: "short", year: "numeric" }).format(at * 1000) };
    }
  }

  const clock = (at, said) => format(said, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(at * 1000);
  const short = (at, said) => format(said, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at * 1000);

  return { marks, clock, short };
})();
