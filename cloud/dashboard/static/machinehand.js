// How a machine's chart is zoomed, panned, hovered and asked about: by pointer, touch and keys. static/machine.js does it.
"use strict";

window.thirdshiftHand = (() => {
  function listen(axis, chart) {
    const { width, moment, show, hide, move, zoom, pan, ask } = chart;
    const down = new Map();
    let began = null;
    const x = (event) => event.clientX - axis.getBoundingClientRect().left;
    axis.addEventListener("pointerdown", (event) => {
      down.set(event.pointerId, x(event));
      began = { view: [...chart.view()], at: [...down.values()], moved: false };
    });
    axis.addEventListener("pointermove", (event) => {
      if (!chart.shown()) return;
      if (!down.has(event.pointerId) || !began) return show(moment(x(event)));
      down.set(event.pointerId, x(event));
      const at = [...down.values()], per = (began.view[1] - began.view[0]) / width();
      if (at.length === 2 && began.at.length === 2) {
        const was = Math.abs(began.at[0] - began.at[1]) || 1, is = Math.max(Math.abs(at[0] - at[1]), 8);
        const middle = began.view[0] + (began.at[0] + began.at[1]) / 2 * per, factor = was / is;
        began.moved = true;
        move(middle - (middle - began.view[0]) * factor, middle + (began.view[1] - middle) * factor);
      } else if (Math.abs(at[0] - began.at[0]) > 4 || began.moved) {
        if (!began.moved) axis.setPointerCapture(event.pointerId);
        began.moved = true;
        hide();
        move(began.view[0] - (at[0] - began.at[0]) * per, began.view[1] - (at[0] - began.at[0]) * per);
      }
    });
    const up = (event) => {
      const still = began && !began.moved && down.has(event.pointerId) && event.type === "pointerup";
      down.delete(event.pointerId);
      if (still && chart.shown()) ask(moment(x(event)));
      if (!down.size) began = null;
    };
    axis.addEventListener("pointerup", up);
    axis.addEventListener("pointercancel", up);
    axis.addEventListener("pointerleave", () => { if (!down.size && document.activeElement !== axis) hide(); });
    axis.addEventListener("wheel", (event) => {
      if (!chart.shown() || !(event.ctrlKey || event.metaKey || document.activeElement === axis)) return;
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / width());
      else zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), moment(x(event)));
    }, { passive: false });
    axis.addEventListener("keydown", (event) => key(event, axis, chart));
    axis.addEventListener("blur", hide);
  }

  function key(event, axis, { view, cursor, shown, show, hide, zoom, pan, ask }) {
    if (!shown() || event.target !== axis) return;
    const [start, end] = view(), middle = cursor() ?? (start + end) / 2, step = (end - start) / 60;
    const doing = {
      ArrowLeft: () => (event.shiftKey ? pan(-0.25) : show(Math.max(start, middle - step), true)),
      ArrowRight: () => (event.shiftKey ? pan(0.25) : show(Math.min(end, middle + step), true)),
      "+": () => zoom(0.5, middle),
      "=": () => zoom(0.5, middle),
      "-": () => zoom(2, middle),
      Enter: () => ask(middle),
      Escape: hide,
    }[event.key];
    if (!doing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    doing();
  }

  return { listen };
})();
