// Rows under conditions, and what is handed out.
import { Choice, Field, html, language, number, percent, save, t, Table, useEffect, useState } from "./parts.js";
import { name } from "./out.js";
import { OVER, Progress } from "./train.js";

const OF_TABLES = ["rows", "drawn", "schema"];
const SIGNS = ["=", "!=", ">=", "<=", ">", "<", "missing"];

export function Rows({ state, act, busy }) {
  const done = state.runs.filter((run) => run.files.includes("model") && run.preview), [chosen, choose] = useState(null);
  const run = done.find((one) => one.id === chosen) || done[done.length - 1];
  const [where, setWhere] = useState(state.where), [n, setN] = useState(state.n_rows), [seed, setSeed] = useState(state.draw_seed), [mix, setMix] = useState(Object.keys(state.mix).length ? state.mix : null), [odds, setOdds] = useState(null);
  useEffect(() => {
    let on = true;
    if (run) act.ask("/api/odds", { run: run.id, where }).then((found) => on && setOdds(found));
    return () => { on = false; };
  }, [run && run.id, where.join("\n")]);
  const released = state.runs.filter((one) => one.preview);
  if (!released.length) return html`<p>${t("no_run")} <a href="#train">${t("screen_train")}</a></p>`;
  const jobs = state.jobs.filter((job) => job.kind === "draw"), job = jobs[jobs.length - 1];
  return html`${done.length > 1 ? html`<${Choice} label=${t("run")} value=${run.id} of=${done.map((one) => one.id)} names=${(id) => name(done.find((one) => one.id === id))} set=${choose} />` : ""}
    ${run ? html`<section aria-labelledby="where-title"><h2 id="where-title">${t("conditions")}</h2>
      <${Builder} columns=${state.columns.filter((c) => c.role !== "drop" && !["id", "entity"].includes(c.role))} where=${where} set=${setWhere} ofRows=${run.settings.time !== null} />
      <p role="status" id="odds">${odds && odds.drawn ? says(odds, n) : ""}</p>
      ${odds && odds.classes && odds.classes.drawn ? html`<${Mix} odds=${odds} mix=${mix} set=${setMix} />` : ""}
      <div class="fields"><${Field} label=${t(run.settings.time ? "how_many_entities" : "how_many")} type="number" min="1" value=${n} set=${(v) => setN(v || 1)} /><${Field} label=${t("seed")} type="number" min="0" value=${seed} set=${(v) => setSeed(v || 0)} /></div>
      <p><button type="button" id="draw" disabled=${busy} onClick=${() => act.say("/api/draw", { run: run.id, where, rows: n, seed, mix: mix || {} })}>${t("draw")}</button></p>
      ${job && !(job.status === "done") ? html`<${Progress} job=${job} act=${act} />` : ""}${job && !OVER.includes(job.status) && job.search ? html`<p class="small">${t("search_says", { found: number(job.search.found), tried: number(job.search.tried) })}</p>` : ""}
      ${run.drawn ? html`<h3>${t("drawn", { n: number(run.drawn.n) })}</h3><${Table} shown=${run.drawn} />` : ""}</section>` : ""}
    ${run && run.settings.time && run.settings.purpose !== "budget" ? html`<${GoOn} run=${run} state=${state} act=${act} busy=${busy} seed=${seed} />` : ""}
    <${Release} runs=${released} now=${run || released[released.length - 1]} act=${act} />
    <section aria-labelledby="trail-title"><h2 id="trail-title">${t("trail")}</h2><p class="soft small">${t("trail_says")}</p>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("trail")}><ol class="trail">${state.trail.map(({ at, did, ...what }) => html`<li><time datetime=${at}>${at.slice(11, 19)}</time> ${t(`did_${did}`)} <code>${JSON.stringify(what)}</code></li>`)}</ol></div>
      <p><button type="button" class="quiet" onClick=${async () => save((await act.ask("/api/save", { what: "trail.json" })).address)}>${t("save_trail")}</button></p></section>`;
}

// Histories that there are, and what follows them: a forecast.
function GoOn({ run, state, act, busy, seed }) {
  const [steps, setSteps] = useState(state.steps || 5);
  return html`<section aria-labelledby="on-title"><h2 id="on-title">${t("go_on")}</h2><p class="soft small">${t("go_on_says")}</p>
    <div class="fields"><${Field} id="steps" label=${t("go_on_steps")} type="number" min="1" value=${steps} set=${(v) => setSteps(v || 1)} /></div>
    <p><button type="button" class="quiet" id="go-on" disabled=${busy} onClick=${() => act.say("/api/draw", { run: run.id, seed, steps })}>${t("go_on")}</button></p>
    ${run.longer ? html`<h3>${t("go_on_last", { n: number(run.longer.n) })}</h3><${Table} shown=${run.longer} />` : ""}</section>`;
}

// What was measured before anything is drawn; a model cannot tell what is rare from what is impossible.
function says(odds, n) {
  const share = odds.drawn.meet / odds.drawn.rows;
  const parts = [t("odds_drawn", { share: percent(share), rows: number(odds.drawn.rows) })];
  if (odds.real) parts.unshift(t("odds_real", { meet: number(odds.real.meet), rows: number(odds.real.rows) }));
  if (odds.real && odds.real.meet < 5) parts.push(t("odds_unseen"));
  else if (share === 0) parts.push(t("odds_none"));
  else if (share < 1) parts.push(t("odds_cost", { tries: number(Math.ceil(n / share)), rows: number(n) }));
  return parts.join(" ");
}

// Shares of the target's classes: a slider each, which always add up to a hundred.
function Mix({ odds, mix, set }) {
  const drawn = odds.classes.drawn, total = drawn.reduce((sum, [, n]) => sum + n, 0), real = odds.classes.real;
  const as_come = () => { const rest = drawn.slice(1).map(([level, n]) => [level, Math.round((100 * n) / (total || 1))]); return Object.fromEntries([[drawn[0][0], 100 - rest.reduce((sum, [, p]) => sum + p, 0)], ...rest]); };
  const move = (level, to) => {
    const others = drawn.map(([one]) => one).filter((one) => one !== level), left = 100 - to, sum = others.reduce((s, one) => s + mix[one], 0);
    const parts = others.map((one) => Math.floor(sum ? (left * mix[one]) / sum : left / others.length));
    parts[0] += left - parts.reduce((s, p) => s + p, 0);
    set({ [level]: to, ...Object.fromEntries(others.map((one, k) => [one, parts[k]])) });
  };
  const meet = (list, level) => (list || []).find(([one]) => one === level)?.[1] ?? 0;
  const scarce = mix && drawn.find(([level, n]) => mix[level] > 0 && n === 0);
  return html`<fieldset class="plain" id="mix"><legend class="unseen">${t("mix_title", { target: odds.target })}</legend>
    <label><input type="checkbox" checked=${mix !== null} onChange=${(e) => set(e.target.checked ? as_come() : null)} /> ${t("mix_title", { target: odds.target })}</label>
    ${mix ? html`<ul class="mix">${drawn.map(([level, n]) => html`<li><label><span>${level}</span> <input type="range" min="0" max="100" value=${mix[level]} aria-valuetext=${`${mix[level]} %`} onInput=${(e) => move(level, Number(e.target.value))} /></label> <output>${mix[level]} %</output>
      <span class="soft small">${t("mix_drawn", { share: percent(total ? n / total : 0) })}${real ? ` ${t("mix_real", { n: number(meet(real, level)) })}` : ""}</span></li>`)}</ul>
      ${scarce ? html`<p class="warn small">${t("mix_none", { level: scarce[0] })}</p>` : ""}` : ""}</fieldset>`;
}

// Conditions: a list of texts, and what makes one more.
// Of histories, also on which of their rows.
export function Builder({ columns, where, set, ofRows }) {
  const [column, setColumn] = useState(columns[0]?.name), [sign, setSign] = useState("="), [value, setValue] = useState("");
  const known = columns.find((c) => c.name === column) || columns[0];
  const [which, setWhich] = useState("some");
  if (!known) return "";
  const of = ofRows && which ? `${known.name}[${which}]` : known.name;
  const build = () => { set([...where, sign === "missing" ? `${of}=` : `${of}${sign}${value}`]); setValue(""); };
  return html`<form class="fields" onSubmit=${(e) => { e.preventDefault(); build(); }}>
    <${Choice} label=${t("column")} value=${column} of=${columns.map((c) => c.name)} set=${setColumn} />${ofRows ? html`<${Choice} id="which" label=${t("which")} value=${which} of=${["some", "every", "0", "-1", ""]} names=${(one) => t(`which_${{ 0: "first", "-1": "last" }[one] || one || "none"}`)} set=${setWhich} />` : ""}<${Choice} label=${t("sign")} value=${sign} of=${SIGNS} names=${(s) => (s === "missing" ? t("is_missing") : s)} set=${setSign} />
    ${sign === "missing" ? "" : html`<div class="field"><label for="value">${t("value")}</label><input id="value" list="values" value=${value} onInput=${(e) => setValue(e.target.value)} placeholder=${known.bins ? `${known.bins.low}..${known.bins.high}` : ""} />
      <datalist id="values">${(known.levels_shown || []).map((level) => html`<option value=${level[0]}></option>`)}</datalist><small class="soft">${t("value_hint")}</small></div>`}
    <div class="field"><span class="label" aria-hidden="true"> </span><button type="submit" id="add">${t("add")}</button></div></form>
    <ul class="where">${where.map((text, k) => html`<li><code>${text}</code> <button type="button" class="quiet" aria-label=${t("remove_condition", { text })} onClick=${() => set(where.filter((_, i) => i !== k))}>×</button></li>`)}</ul>`;
}

export function Release({ runs, now, act }) {
  const get = async (what) => { const found = await act.ask("/api/ticket", { run: now.id, what, lang: language() }); if (found) save(found.address); };
  const list = ["rows", "rows_parquet", "drawn", "drawn_parquet", "longer", "model", "schema", "report", "json", "sheet"].filter((what) => now.files.includes(what));
  const formulas = (now.previews || [now.preview]).flatMap((one) => one.formulas), word = (what) => t(now.previews && OF_TABLES.includes(what) ? `tables_file_${what}` : `file_${what}`);
  return html`<section aria-labelledby="release-title"><h2 id="release-title">${t("release")}</h2><p class="soft small">${t("release_says")}</p>
    ${formulas.length ? html`<p class="warn" role="note">${t("formulas", { columns: formulas.join(", ") })}</p>` : ""}
    <ul class="files">${list.map((what) => html`<li><button type="button" class="quiet" id=${`get-${what}`} onClick=${() => get(what)}>${word(what)}</button> <span class="soft small">${t(`file_${what}_says`)}</span></li>`)}</ul></section>`;
}
