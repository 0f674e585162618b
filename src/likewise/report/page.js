// Sorts the columns; draws the pairs with Vega-Lite, which is unpacked when a picture first comes into view.
"use strict";
const byId = (id) => document.getElementById(id);

for (const button of document.querySelectorAll(".sort button[data-by]")) {
  button.addEventListener("click", () => {
    const list = document.querySelector(".columns");
    const key = button.dataset.by;
    const cards = [...list.children];
    cards.sort((a, b) =>
      key === "name" ? a.dataset.name.localeCompare(b.dataset.name) : Number(a.dataset[key]) - Number(b.dataset[key]));
    list.append(...cards);
    for (const other of document.querySelectorAll(".sort button[data-by]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}

// Search by name, and the switch for columns beyond their floor.
const find = byId("find"), only = byId("beyond");
function filter() {
  const wanted = find.value.trim().toLocaleLowerCase(), isOnly = only?.getAttribute("aria-pressed") === "true";
  let n = 0;
  for (const card of document.querySelectorAll(".columns > li")) {
    card.hidden = !card.dataset.name.toLocaleLowerCase().includes(wanted) || (isOnly && !card.classList.contains("beyond"));
    n += !card.hidden;
  }
  byId("found").textContent = wanted || isOnly ? byId("found").dataset.told.replace("{n}", n) : "";
}
find?.addEventListener("input", filter);
only?.addEventListener("click", () => {
  only.setAttribute("aria-pressed", String(only.getAttribute("aria-pressed") !== "true"));
  filter();
});

// What a bin holds stands where the column's figure stood, as long as a finger or the mouse is on it.
const percent = (s) => (s / 100).toFixed(s < 1000 ? 1 : 0) + "\u00a0%";
for (const picture of document.querySelectorAll(".hist[data-bins]")) {
  const line = picture.parentElement.querySelector(".apart"), before = line?.innerHTML;
  const words = document.querySelector(".columns")?.dataset.told ?? "{label}: {real} / {synthetic}";
  const tell = (event) => {
    const bins = JSON.parse(picture.dataset.bins), box = picture.getBoundingClientRect();
    const at = Math.floor((bins.length * (event.clientX - box.left)) / box.width);
    const [label, real, synthetic] = bins[Math.max(0, Math.min(bins.length - 1, at))];
    line.textContent = fill(words, { label, real: percent(real), synthetic: percent(synthetic) });
  };
  picture.addEventListener("pointermove", tell);
  picture.addEventListener("pointerdown", tell);
  picture.addEventListener("pointerleave", () => { line.innerHTML = before; });
}

// What is folded is printed too.
addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll("details.fold")) fold.open = true; });

let unpacked = null;
function unpack() {
  unpacked ??= (async () => {
    const bytes = Uint8Array.from(atob(byId("vega").textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  })();
  return unpacked;
}

async function draw(place, spec, onClick) {
  await unpack();
  const compiled = vegaLite.compile(spec).spec;
  // Vega names and describes its container anew; the place around it keeps our own words.
  const inner = document.createElement("div");
  inner.setAttribute("aria-hidden", "true");
  place.replaceChildren(inner);
  const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
    expr: vega.expressionInterpreter, renderer: "svg", container: inner, hover: false, logLevel: vega.Warn,
  });
  if (onClick) view.addEventListener("click", (_, item) => item?.datum && onClick(item.datum));
  await view.runAsync();
  place.dataset.drawn = "yes";
}

if (byId("data")) pairs(JSON.parse(byId("data").textContent));

function pairs(data) {
  const { names, shown, words } = data;
  const two = (x) => (x === null ? "–" : x.toFixed(2));
  const told = ([a, b, real, synthetic, gap]) => fill(words.pair_told,
    { a: names[a], b: names[b], real: two(real), synthetic: two(synthetic), gap: gap === null ? "–" : gap.toFixed(3) });
  const sign = (x) => (x === null ? "none" : x < 0 ? "less" : "more");
  const cells = { strengths: [], errors: [] };
  data.pairs.forEach((pair, k) => {
    const [a, b, real, synthetic, gap, over] = pair;
    if (a >= shown || b >= shown) return;
    const [i, j] = a < b ? [a, b] : [b, a];
    const cell = (x, y, value, shade) => (
      { x: names[x], y: names[y], sign: shade ?? sign(value), size: value === null ? 1 : Math.abs(value), told: told(pair), k });
    cells.strengths.push(cell(i, j, real), cell(j, i, synthetic));
    cells.errors.push(cell(i, j, over, gap === null ? "none" : "less"), cell(j, i, over, gap === null ? "none" : "less"));
  });
  for (const name of ["strengths", "errors"]) {
    const spec = { ...data.specs[name], data: { values: cells[name] } };
    whenSeen(byId(name), () => draw(byId(name), spec, (cell) => show(cell.k, true)));
  }
  const select = byId("pair");
  if (!select) return;
  select.addEventListener("change", () => show(Number(select.value), false));
  whenSeen(byId("pair-real"), () => show(Number(select.value), false));
  for (const link of document.querySelectorAll("a[data-pairs]")) {
    link.addEventListener("click", () => {
      const own = names.indexOf(link.dataset.pairs);
      const found = [...select.options].find((one) => data.pairs[one.value].slice(0, 2).includes(own));
      if (found) show(Number(found.value), false);
    });
  }

  async function show(k, clicked) {
    const grid = data.grids[k];
    if (grid) select.value = String(k);
    const [x, y, real, synthetic] = grid ?? [[], [], [], []];
      const top = Math.max(...real, ...synthetic, 1);
    const difference = real.map((r, c) => synthetic[c] - r);
    const worst = difference.reduce((best, d, c) => (Math.abs(d) > Math.abs(difference[best] ?? 0) ? c : best), 0);
    const place = (c) => [x[c % x.length], y[Math.floor(c / x.length)]];
    const of = (c) => ({ x: place(c)[0], y: place(c)[1], real: percent(real[c]), synthetic: percent(synthetic[c]) });
    byId("pair-told").textContent = told(data.pairs[k]) + " " + (grid ? fill(words.pair_worst, of(worst)) : words.no_grid);
    const sides = {
      real: [real, top], synthetic: [synthetic, top], difference: [difference, Math.max(...difference.map(Math.abs), 1)],
    };
    for (const [name, [values, most]] of Object.entries(sides)) {
      const spec = structuredClone(data.specs[name]);
      spec.data = { values: values.map((v, c) => ({
        ...of(c), size: Math.abs(v) / most, sign: sign(v),
        told: `${place(c).join(", ")}: ${words.real} ${of(c).real}, ${words.synthetic} ${of(c).synthetic}` })) };
      spec.encoding.x.scale.domain = x;
      // Numbers grow upwards, levels are read from the top.
      spec.encoding.y.scale.domain = y[0]?.startsWith("< ") ? [...y].reverse() : y;
      if (grid) await draw(byId("pair-" + name), spec);
      else byId("pair-" + name).replaceChildren();
    }
    if (clicked) byId("pair-head").scrollIntoView({ block: "nearest" });
  }
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

// Draws a picture when it comes near the window, or when the browser has nothing else to do (so that it prints).
function whenSeen(place, work) {
  let done = false;
  const once = () => { if (!done) { done = true; seen.disconnect(); work(); } };
  const seen = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && once(), { rootMargin: "300px" });
  seen.observe(place);
  (window.requestIdleCallback ?? ((f) => setTimeout(f, 500)))(once, { timeout: 4000 });
}
