// Several tables: what they hold, how they point at each other, which keys are taken, and what is drawn of them.
import { Column } from "./columns.js";
import { Budget } from "./protect.js";
import { Builder } from "./rows.js";
import { Field, html, number, percent, said, t, Table, useEffect, useState } from "./parts.js";
import { OVER, Progress } from "./train.js";
import { name } from "./out.js";
import { Release } from "./rows.js";

export function Tables({ state, act, busy }) {
  const d = state.tables, tell = (said) => act.say("/api/key", said), [own, setOwn] = useState("");
  return html`<p>${t("tables_open", { name: state.source.name, n: number(d.tables.length), rows: number(state.source.rows) })}</p>
    <div class="tools"><button type="button" id="undo" disabled=${!state.can_undo} onClick=${() => act.say("/api/undo")}>${t("undo")}</button>
      <button type="button" id="redo" disabled=${!state.can_redo} onClick=${() => act.say("/api/redo")}>${t("redo")}</button></div>
    <${Picture} d=${d} />
    ${d.problems.length ? html`<div class="problem" role="note"><strong>${t("tables_problems")}</strong>${d.problems.map((text) => html`<br />${said(text)}`)}</div>` : ""}
    <section aria-labelledby="keys-title"><h2 id="keys-title">${t("keys")}</h2><p class="soft">${t("keys_say")}</p>
      <ul class="rules" id="keys">${d.keys.map((k) => html`<li key=${k.key}><label><input type="checkbox" checked=${true} onChange=${() => tell({ key: k.key, holds: false })} /> <code>${k.key}</code></label>${" "}
          <small class="soft">${t("key_says", { least: number(k.least), median: number(k.median), most: number(k.most), without: percent(k.without) })}
          ${k.missing ? t("key_missing", { n: number(k.missing) }) : ""} ${k.orphans ? html`<span class="warn">${t("key_orphans", { n: number(k.orphans) })}</span>` : ""} ${[k.types, said(k.evidence)].filter(Boolean).join("; ")}</small></li>`)}
        ${d.refused.map((k) => html`<li key=${k.key}><label><input type="checkbox" checked=${false} onChange=${() => tell({ key: k.key })} /> <code>${k.key}</code></label> <small class="soft">${t("key_refused")} ${said(k.evidence)}</small></li>`)}</ul>
      ${d.keys.length + d.refused.length ? "" : html`<p role="status">${t("keys_none")}</p>`}
      <div class="tools"><div class="field"><label for="own-key">${t("key_own")}</label><input id="own-key" value=${own} placeholder="orders.user_id -> users.id" onInput=${(e) => setOwn(e.target.value)} /></div>
        <button type="button" id="add-key" disabled=${!own || busy} onClick=${async () => { if (await tell({ key: own })) setOwn(""); }}>${t("rule_add")}</button></div></section>
    <section aria-labelledby="list-title"><h2 id="list-title">${t("tables_list")}</h2>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("tables_list")}><table class="cells"><thead><tr>${["table", "rows", "columns", "primary", "order", "kept"].map((one) => html`<th scope="col">${t(`tables_${one}`)}</th>`)}</tr></thead>
        <tbody>${d.tables.map((one) => html`<tr><th scope="row">${one.name}</th><td>${number(one.rows)}</td><td title=${one.names.join(", ")}>${number(one.columns)}</td><td>${one.primary.join(", ") || "–"}</td><td>${one.order || "–"}</td>
          <td><label><input type="checkbox" aria-label=${t("keep_of", { table: one.name })} checked=${one.kept} onChange=${(e) => tell({ kept: one.name, holds: e.target.checked })} /></label>${d.lookups[one.name] && !one.kept ? html` <small class="soft">${t("may_be_kept")}</small>` : ""}</td></tr>`)}</tbody></table></div>
      <${Root} state=${state} act=${act} />
      ${d.belongings.map((text) => html`<p class="small">${said(text)}</p>`)}</section>
    <section aria-labelledby="columns-title"><h2 id="columns-title">${t("tables_columns_title")}</h2><p class="soft">${t("lead_columns")}</p>
      ${d.tables.filter((one) => !one.kept).map((one) => html`<${Columns} key=${one.name} one=${one} state=${state} act=${act} />`)}</section>`;
}

// Each table below what it points at, as in the report.
function Picture({ d }) {
  const W = 150, H = 44, X = 172, Y = 104, M = 18, at = (one) => [M + d.places[one][0] * X, M + d.places[one][1] * Y];
  const ends = Object.values(d.places), width = Math.max(...ends.map((p) => p[0])) * X + W + 2 * M + 14, height = Math.max(...ends.map((p) => p[1])) * Y + H + 2 * M;
  const short = (text) => (text.length > 19 ? `${text.slice(0, 18)}…` : text);
  const line = (k) => {
    const [x, y] = at(k.table), [px, py] = at(k.parent);
    if (k.table === k.parent) return `M${x + W} ${y + 12} c 18 0 18 20 0 20`;
    return py < y ? `M${x + W / 2} ${y} C${x + W / 2} ${y - 40} ${px + W / 2} ${py + H + 40} ${px + W / 2} ${py + H}` : `M${x + W} ${y + H / 2} C${x + W + 14} ${y + H / 2} ${px + W + 14} ${py + H / 2} ${px + W} ${py + H / 2}`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${t("picture")}><svg class="tables" viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${t("picture_says", { tables: d.tables.length, keys: d.keys.length })}>
    ${d.keys.map((k) => html`<path d=${line(k)} class="link"><title>${k.key}</title></path>`)}
    ${d.tables.map((one) => { const [x, y] = at(one.name); return html`<g><rect x=${x} y=${y} width=${W} height=${H} rx="6" class=${one.kept ? "kept" : ""}><title>${one.name}</title></rect>
      <text x=${x + 10} y=${y + 18} class="name">${short(one.name)}</text><text x=${x + 10} y=${y + 35}>${t("rows_of", { rows: number(one.rows) })}</text></g>`; })}</svg></div>`;
}

// The columns of one table, asked for when somebody wants to see them.
function Columns({ one, state, act }) {
  const [open, setOpen] = useState(false), [found, setFound] = useState(null);
  const about = JSON.stringify([state.edition, state.tables.keys.length]);
  useEffect(() => {
    let on = true;
    if (open) act.ask("/api/table", { table: one.name }).then((answer) => on && answer && setFound(answer.columns));
    return () => { on = false; };
  }, [open, about]);
  return html`<details class="of-table" data-table=${one.name} onToggle=${(e) => setOpen(e.target.open)}><summary>${t("columns_of", { table: one.name })}</summary>
    ${found ? html`<ul class="columns">${found.map((column) => html`<${Column} key=${column.name} column=${column} state=${state} act=${act} tell=${(said) => act.say("/api/key", { table: one.name, ...said })} />`)}</ul>` : ""}
    ${found && !found.length ? html`<p class="soft small">${t("keys_only")}</p>` : ""}</details>`;
}

// What the rows of several tables are for: as for one, but that rows are not anonymised.
export function TableProtect({ state, act, busy }) {
  const s = state.settings, set = (said) => act.say("/api/settings", said), [told, setTold] = useState(null);
  const look = () => act.ask("/api/protect").then((found) => found && setTold(found));
  useEffect(() => { look(); }, [JSON.stringify([s, state.tables.root, state.edition]), state.runs.length]);
  const tell = (declared) => act.say("/api/key", { declared });
  return html`<fieldset class="cards"><legend class="unseen">${t("screen_protect")}</legend>${["synthetic", "budget"].map((one) => html`<label class=${`card${s.purpose === one ? " on" : ""}`}>
      <input type="radio" name="purpose" value=${one} checked=${s.purpose === one} onChange=${() => set(one === "budget" ? { purpose: one, max_seconds: null } : { purpose: one })} /> <strong>${t(`purpose_${one}`)}</strong><br /><small class="soft">${t(`purpose_${one}_says`)}</small></label>`)}</fieldset>
    ${s.purpose === "budget" ? html`<p class="tools"><span class="small soft">${t("tables_declare_says")}</span> <button type="button" class="quiet" id="declare-keys" onClick=${() => tell("keys")}>${t("declare_keys")}</button>
        <button type="button" class="quiet" id="declare-kinds" onClick=${() => tell("kind")}>${t("declare_kinds")}</button>
        <button type="button" class="quiet" id="declare-whole" onClick=${() => tell("nullable")}>${t("declare_whole")}</button></p>
      <${Root} state=${state} act=${act} />
      <${Budget} entity=${state.tables.root} of="root" s=${s} set=${set} told=${told} act=${act} look=${look} busy=${busy} />` : ""}
    <p><a class="button" href="#train">${t("to_train")}</a></p>`;
}

function Root({ state, act }) {
  const d = state.tables;
  return html`<div class="fields"><div class="field"><label for="root">${t("root")}</label><select id="root" value=${d.root || ""} onChange=${(e) => act.say("/api/key", { root: e.target.value })}>
    ${["", ...d.tables.filter((one) => !one.kept).map((one) => one.name)].map((one) => html`<option value=${one} selected=${one === (d.root || "")}>${one || t("root_found")}</option>`)}</select><small class="soft">${t("root_says")}</small></div></div>`;
}

export function Drawn({ tables }) {
  return html`${tables.map((one) => html`<h3>${one.table} <small class="soft">${t("rows_of", { rows: number(one.n) })}</small></h3><${Table} shown=${one} label=${one.table} />`)}`;
}

export function TableRows({ state, act, busy }) {
  const done = state.runs.filter((run) => run.preview), run = done[done.length - 1];
  const [scale, setScale] = useState(state.scale), [seed, setSeed] = useState(state.draw_seed), [where, setWhere] = useState(state.where);
  useEffect(() => setScale(state.scale), [state.scale]);
  if (!run) return html`<p>${t("no_run")} <a href="#train">${t("screen_train")}</a></p>`;
  const jobs = state.jobs.filter((job) => job.kind === "draw"), job = jobs[jobs.length - 1];
  const columns = state.tables.tables.filter((one) => !one.kept).flatMap((one) => one.names.map((column) => ({ name: `${one.name}.${column}` })));
  return html`<p class="soft">${name(run)}</p>
    <section aria-labelledby="where-title"><h2 id="where-title">${t("conditions")}</h2><p class="soft small">${t("tables_where_says")}</p>
      <${Builder} columns=${columns} where=${where} set=${setWhere} /></section>
    <div class="fields"><${Field} label=${t("scale")} type="number" min="0.01" step="any" value=${scale} set=${(v) => setScale(v || 1)} hint=${t("scale_hint")} /><${Field} label=${t("seed")} type="number" min="0" value=${seed} set=${(v) => setSeed(v || 0)} /></div>
    <p><button type="button" id="draw" disabled=${busy || (job && !OVER.includes(job.status))} onClick=${() => act.say("/api/draw", { run: run.id, scale, seed, where })}>${t("draw")}</button></p>
    ${job && job.status !== "done" ? html`<${Progress} job=${job} act=${act} />` : ""}
    ${run.drawn_tables ? html`<section aria-labelledby="drawn-title"><h2 id="drawn-title">${t("tables_drawn")}</h2><${Drawn} tables=${run.drawn_tables} /></section>` : ""}
    <${Release} runs=${done} now=${run} act=${act} />`;
}
