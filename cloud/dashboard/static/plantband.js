// The bands of a machine at a glance: what it did, on a canvas, and the same as text.
"use strict";

window.thirdshiftPlantBand = (() => {
  const CLASSES = ["executing", "not-executing", "out-of-service", "not-available", "gap"];
  const HEIGHTS = [1, 0.55, 1, 0.22, 1];

  // Rows are start, end and code one after another, edges where the band begins and ends. What is there already stays.
  function paint(canvas, label, rows, [from, to], now, said) {
    const wide = canvas.clientWidth, high = canvas.clientHeight, ratio = window.devicePixelRatio || 1;
    if (!wide) return;
    const key = `${wide}/${from}/${document.body.className}/${rows.length}/${rows[rows.length - 2]}/${rows[rows.length - 1]}/${Math.floor(now / 300)}`;
    if (canvas.painted === key) return;
    canvas.painted = key;
    canvas.width = wide * ratio;
    canvas.height = high * ratio;
    const pen = canvas.getContext("2d"), style = getComputedStyle(document.body), colour = (each) => style.getPropertyValue(`--${each}`).trim();
    pen.scale(ratio, ratio);
    pen.fillStyle = colour("grid");
    pen.fillRect(0, high - 1, wide, 1);
    const spent = [0, 0, 0, 0, 0];
    for (let each = 0; each < rows.length; each += 3) {
      const [start, end, code] = rows.slice(each, each + 3), left = (start - from) / (to - from) * wide, right = (end - from) / (to - from) * wide;
      spent[code] += end - start;
      pen.fillStyle = colour(code === 4 ? "gap-line" : CLASSES[code]);
      pen.globalAlpha = code === 4 ? 0.5 : 1;
      pen.fillRect(left, high * (1 - HEIGHTS[code]), Math.max(right - left, 0.7), high * HEIGHTS[code]);
    }
    pen.globalAlpha = 1;
    const at = (now - from) / (to - from) * wide;
    pen.fillStyle = colour("now");
    if (at >= 0 && at <= wide) pen.fillRect(Math.min(at, wide - 1), 0, 1, high);
    const total = spent.slice(0, 4).reduce((sum, each) => sum + each, 0);
    const parts = spent.slice(0, 4).map((seconds, code) => seconds && thirdshiftPlantTold.words("band", { share: Math.round(100 * seconds / total), state: said.state[said.states[code]] })).filter(Boolean);
    const text = `${label}: ${parts.join(", ") || thirdshiftPlantTold.words("band_none")}`;
    canvas.setAttribute("aria-label", text);
    canvas.title = text;
  }

  return { CLASSES, paint };
})();
