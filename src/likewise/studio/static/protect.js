// What the rows are for, and what protects the people in them.
import { Choice, Field, html, number, percent, said, t, useEffect, useState } from "./parts.js";
import { chosen as choice, isTimed, OVER, Progress } from "./train.js";
import { Hierarchies } from "./hierarchies.js";

const PURPOSES = ["synthetic", "budget", "k", "rows"];

export function Protect({ state, act, busy }) {
  const s = state.settings, set = (said) => act.say("/api/settings", said);
  const [told, setTold] = useState(null);
  const about = JSON.stringify([s, state.columns.map((c) => [c.kind, c.role, c.said])]);
  const look = () => act.ask("/api/protect").then((found) => found && setTold(found));
  useEffect(() => { look(); }, [about, state.runs.length]);
  return html`<fieldset class="cards"><legend class="unseen">${t("screen_protect")}</legend>${PURPOSES.map((one) => html`<label class=${`card${s.purpose === one ? " on" : ""}`}>
      <input type="radio" name="purpose" value=${one} checked=${s.purpose === one} onChange=${() => set(one === "budget" ? { purpose: one, max_seconds: null } : { purpose: one })} /> <strong>${t(`purpose_${one}`)}</strong><br /><small class="soft">${t(`purpose_${one}_says`)}</small></label>`)}</fieldset>
    ${s.purpose === "budget" ? html`<${Budget} blind=${state.source.blind} entity=${state.columns.find((c) => c.role === "entity")?.name} s=${s} set=${set} told=${told} act=${act} look=${look} busy=${busy} />` : ""}
    ${s.purpose === "k" || s.purpose === "rows" ? html`<${Shared} s=${s} set=${set} told=${told} />` : ""}
    ${s.purpose === "rows" && !state.source.blind ? html`<${Hierarchies} state=${state} act=${act} busy=${busy} set=${set} />` : ""}
    ${s.purpose !== "rows" ? html`<${Model} s=${s} set=${set} told=${told} busy=${busy} />` : ""}
    ${s.purpose !== "budget" && !state.source.blind ? html`<${Balance} state=${state} act=${act} busy=${busy} />` : ""}
    <p><a class="button" href="#train">${t("to_train")}</a></p>`;
}

function Model({ s, set, told, busy }) {
  const known = told ? told.models.filter((m) => s.purpose !== "budget" || !told.not_private.includes(m.name)) : [];
  const chosen = known.find((m) => m.name === (s.model === "auto" ? (s.purpose === "budget" ? "aim" : "autoregressive") : s.model));
  return html`<section aria-labelledby="model-title"><h2 id="model-title">${t("model")}</h2>
    <div class="fields"><${Choice} label=${t("model")} value=${s.model} of=${["auto", ...known.map((m) => m.name)]} set=${(model) => set(choice(s, model))} />
      ${!isTimed(s) ? "" : html`<${Field} label=${t("max_seconds")} type="number" min="1" value=${s.max_seconds} set=${(max_seconds) => set({ max_seconds })} hint=${t("max_seconds_hint")} />`}</div>
    ${chosen ? html`<dl class="small">${["purpose", "cost", "guarantees", "avoid_when"].map((part) => html`<dt class="soft">${t(`model_${part}`)}</dt><dd>${said(chosen[part])}</dd>`)}</dl>` : ""}</section>`;
}

// Of a tossed coin on whether somebody is in the table, at most this share is guessed right (Kairouz, Oh and Viswanath 2015).
const guess = (s) => (1 + s.delta * Math.exp(-s.epsilon)) / (1 + Math.exp(-s.epsilon));

// `of` is what the entity is: a column that tells whose a row is, or the root of several tables.
export function Budget({ blind, entity, of = "entity", s, set, told, act, look, busy }) {
  const [total, setTotal] = useState(3), account = told && told.budget;
  const begin = async () => { await act.ask("/api/budget", { epsilon: Number(total) }); look(); };
  return html`<section aria-labelledby="budget-title"><h2 id="budget-title">${t("budget")}</h2>
    <div class="fields"><${Field} label="ε" type="number" min="0.01" step="any" value=${s.epsilon} set=${(v) => v > 0 && set({ epsilon: v })} /><${Field} label="δ" type="number" min="0" step="any" value=${s.delta} set=${(v) => v > 0 && set({ delta: v })} hint=${t("delta_hint")} />
      ${entity ? html`<${Field} label=${t(of === "root" ? "max_rows_root" : "max_rows", { entity })} type="number" min="1" value=${s.max_rows} set=${(v) => v >= 1 && set({ max_rows: v })} hint=${t("max_rows_hint")} />` : ""}</div>
    <p><input type="range" min="-2" max="1" step="0.05" value=${Math.log10(s.epsilon)} aria-label=${t("epsilon_slider")} aria-valuetext=${`ε ${number(s.epsilon)}`}
      onChange=${(e) => set({ epsilon: Number((10 ** Number(e.target.value)).toPrecision(2)) })} /></p>
    <p id="guess">${t(!entity ? "guess_says" : of === "root" ? "guess_root" : "guess_entity", { share: percent(guess(s)), entity })} ${told && told.count_error ? t("count_says", { n: number(Math.ceil(told.count_error)) }) : ""}</p>
    <fieldset class="plain"><legend class="soft small">${t("pay")}</legend>${["levels", "bounds", "missing"].map((one) => html`<label><input type="checkbox" checked=${s.pay.includes(one)}
      onChange=${(e) => set({ pay: e.target.checked ? [...s.pay, one] : s.pay.filter((x) => x !== one) })} /> ${t(`pay_${one}`)}</label> `)}
      <br /><label><input type="checkbox" checked=${s.dp_only} onChange=${(e) => set({ dp_only: e.target.checked })} /> ${t("dp_only")}</label></fieldset>
    ${told && told.unsaid ? html`<div class="problem" id="unsaid"><strong>${t("unsaid")}</strong> <a href="#columns">${t("screen_columns")}</a><br /><span class="small">${said(told.unsaid)}</span></div>` : told ? html`<p role="status">${t("all_said")}</p>` : ""}
    ${blind ? "" : html`<p class="warn small">${t("not_blind")}</p>`}
    <h3>${t("odometer")}</h3>
    ${told && account ? html`<p class="soft small">${t("account_of", { name: account.name })} ${told.keeps_budget ? "" : t("account_ends")}</p>` : ""}
    ${account ? html`<p id="odometer"><meter min="0" max=${account.epsilon} value=${account.spent} aria-label=${t("odometer")}></meter> ${t("odometer_says", { spent: number(account.spent), total: number(account.epsilon), left: number(account.left), n: account.entries.length })}</p>
      ${account.entries.length ? html`<ul class="small">${account.entries.map((e) => html`<li>${e.time} · ${e.model} · ε ${number(e.epsilon)} · ${e.status}</li>`)}</ul>` : ""}`
      : html`<p class="soft small">${t("odometer_none")}</p><div class="tools"><div class="field"><label for="total">${t("total")}</label><input id="total" type="number" min="0.01" step="any" value=${total} onInput=${(e) => setTotal(e.target.value)} /></div>
      <button type="button" id="begin-budget" disabled=${busy} onClick=${begin}>${t("begin_budget")}</button></div>`}</section>`;
}

function Shared({ s, set, told }) {
  const c = told && told.classes;
  return html`<section aria-labelledby="k-title"><h2 id="k-title">${t("shared")}</h2>
    <div class="fields"><${Field} label=${t("k")} type="number" min="2" value=${s.k} set=${(v) => v >= 2 && set({ k: v })} hint=${t("k_hint")} /></div>
    ${c ? html`<p id="classes">${t("classes_say", { rows: number(c.rows), classes: number(c.classes), smallest: number(c.smallest), alone: number(c.alone), below: number(c.below), k: s.k })}</p>` : told ? html`<p class="warn">${t("no_quasi")} <a href="#columns">${t("screen_columns")}</a></p>` : ""}</section>`;
}

// Whether more rows of a rare class would help a classifier at all; the answer may well be: don't.
function Balance({ state, act, busy }) {
  const target = state.columns.find((c) => c.role === "target"), jobs = state.jobs.filter((job) => job.kind === "advise"), job = jobs[jobs.length - 1];
  if (!target || !["categorical", "boolean"].includes(target.kind)) return "";
  return html`<section aria-labelledby="balance-title"><h2 id="balance-title">${t("balance")}</h2><p class="soft small">${t("balance_says", { target: target.name })}</p>
    <p><button type="button" class="quiet" id="advise" disabled=${busy || (job && !OVER.includes(job.status))} onClick=${() => act.say("/api/advise")}>${t("balance_ask")}</button></p>
    ${job && job.status !== "done" ? html`<${Progress} job=${job} act=${act} />` : ""}
    ${state.advice && job && job.status === "done" ? html`<p id="advice" role="status"><strong>${said(state.advice)}</strong></p>` : ""}</section>`;
}
