// Hierarchies of quasi-identifiers, edited while what is at risk is seen.
import { Bars, Choice, Field, html, number, percent, save, t, useEffect, useState } from "./parts.js";

export function Hierarchies({ state, act, busy, set }) {
  const s = state.settings, [told, setTold] = useState(null), [looked, look] = useState({}), isWhole = s.method === "lattice";
  const quasi = state.columns.filter((c) => c.role === "quasi_identifier").map((c) => c.name);
  // Levels of whole columns are the run's; class by class they are only looked at, and edited.
  const levels = Object.fromEntries(Object.entries(isWhole ? s.levels : looked).filter(([name]) => quasi.includes(name)));
  const about = JSON.stringify([levels, state.edits, s.k, quasi]);
  const move = (name, to) => { const { [name]: _, ...rest } = levels; const now = to === null ? rest : { ...rest, [name]: to }; return isWhole ? set({ levels: now }) : look(now); };
  // An answer to what is no longer asked is not shown. A hierarchy that has become lower takes its level along.
  useEffect(() => {
    let on = true;
    if (quasi.length) act.ask("/api/risk", { levels }).then((found) => {
      if (!on || !found) return;
      setTold(found);
      const high = found.columns.find((c) => levels[c.name] > c.height);
      if (high) move(high.name, high.height);
    });
    return () => { on = false; };
  }, [about]);
  const edit = (said) => act.say("/api/hierarchy", said);
  if (!quasi.length) return "";
  const files = [...new Set(state.edits.map((e) => e.column))].filter((name) => quasi.includes(name));
  return html`<section aria-labelledby="hier-title" id="hierarchies"><h2 id="hier-title">${t("hier")}</h2><p class="soft">${t("hier_says")}</p>
    <div class="fields"><${Choice} label=${t("hier_method")} value=${s.method} of=${["mondrian", "lattice"]} names=${(one) => t(`hier_${one}`)} set=${(method) => set({ method, levels: {} })} />
      ${s.method === "lattice" ? html`<${Field} label=${t("hier_suppress")} type="number" min="0" max="0.99" step="any" value=${s.max_suppression} set=${(v) => set({ max_suppression: v ?? 0 })} />` : ""}</div>
    <p class="small soft">${t(`hier_${s.method}_says`)}</p>
    ${told && told.risk ? html`<${Risk} risk=${told.risk} s=${s} isSet=${isWhole && quasi.every((name) => name in levels)} />` : ""}
    ${told ? told.columns.map((c) => html`<${Level} key=${c.name} c=${c} busy=${busy} edit=${edit} isWhole=${isWhole} isSet=${c.name in levels} move=${(to) => move(c.name, to)} file=${files.includes(c.name) ? `hierarchy-${quasi.filter((name) => files.includes(name)).indexOf(c.name) + 1}.csv` : null} act=${act} />`) : ""}
    ${state.edits.length ? html`<p><button type="button" class="quiet" id="hier-undo" onClick=${() => edit({ do: "undo" })}>${t("hier_undo")}</button></p>` : ""}</section>`;
}

function Risk({ risk, s, isSet }) {
  const k = s.k, most = s.method === "lattice" ? Math.floor(s.max_suppression * risk.rows + 1e-9) : 0;
  const counts = risk.sizes.map((n) => number(n)).join(", ");
  return html`<div class="risk" role="status" id="risk"><h3>${t("risk")}</h3>
    ${isSet && risk.below > most ? html`<p class="warn" id="too-many">${t("hier_too_many", { below: number(risk.below), most: number(most) })}</p>` : ""}
    <p class=${risk.below ? "warn" : ""} id="risk-below">${risk.below ? t("risk_below", { below: number(risk.below), rows: number(risk.rows), share: percent(risk.below / risk.rows), k }) : t("risk_none", { k })}</p>
    <p class="small">${t("risk_classes", { classes: number(risk.classes), smallest: number(risk.smallest), highest: percent(risk.highest), mean: percent(risk.mean), loss: percent(risk.loss) })}</p>
    <${Bars} counts=${risk.sizes} label=${t("risk_sizes", { counts })} /><small class="soft">1 · 2 · 3-4 · 5-9 · 10-19 · 20-49 · 50-99 · 100+</small></div>`;
}

function Level({ c, busy, edit, move, isWhole, isSet, file, act }) {
  const [ticked, tick] = useState([]), [name, setName] = useState(""), [at, setAt] = useState(""), [shown, show] = useState(c.level);
  useEffect(() => { tick([]); show(c.level); }, [c.level, c.counts.join()]);
  const middle = c.level > 0 && c.level < c.height;
  const says = shown === 0 ? t("level_value") : shown === c.height ? t("level_all") : t("level_says", { level: shown, height: c.height, n: number(c.counts[shown] ?? 0) });
  const merge = async () => { if (await edit({ column: c.name, do: "merge", level: c.level, labels: ticked, name: name || ticked.join(" | ") })) setName(""); };
  const numbers = at.split(/[,;\s]+/).filter(Boolean).map(Number);
  return html`<div class="level"><h3>${c.name}</h3>
    <p><input type="range" min="0" max=${c.height} value=${shown} data-level=${c.name} aria-label=${t("level_of", { column: c.name })} aria-valuetext=${says} onInput=${(e) => show(Number(e.target.value))} onChange=${(e) => move(Number(e.target.value))} /> <span class="small">${says}</span>
      ${!isWhole ? "" : isSet ? html` <button type="button" class="quiet" data-free=${c.name} onClick=${() => move(null)}>${t("hier_free")}</button>` : html` <small class="soft">${t("hier_searched")}</small>`}</p>
    <ul class="groups">${c.groups.map(([label, n]) => html`<li>${middle ? html`<label><input type="checkbox" aria-label=${t("hier_tick", { label, n: number(n) })} checked=${ticked.includes(label)} onChange=${(e) => tick(e.target.checked ? [...ticked, label] : ticked.filter((one) => one !== label))} /> ${label}</label>` : label} <small class="soft">${number(n)}</small></li>`)}${c.counts[c.level] > c.groups.length ? html`<li class="soft">… ${t("n_levels", { n: number(c.counts[c.level]) })}</li>` : ""}</ul>
    <div class="tools">${middle ? html`<div class="field"><label for=${`merge-${file}-${c.height}`}>${t("merge_name")}</label><input id=${`merge-${file}-${c.height}`} data-merge=${c.name} value=${name} maxlength="120" onInput=${(e) => setName(e.target.value)} /></div>
        <button type="button" class="quiet" disabled=${busy || ticked.length < 2} onClick=${merge}>${t("merge")}</button>
        <button type="button" class="quiet" disabled=${busy} onClick=${() => edit({ column: c.name, do: "drop", level: c.level })}>${t("drop_level")}</button>` : ""}
      ${c.is_number ? html`<div class="field"><label>${t("cut_at")} <input data-cut=${c.name} value=${at} placeholder=${t("cut_hint")} onInput=${(e) => setAt(e.target.value)} /></label></div><button type="button" class="quiet" disabled=${busy || !numbers.length || numbers.some(Number.isNaN)} onClick=${() => edit({ column: c.name, do: "cut", at: numbers })}>${t("cut")}</button>` : ""}
      <button type="button" class="quiet" disabled=${busy} onClick=${() => edit({ column: c.name, do: "add" })}>${t("add_level")}</button>
      ${c.own ? html`<button type="button" class="quiet" disabled=${busy} onClick=${() => edit({ column: c.name, do: "reset" })}>${t("hier_reset")}</button>` : ""}
      ${file ? html`<button type="button" class="quiet" onClick=${async () => { const found = await act.ask("/api/save", { what: file }); if (found) save(found.address); }}>${t("hier_save")}</button>` : ""}</div></div>`;
}
