// What every chart of the dashboard has: the page's colours (variables of colours.css, light and dark), stripes of them, and a picture of it
// as a file. An option may say var(--name) wherever ECharts takes a colour. Options come from cloud/dashboard/echart.py.
"use strict";

window.thirdshiftCharts = (() => {
  const charts = new Map();

  // Of the look that is shown; asking the browser anew for each of thousands of pieces would take longer than drawing them.
  const colours = new Map();
  function colour(name) {
    const key = `${name}/${document.body.className}`;
    if (!colours.get(key)) colours.set(key, getComputedStyle(document.body).getPropertyValue(`--${name}`).trim());
    return colours.get(key);
  }

  // Stripes of one colour, on the ground of another or on none, in the theme that is shown.
  const hatches = {};
  function hatch(name, ground) {
    const key = `${name}/${ground}/${document.body.className}`;
    if (!hatches[key]) {
      const ratio = window.devicePixelRatio || 1, tile = document.createElement("canvas");
      tile.width = tile.height = 6 * ratio;
      const pen = tile.getContext("2d");
      pen.scale(ratio, ratio);
      if (ground) {
        pen.fillStyle = colour(ground);
        pen.fillRect(0, 0, 6, 6);
      }
      pen.strokeStyle = colour(name);
      pen.lineWidth = 1.4;
      pen.beginPath();
      for (const shift of [-6, 0, 6]) {
        pen.moveTo(shift, 6);
        pen.lineTo(shift + 6, 0);
      }
      pen.stroke();
      hatches[key] = { image: tile, repeat: "repeat", scaleX: 1 / ratio, scaleY: 1 / ratio };
    }
    return hatches[key];
  }

  const alone = /^var\(--([\w-]+)\)$/;

  // The same options with colours in the place of var(--name). Rows of plain numbers are passed on as they are.
  function coloured(value) {
    if (typeof value === "string") {
      const name = alone.exec(value);
      return name ? colour(name[1]) : value;
    }
    if (Array.isArray(value)) return plain(value[0]) ? value : value.map(coloured);
    if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
  }

  const plain = (item) => typeof item === "number" || (Array.isArray(item) && item.length > 1 && typeof item[0] === "number");

  // A key that begins with a colon is JavaScript, as NiceGUI has it.
  function living(value) {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return plain(value[0]) ? value : value.map(living);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
      key.startsWith(":") ? [key.slice(1), new Function(`return (${inner})`)()] : [key, living(inner)]));
  }

  function theme() {
    const ink = colour("ink"), soft = colour("soft"), line = colour("line"), font = colour("font");
    const axis = {
      axisLine: { lineStyle: { color: colour("grid-strong") } },
      axisTick: { lineStyle: { color: colour("grid-strong") } },
      axisLabel: { color: soft, fontFamily: font },
      nameTextStyle: { color: soft, fontFamily: font },
      splitLine: { lineStyle: { color: colour("grid") } },
      splitArea: { areaStyle: { color: ["transparent", "transparent"] } },
    };
    return {
      backgroundColor: "transparent",
      color: ["executing", "booking", "available", "out-of-service", "committed", "not-executing"].map(colour),
      textStyle: { color: ink, fontFamily: font },
      title: { textStyle: { color: ink, fontFamily: font }, subtextStyle: { color: soft } },
      legend: { textStyle: { color: soft, fontFamily: font }, inactiveColor: line },
      tooltip: {
        backgroundColor: colour("card"), borderColor: line, borderWidth: 1, padding: [8, 12],
        textStyle: { color: ink, fontSize: 12, fontFamily: font },
        axisPointer: { lineStyle: { color: soft }, crossStyle: { color: soft },
          label: { color: colour("card"), backgroundColor: soft } },
      },
      visualMap: { textStyle: { color: soft } },
      timeAxis: axis, valueAxis: axis, categoryAxis: axis, logAxis: axis,
      dataZoom: { borderColor: line, fillerColor: colour("accent-soft"), textStyle: { color: soft },
        handleStyle: { color: colour("card"), borderColor: colour("soft") }, moveHandleStyle: { color: colour("soft") },
        dataBackground: { lineStyle: { color: line }, areaStyle: { color: line } } },
      graph: { color: ["executing", "booking", "available", "out-of-service", "committed"].map(colour),
        lineStyle: { color: colour("grid-strong") } },
    };
  }

  // Runs `work` with the chart once NiceGUI made it; a chart in a hidden part of the page is made later.
  function whenThere(id, work, tries = 600) {
    const made = window.getElement?.(id)?.chart;
    if (made?.getOption()) work(adopted(id, made));
    else if (tries) setTimeout(() => whenThere(id, work, tries - 1), 20);
  }

  function adopted(id, made) {
    let one = charts.get(id);
    if (one?.chart === made) return one;
    one = { chart: made, options: {}, said: "" };
    charts.set(id, one);
    const resize = made.resize.bind(made);
    // A chart that was told its size before it was drawn need not be drawn again when the browser tells it too.
    made.resize = (how) => {
      const { clientWidth, clientHeight } = made.getDom();
      if (how || clientWidth !== made.getWidth() || clientHeight !== made.getHeight()) resize(how);
    };
    made.setTheme(theme());
    return one;
  }

  // All of the chart anew.
  function show(id, options) {
    whenThere(id, (one) => {
      one.options = living(options);
      one.chart.setOption(coloured(one.options), { notMerge: true });
    });
  }

  // What differs: series and axes by their id, anything else as it comes.
  function merge(id, fresh) {
    whenThere(id, (one) => {
      const told = living(fresh);
      one.options = joined(one.options, told);
      one.chart.setOption(coloured(told));
    });
  }

  function joined(old, fresh) {
    const found = { ...old };
    for (const [key, value] of Object.entries(fresh)) {
      const was = found[key];
      if (Array.isArray(value) && Array.isArray(was) && value[0]?.id !== undefined) {
        const anew = new Map(value.map((part) => [part.id, part]));
        found[key] = was.map((part) => ({ ...part, ...anew.get(part.id) }));
      } else if (value?.constructor === Object && was?.constructor === Object) found[key] = { ...was, ...value };
      else found[key] = value;
    }
    return found;
  }

  // What the page's class says is written anew with whatever changes on the page; only another look is to be painted.
  let look = "";
  function repaint() {
    if (look === document.body.className) return;
    look = document.body.className;
    for (const [id, one] of charts) {
      if (one.chart.isDisposed()) charts.delete(id);
      else {
        one.chart.setTheme(theme());
        one.chart.setOption(coloured(one.options));
      }
    }
  }

  // The chart as it stands, as a PNG file.
  function picture(id, name) {
    whenThere(id, ({ chart }) => {
      const link = document.createElement("a");
      link.download = name;
      link.href = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: colour("card"), excludeComponents: ["toolbox", "dataZoom"] });
      link.click();
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    look = document.body.className;
    new MutationObserver(repaint).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });

  return { show, merge, picture, colour, hatch, whenThere };
})();
