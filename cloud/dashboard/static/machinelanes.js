// The lanes of many pieces, an image each: as elements of a chart, each of thousands of pieces costs more than its painting.
// What is how high and in which colour; static/machine.js puts the images on the chart. The rows are those of machine/lanes.py.
"use strict";

window.thirdshiftLanes = (() => {
  const STATES = ["executing", "not-executing", "out-of-service", "not-available"];
  const HEIGHT = [1, 0.55, 1, 0.22];
  const LEDGER = ["available", "booking", "committed", "unattainable"];
  const SHADE = [0.75, 0.3, 0.47, 0.64, 0.82, 1];
  const FINE = 2;

  const colour = (name) => thirdshiftCharts.colour(name);
  const apart = (wide) => (wide > 3 ? wide - 0.5 : wide);

  // Each paints a row between `at.x` and `at.x + at.width` of a lane that is `high`.
  const PAINT = {
    states(pen, high, at, [, , code, sure, , , , shares], striped) {
      const total = shares?.reduce((sum, each) => sum + each, 0);
      pen.globalAlpha = sure ? 1 : 0.4;
      if (!total) {
        pen.fillStyle = STATES[code] === "out-of-service" ? striped : colour(STATES[code]);
        return pen.fillRect(at.x, high * (1 - HEIGHT[code]), apart(at.width), high * HEIGHT[code]);
      }
      // Of several states, each as high as its share of the time.
      let y = high;
      shares.forEach((seconds, which) => {
        y -= high * seconds / total;
        pen.fillStyle = colour(STATES[which]);
        if (seconds) pen.fillRect(at.x, y, at.width, high * seconds / total);
      });
    },
    ledger(pen, high, at, [, , code, confidence, low, top]) {
      pen.globalAlpha = code === 0 ? SHADE[confidence] : 1;
      pen.fillStyle = colour(LEDGER[code]);
      pen.fillRect(at.x, high * (1 - top), apart(at.width), high * (top - low));
    },
    taken(pen, high, at, [, , share]) {
      pen.fillStyle = colour("booking");
      pen.fillRect(at.x, high * (1 - share), at.width, high * share);
    },
  };

  function stripes(pen) {
    const { image, scaleX, scaleY } = thirdshiftCharts.hatch("out-of-service-line", "out-of-service");
    const made = pen.createPattern(image, "repeat");
    made.setTransform(new DOMMatrix().scale(scaleX, scaleY));
    return made;
  }

  // The lane as an element of the chart; `across` says where two moments lie. Twice as fine as the chart, as its picture is.
  function painted(name, rows, area, wide, across) {
    const ratio = Math.max(FINE, window.devicePixelRatio || 1), canvas = document.createElement("canvas");
    canvas.width = Math.ceil(wide * ratio);
    canvas.height = Math.ceil(area.height * ratio);
    const pen = canvas.getContext("2d"), striped = stripes(pen);
    pen.scale(ratio, ratio);
    for (const row of rows) {
      const at = across(row[0], row[1]);
      if (at) PAINT[name](pen, area.height, at, row, striped);
    }
    return { type: "image", style: { image: canvas, x: area.x, y: area.y, width: canvas.width / ratio, height: canvas.height / ratio } };
  }

  return { painted };
})();
