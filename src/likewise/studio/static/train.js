// Learning: what to run, and how it goes.
import { Choice, Field, html, number, percent, said, t, Table } from "./parts.js";
import { Drawn } from "./tables.js";

const MODELS = ["auto", "autoregressive", "vae", "gan", "vaegan", "ctgan", "copula", "cart", "mst", "aim"], NOT_PRIVATE = ["copula", "cart"];
const EPOCHS = ["auto", "autoregressive", "vae", "gan", "vaegan", "ctgan"];
// Only what learns in epochs can be told how long; within a budget nothing can.
export const isTimed = (s, several) => s.purpose !== "budget" && (several || EPOCHS.includes(s.model));
export const chosen = (s, model) => ({ model, max_seconds: isTimed({ ...s, model }) ? s.max_seconds : null });
export const OVER = ["done", "failed", "cancelled"];

export function Train({ state, act, busy }) {
  const set = (said) => act.say("/api/settings", said), s = state.settings;
  const entity = state.columns.some((c) => c.role === "entity");
  const jobs = state.jobs.filter((job) => job.kind === "fit"), job = jobs[jobs.length - 1];
  const run = job && state.runs.find((one) => one.job === job.id);
  const several = state.tables;
  return html`<p><strong>${t(`purpose_${s.purpose}`)}</strong> <a href="#protect">${t("change")}</a></p>
    <div class="fields">${several ? "" : html`<${Choice} label=${t("model")} value=${s.model} of=${MODELS.filter((m) => s.purpose !== "budget" || !NOT_PRIVATE.includes(m))} set=${(model) => set(chosen(s, model))} id="model" />`}
      ${!isTimed(s, several) ? "" : html`<${Field} label=${t("max_seconds")} type="number" min="1" value=${s.max_seconds} set=${(max_seconds) => set({ max_seconds })} hint=${t("max_seconds_hint")} />`}
      ${entity ? html`<${Choice} label=${t("time")} value=${s.time || ""} of=${["", ...state.columns.filter((c) => ["datetime", "integer", "real"].includes(c.kind) && c.role !== "drop").map((c) => c.name)]} names=${(c) => c || t("time_none")} set=${(time) => set({ time: time || null })} id="time" />` : ""}
      ${several ? "" : html`<${Field} label=${t(s.time ? "entities_wanted" : "rows_wanted")} type="number" min="1" value=${s.rows} set=${(rows) => set({ rows })} hint=${s.time ? t("entities_hint") : t(state.source.blind ? "rows_hint_blind" : "rows_hint", { rows: number(state.source.rows) })} />`}
      <${Field} label=${t("seed")} type="number" min="0" value=${s.seed} set=${(seed) => set({ seed: seed ?? 0 })} hint=${t("seed_hint")} /></div>
    <p><button type="button" id="start" disabled=${busy} onClick=${() => act.say("/api/fit")}>${t("start")}</button></p>
    ${job ? html`<${Progress} job=${job} act=${act} />` : ""}
    ${run && run.preview ? html`<section aria-labelledby="drawn-title"><h2 id="drawn-title">${several ? t("tables_drawn") : t("drawn", { n: number(run.preview.n) })}</h2>
      ${run.recoded ? html`<${Recoded} told=${run.recoded} />` : ""}
      ${run.previews ? html`<${Drawn} tables=${run.previews} />` : html`<${Table} shown=${run.preview} />`}
      <p><a class="button" href="#out">${t("to_out")}</a></p></section>` : ""}
    ${jobs.length > 1 ? html`<section><h2>${t("before")}</h2><ul>${jobs.slice(0, -1).reverse().map((one) => html`<li>${t(`status_${one.status}`)} · ${number(one.seconds, 2)} s ${OVER.includes(one.status) ? "" : html`<button type="button" class="quiet" onClick=${() => act.ask("/api/cancel", { job: one.id })}>${t("cancel")}</button>`}</li>`)}</ul></section>` : ""}`;
}

function Recoded({ told }) {
  const levels = Object.entries(told.levels || {}).map(([name, at]) => `${name} ${number(at)}`).join(", ");
  return html`<p id="recoded">${t("recoded", { k: number(told.k), out: number(told.n_suppressed), rows: number(told.n_rows), loss: percent(told.gcp) })} ${levels ? t("recoded_levels", { levels }) : ""}</p>`;
}

export function Progress({ job: whole, act }) {
  // Of several trainings, as of several tables, the last is shown: each counts its epochs anew.
  const begins = whole.curve.reduce((from, e, k) => (k && e.epoch <= whole.curve[k - 1].epoch ? k : from), 0), job = { ...whole, curve: whole.curve.slice(begins) };
  const last = job.curve[job.curve.length - 1], isRunning = !OVER.includes(job.status);
  const best = job.curve.reduce((b, e) => (e.held !== null && (b === null || e.held < b.held) ? e : b), null);
  const pace = last ? t("epoch_says", { unit: t(`unit_${last.unit}`), epoch: last.epoch, epochs: last.epochs, left: number(Math.ceil(last.left ?? 0)), rate: number(Math.round(last.rate)) }) : "";
  return html`<section class="job" aria-labelledby="job-title"><h2 id="job-title">${t(`job_${job.kind}`)}</h2>
    <p role="status" aria-live="polite" id="job-status" data-status=${job.status}><strong>${t(`status_${job.status}`)}</strong> ${isRunning && job.phase ? html`· ${t(`phase_${job.phase}`)} ` : ""}${isRunning ? pace : `· ${number(job.seconds, 2)} s`}</p>
    ${job.error ? html`<p class="problem" role="alert">${said(job.error)}</p>` : ""}
    ${last && isRunning ? html`<progress max=${last.epochs} value=${last.epoch} aria-label=${t(`job_${job.kind}`)}></progress>` : ""}
    ${job.curve.length && job.curve.some((e) => e.train !== null) ? html`<${Curve} curve=${job.curve} best=${best} />` : ""}
    ${job.rows && isRunning ? html`<h3 id="so-far">${t("so_far", { epoch: job.rows.epoch })}</h3><${Table} shown=${job.rows} label=${t("so_far", { epoch: job.rows.epoch })} />` : ""}
    ${isRunning ? html`<p><button type="button" id="stop" disabled=${job.is_stopping || !last || last.unit !== "epoch"} onClick=${() => act.ask("/api/stop", { job: job.id })}>${job.is_stopping ? t("stopping") : t("stop")}</button>
      <button type="button" class="quiet" id="cancel" onClick=${() => act.ask("/api/cancel", { job: job.id })}>${t("cancel")}</button></p>` : ""}
    ${job.notes.length ? html`<details><summary>${t("notes", { n: job.notes.length })}</summary><ul>${job.notes.map((note) => html`<li class="small">${said(note)}</li>`)}</ul></details>` : ""}</section>`;
}

function Curve({ curve, best }) {
  const W = 640, H = 220, L = 46, B = 26;
  const ys = curve.flatMap((e) => [e.train, e.held]).filter((y) => y !== null);
  const low = Math.min(...ys), high = Math.max(...ys, low + 1e-9), epochs = Math.max(...curve.map((e) => e.epochs));
  const x = (e) => L + ((W - L - 10) * e.epoch) / epochs, y = (v) => 10 + ((H - B - 10) * (high - v)) / (high - low);
  const line = (key) => curve.filter((e) => e[key] !== null).map((e) => `${x(e)},${y(e[key])}`).join(" ");
  const last = curve[curve.length - 1];
  const says = best ? t("curve_says", { held: number(last.held, 4), best: number(best.held, 4), epoch: best.epoch }) : t("curve_plain", { train: number(last.train, 4) });
  return html`<figure><svg class="curve" viewBox=${`0 0 ${W} ${H}`} role="img" aria-label=${says}>
    ${[high, (high + low) / 2, low].map((v) => html`<g><line x1=${L} x2=${W - 10} y1=${y(v)} y2=${y(v)} class="grid" /><text x=${L - 6} y=${y(v) + 4} text-anchor="end">${number(v, 3)}</text></g>`)}
    <text x=${W - 10} y=${H - 6} text-anchor="end">${t("epochs", { n: epochs })}</text>
    <polyline points=${line("train")} class="train" /><polyline points=${line("held")} class="held" />
    ${best ? html`<circle cx=${x(best)} cy=${y(best.held)} r="4" class="best" />` : ""}</svg>
    <figcaption class="small"><span class="key"><i class="held"></i>${t("held")} <i class="train"></i>${t("train_loss")}</span> ${says}</figcaption></figure>`;
}
