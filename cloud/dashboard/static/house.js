// What all pages share in the browser: the clock of business time, which goes on by itself between two tellings.
"use strict";

window.thirdshiftHouse = (() => {
  let told = null;
  let timer = 0;

  function clock(now, speed, zone, language) {
    const named = { timeZone: zone };
    told = {
      now, speed, at: performance.now(),
      time: new Intl.DateTimeFormat(language, { ...named, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
      date: new Intl.DateTimeFormat(language, { ...named, weekday: "short", day: "numeric", month: "short" }),
    };
    clearTimeout(timer);
    show();
  }

  function say(selector, text) {
    const place = document.querySelector(selector);
    if (place && place.textContent !== text) place.textContent = text;
  }

  function show() {
    const now = told.now + (performance.now() - told.at) * told.speed;
    say(".clock .now", told.time.format(now));
    say(".clock .date", told.date.format(now));
    timer = setTimeout(show, Math.max(250, (1000 - (now % 1000)) / told.speed));
  }

  return { clock };
})();
