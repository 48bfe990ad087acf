// What the page can do beyond being read: hide arms, sort tables, say what a mark shows, choose light or dark.
// Without it everything is visible, and nothing pretends to be a button.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const button = (kind, press) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.addEventListener("click", press);
  return made;
};

// Light or dark: the system's choice until the reader makes another, which is remembered.
const theme = (tools) => {
  const KEY = "pooling-report-theme";
  const recall = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (name) => { try { localStorage.setItem(KEY, name); } catch { /* not everywhere allowed */ } };
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const toggle = button("plain", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
    show();
  });
  const show = () => { toggle.textContent = isDark() ? "Light" : "Dark"; };
  toggle.id = "theme";
  if (["light", "dark"].includes(recall())) root.dataset.theme = recall();
  system.addEventListener("change", show);
  show();
  tools.append(toggle);
};

// An arm that is hidden is gone from every plot and table; what is about two arms goes with either.
const arms = () => {
  const hidden = new Set();
  const switches = new Map();
  const show = () => {
    for (const part of all("[data-arms]")) {
      part.classList.toggle("off", part.dataset.arms.split(" ").some((arm) => hidden.has(arm)));
    }
    for (const [arm, made] of switches) made.setAttribute("aria-pressed", String(!hidden.has(arm)));
    everything.hidden = hidden.size === 0;
    nothing.hidden = switches.size < 3 || hidden.size === switches.size;
  };
  for (const chip of all("[data-arm]")) {
    const { arm } = chip.dataset;
    const made = button("chip", () => {
      if (!hidden.delete(arm)) hidden.add(arm);
      show();
    });
    made.title = "Hide or show this arm everywhere";
    made.append(...chip.childNodes);
    chip.replaceWith(made);
    switches.set(arm, made);
  }
  const legend = document.querySelector(".legend");
  if (!legend) return;
  const everything = button("plain", () => { hidden.clear(); show(); });
  everything.textContent = "Show all";
  const nothing = button("plain", () => { for (const arm of switches.keys()) hidden.add(arm); show(); });
  nothing.textContent = "Hide all";
  const last = document.createElement("li");
  last.append(everything, nothing);
  // Behind many arms nobody would find them.
  if (switches.size > 12) legend.prepend(last); else legend.append(last);
  show();
};

// A cell's figure is its first number; cells without one come last, whatever the direction.
const figure = (cell) => {
  const found = cell.textContent.replaceAll(",", "").trim().match(/^[-−+]?\d+(\.\d+)?(e[-+]?\d+)?/);
  return found ? Number(found[0].replace("−", "-")) : null;
};

const compare = (one, other) => {
  const [left, right] = [figure(one), figure(other)];
  if (left !== null && right !== null) return left - right;
  return one.textContent.trim().localeCompare(other.textContent.trim(), undefined, { numeric: true });
};

const isEmpty = (cell) => ["", "-"].includes(cell.textContent.trim());

const sorting = (table) => {
  const heads = all("thead th", table);
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const made = button("", () => {
      const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      const sign = direction === "ascending" ? 1 : -1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", direction);
      const order = (one, other) => {
        const [left, right] = [one.cells[column], other.cells[column]];
        return isEmpty(left) - isEmpty(right) || sign * compare(left, right);
      };
      body.append(...[...body.rows].sort(order));
    });
    made.append(...head.childNodes);
    head.append(made);
  });
};

// What a mark shows, at the pointer, under a finger, or by the arrow keys when its plot has the focus.
const tips = () => {
  const REACH = 22;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);
  let shown = null;

  const hide = () => {
    shown?.classList.remove("at");
    shown = null;
    tip.hidden = true;
  };
  const middle = (mark) => {
    const { left, top, width, height } = mark.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const show = (mark) => {
    if (mark === shown) return;
    hide();
    shown = mark;
    mark.classList.add("at");
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    place();
  };
  const place = () => {
    if (!shown) return;
    const [x, y] = middle(shown);
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x - width / 2, innerWidth - width - 8))}px`;
    tip.style.top = `${y > height + 24 ? y - height - 14 : y + 16}px`;
  };
  const visible = (plot) => all(".mark", plot).filter((mark) => mark.getClientRects().length > 0);
  const nearest = (plot, x, y) => {
    let [best, least] = [null, REACH];
    for (const mark of visible(plot)) {
      const [left, top] = middle(mark);
      const distance = Math.hypot(left - x, top - y);
      if (distance < least) [best, least] = [mark, distance];
    }
    return best;
  };
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const step = (plot, event) => {
    if (event.key === "Escape") hide();
    if (!(event.key in STEPS)) return;
    const marks = visible(plot);
    if (marks.length === 0) return;
    event.preventDefault();
    const from = marks.indexOf(shown);
    const next = from < 0 ? 0 : (from + STEPS[event.key] + marks.length) % marks.length;
    marks[next].scrollIntoView({ block: "nearest" });
    show(marks[next]);
  };

  // The browser's own tip would come on top of ours.
  for (const mark of all(".mark")) {
    const title = mark.querySelector("title");
    mark.dataset.tip = title.textContent;
    title.remove();
  }
  for (const plot of all(".stack")) {
    if (!plot.querySelector(".mark")) continue;
    plot.tabIndex = 0;
    const point = (event) => {
      const mark = event.target.closest(".mark") ?? nearest(plot, event.clientX, event.clientY);
      if (mark) show(mark); else hide();
    };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => step(plot, event));
  }
  addEventListener("scroll", place, { passive: true });
};

arms();
theme(document.querySelector(".tools"));
all("table.sortable").forEach(sorting);
tips();
