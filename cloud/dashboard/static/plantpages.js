// Pages of the table of machines: which part of a long list is shown, and the buttons that turn to the next.
"use strict";

window.thirdshiftPlantPages = (() => {
  const { words, make, say } = thirdshiftPlantTold;
  const MOST = 50;

  function pager(turned) {
    let page = 0, pages = 1;
    const bar = make("nav", "pager", undefined, { "aria-label": words("pages"), hidden: "" });
    const step = (text, key, by) => {
      const made = make("button", "quiet", text, { type: "button", "aria-label": words(key), title: words(key) });
      made.addEventListener("click", () => { page += by; turned(); });
      return made;
    };
    const before = step("←", "page_before", -1), after = step("→", "page_after", 1), where = make("span", "zone", "", { role: "status" });
    bar.append(before, where, after);

    function cut(all) {
      pages = Math.max(1, Math.ceil(all.length / MOST));
      page = Math.min(page, pages - 1);
      bar.hidden = pages === 1;
      before.disabled = page === 0;
      after.disabled = page === pages - 1;
      say(where, words("page", { page: page + 1, pages, first: page * MOST + 1, last: Math.min(all.length, (page + 1) * MOST) }));
      return all.slice(page * MOST, (page + 1) * MOST);
    }

    return { bar, cut, first: () => { page = 0; } };
  }

  return { pager };
})();
