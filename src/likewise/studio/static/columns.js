// Opening a table, and what each of its columns is taken for.
import { Bars, Choice, Field, html, inAll, number, said, t, useState } from "./parts.js";

const KINDS = ["categorical", "boolean", "integer", "real", "datetime", "text", "id"];
const ROLES = ["feature", "id", "quasi_identifier", "sensitive", "target", "entity", "drop"];

export function Open({ state, act, busy }) {
  const [blind, setBlind] = useState(false), [over, setOver] = useState(false), [written, write] = useState({});
  const take = async (file) => {
    if (!file) return;
    if (file.size > state.most_upload) { act.tell(inAll("too_large", { most: number(Math.floor(state.most_upload / 2 ** 20)) })); return; }
    if (await act.put(`/api/data?name=${encodeURIComponent(file.name)}&${new URLSearchParams({ ...written, blind: blind ? 1 : 0 })}`, file)) act.go("columns");
  };
  return html`<div class=${`dropzone${over ? " over" : ""}`} onDragOver=${(e) => { e.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${(e) => { e.preventDefault(); setOver(false); take(e.dataTransfer.files[0]); }}>
      <p><label class="button">${t("choose_file")}<input type="file" class="unseen" id="file" onChange=${(e) => take(e.target.files[0])} /></label>
      <button type="button" id="demo" disabled=${busy} onClick=${async () => { if (await act.say("/api/demo")) act.go("columns"); }}>${t("take_demo")}</button></p>
      <p class="soft small">${t("drop_here", { most: number(Math.floor(state.most_upload / 2 ** 20)) })}</p>
      <p class="soft small">${t("several_here")}</p>
      <p><label><input type="checkbox" id="blind" checked=${blind} onChange=${(e) => setBlind(e.target.checked)} /> ${t("blind")}</label><br />
      <small class="soft">${t("blind_says")}</small></p>
      <details id="written"><summary>${t("written")}</summary><p class="soft small">${t("written_says")}</p>
        <div class="fields"><${Choice} label=${t("written_header")} value=${written.header || ""} of=${["", "true", "false"]} names=${(one) => t(`header_${one || "found"}`)} set=${(header) => write({ ...written, header })} id="header" />
        ${["delimiter", "encoding", "decimal", "skip"].map((one) => html`<${Field} key=${one} id=${one} label=${t(`written_${one}`)} value=${written[one] || ""} set=${(text) => write({ ...written, [one]: text })} hint=${t(`hint_${one}`)} />`)}</div></details></div>
    ${busy ? html`<p role="status">${t("reading")}</p>` : ""}
    ${state.source ? html`<p>${state.source.name} <a href="#columns">${t("screen_columns")}</a></p>` : ""}`;
}

export function Columns({ state, act, busy }) {
  const [find, setFind] = useState("");
  const shown = state.columns.filter((c) => c.name.toLowerCase().includes(find.toLowerCase()));
  return html`<p>${state.source.blind ? html`<strong>${t("is_blind", { name: state.source.name })}</strong>` : t("open_now", { name: state.source.name, rows: number(state.source.rows) })}</p>
    ${state.source.notes.map((note) => html`<p class="warn">${said(note)}</p>`)}
    <div class="tools"><button type="button" id="undo" disabled=${!state.can_undo} onClick=${() => act.say("/api/undo")}>${t("undo")}</button>
      <button type="button" id="redo" disabled=${!state.can_redo} onClick=${() => act.say("/api/redo")}>${t("redo")}</button>
      <div class="field"><label for="find">${t("find")}</label><input id="find" type="search" value=${find} onInput=${(e) => setFind(e.target.value)} /></div>
      <ul class="key">${ROLES.map((role) => html`<li><${Badge} role=${role} /> ${t(`role_${role}`)}</li>`)}</ul></div>
    ${state.settings.purpose === "budget" ? html`<p class="tools"><span class="small soft">${t("declare_says")}</span> <button type="button" class="quiet" id="declare-kinds" onClick=${() => act.say("/api/declare", { what: "kind" })}>${t("declare_kinds")}</button>
      <button type="button" class="quiet" id="declare-whole" onClick=${() => act.say("/api/declare", { what: "nullable" })}>${t("declare_whole")}</button></p>` : ""}
    <ul class="columns">${shown.map((column) => html`<${Column} key=${column.name} column=${column} state=${state} act=${act} />`)}</ul>
    <${Rules} state=${state} act=${act} busy=${busy} />`;
}

const Badge = ({ role }) => html`<span class=${`badge ${role}`} aria-hidden="true">${{ feature: "–", id: "I", quasi_identifier: "Q", sensitive: "S", target: "T", entity: "E", drop: "×" }[role]}</span>`;

// Of one table, or of one of several (`tell` says what is said of it).
export function Column({ column, state, act, tell }) {
  const [asked, ask] = useState(null);
  const blind = state.source.blind;
  // A correction is tried on the rows first: what would not read is counted before anything changes.
  const say = async (said) => {
    if (tell) { await tell({ column: column.name, said }); return; }
    if (blind) { await act.say("/api/column", { column: column.name, said }); return; }
    const found = await act.ask("/api/column/try", { column: column.name, said });
    if (found === null) return;
    if (found.fits) { ask(null); await act.say("/api/column", { column: column.name, said }); } else ask({ wanted: said, text: found.said });
  };
  const apply = async (said) => { ask(null); await act.say("/api/column", { column: column.name, said }); };
  const levels = column.levels_shown;
  return html`<li><div class="who"><${Badge} role=${column.role} /><h2>${column.name}</h2><span class="soft small">${column.dtype || ""}</span></div>
    <div class="what"><${Choice} label=${t("kind_of", { column: column.name })} hidden value=${column.kind} of=${KINDS} names=${(k) => t(`kind_${k}`)} set=${(kind) => say({ kind })} data-kind="" />
      <${Choice} label=${t("role_of", { column: column.name })} hidden value=${column.role} of=${ROLES} names=${(r) => t(`role_${r}`)} set=${(role) => say({ role })} data-role="" /></div>
    <div class="seen">${column.problem ? html`<span class="warn">${said(column.problem)}</span>` : ""}
      ${column.bins ? html`<${Bars} counts=${column.bins.counts} label=${t("bins_say", column.bins)} /><span class="soft small">${column.bins.low} … ${column.bins.high}</span>` : ""}
      ${levels ? html`<${Bars} counts=${levels.map((l) => l[1])} label=${levels.map((l) => `${l[0]}: ${l[1]}`).join(", ")} /><span class="soft small">${levels.slice(0, 3).map((l) => l[0]).join(", ")}${column.n_levels > 3 ? ` … ${t("n_levels", { n: number(column.n_levels) })}` : ""}</span>` : ""}
      ${!column.bins && !levels && column.examples ? html`<span class="soft small">${column.examples.join(" · ")}</span>` : ""}
      ${column.n_missing ? html`<span class="small">${t("n_missing", { n: number(column.n_missing) })}</span>` : ""}</div>
    <details class="more"><summary>${column.notes.length ? t("why") : t("more")}</summary>
      ${column.notes.map((note) => html`<p class="small">${said(note)}</p>`)}
      <p class="small soft">${column.said.length ? t("said_by_you", { fields: column.said.filter((f) => f !== "dtype").join(", ") || "–" }) : ""}</p>
      <div class="fields"><${Choice} label=${t("semantic")} value=${column.semantic || ""} of=${["", ...Object.keys(state.semantics)]} names=${(s) => (s ? said(state.semantics[s]) : "–")} set=${(semantic) => semantic && say({ semantic })} />
      <${Field} label=${t("missing_tokens")} value=${column.missing.join(" | ")} set=${(text) => say({ missing: text.split("|").map((x) => x.trim()).filter(Boolean) })} hint=${t("missing_hint")} />
      ${column.kind === "datetime" || column.format ? html`<${Field} label=${t("format")} value=${column.format || ""} set=${(format) => say({ format })} hint="%Y-%m-%d" />` : ""}
      <${Field} label=${t("bounds")} value=${(column.bounds || []).join(" .. ")} set=${(text) => say({ bounds: ends(text, column.kind) })} hint="0 .. 120" />
      ${column.kind === "categorical" && (state.settings.purpose === "budget" || column.said.includes("levels")) ? html`<${Field} label=${t("levels")} value=${(column.levels || []).join(" | ")} set=${(text) => say({ levels: text.split("|").map((x) => x.trim()).filter(Boolean) })} hint=${t("missing_hint")} />` : ""}
      <${Choice} label=${t("nullable")} value=${String(column.nullable ?? "")} of=${["", "true", "false"]} names=${(v) => t(`nullable_${v || "unsaid"}`)} set=${(v) => v && say({ nullable: v === "true" })} /></div></details>
    ${asked ? html`<div class="asked" role="alertdialog" aria-label=${column.name}><p>${said(asked.text)}</p>
      <button type="button" onClick=${() => apply({ ...asked.wanted, lenient: true })}>${t("lenient")}</button>
      <button type="button" class="quiet" onClick=${() => ask(null)}>${t("leave")}</button></div>` : ""}</li>`;
}

function ends(text, kind) {
  const parts = text.split("..").map((x) => x.trim());
  return kind === "datetime" ? parts : parts.map(Number);
}

function Rules({ state, act, busy }) {
  const [found, setFound] = useState(null), [own, setOwn] = useState("");
  const look = async () => { const answer = await act.ask("/api/rules"); if (answer) setFound(answer.proposed); };
  const listed = [...state.rules.map((rule) => ({ rule })), ...(found || []).filter((p) => !state.rules.includes(p.rule))];
  return html`<section aria-labelledby="rules-title"><h2 id="rules-title">${t("rules")}</h2><p class="soft">${t("rules_say")}</p>
    <div class="tools">${state.source.blind ? "" : html`<button type="button" id="look" disabled=${busy} onClick=${look}>${t("rules_look")}</button>`}
      <div class="field"><label for="own-rule">${t("rule_own")}</label><input id="own-rule" value=${own} placeholder="start <= end" onInput=${(e) => setOwn(e.target.value)} /></div>
      <button type="button" id="add-rule" disabled=${!own} onClick=${async () => { if (await act.say("/api/rule", { rule: own })) setOwn(""); }}>${t("rule_add")}</button></div>
    ${found && !found.length ? html`<p role="status">${t("rules_none")}</p>` : ""}
    <ul class="rules">${listed.map((one) => html`<li><label><input type="checkbox" checked=${state.rules.includes(one.rule)}
      onChange=${(e) => act.say("/api/rule", { rule: one.rule, holds: e.target.checked })} /> <code>${one.rule}</code></label>
      ${one.rows ? html` <small class="soft">${t("rule_rows", { rows: number(one.rows) })}</small>` : ""}</li>`)}</ul></section>`;
}
