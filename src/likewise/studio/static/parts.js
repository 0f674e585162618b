// What the screens share: talking to the server, words, pictures. Cells only ever become text nodes, never markup.
import { html, useEffect, useRef, useState } from "./vendor/htm-preact.js";

export { html, useEffect, useRef, useState };

const KEY = "likewise-token";

let token = "";

// The key comes behind the #, or is fetched for a ticket that is good once; the tab keeps it, and the address does not.
export async function enter() {
  const [, how, key] = /[#&](token|enter)=([\w-]+)/.exec(location.hash) || [];
  if (how) {
    history.replaceState(null, "", "/#open");
    const found = how === "token" ? key : (await (await fetch(`/t/${key}`)).json()).token;
    if (found) sessionStorage.setItem(KEY, found);
  }
  token = sessionStorage.getItem(KEY) || "";
}

export async function call(method, path, body, type) {
  const headers = { "X-Likewise-Token": token };
  if (body !== undefined) headers["Content-Type"] = type || "application/json";
  let answer, found;
  try {
    answer = await fetch(path, { method, headers, body: type || body === undefined ? body : JSON.stringify(body) });
    found = await answer.json();
  } catch { throw Object.assign(new Error("lost"), { said: inAll("lost") }); }
  if (!answer.ok) throw Object.assign(new Error(found.error.en), { status: answer.status, said: found.error });
  return found;
}

// Each job when it changes, for as long as the page is open; begins anew when the line breaks.
export async function listen(tell, lost) {
  for (let wait = 250; ; wait = Math.min(wait * 2, 4000)) {
    try {
      const answer = await fetch("/api/events", { headers: { "X-Likewise-Token": token } });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let held = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (held + value).split("\n");
        held = lines.pop();
        for (const line of lines) if (line.length > 2) tell(JSON.parse(line));
        wait = 250;
        lost(false);
      }
    } catch { /* told below */ }
    lost(true);
    await new Promise((go) => setTimeout(go, wait));
  }
}

let words = {}, lang = "en";
export async function loadWords() { words = await (await fetch("/static/words.json")).json(); }
export function speak(given) { lang = given; document.documentElement.lang = given === "zh" ? "zh-Hans" : given; }
export const language = () => lang;
export function t(key, values = {}) {
  const text = (words[lang] || {})[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
export const said = (text) => (typeof text === "string" ? text : text[lang]);
// A text in every language, for what outlives a change of it.
export const inAll = (key, values) => { const was = lang, all = {}; for (lang of Object.keys(words)) all[lang] = t(key, values); lang = was; return all; };
export const number = (x, digits = 3) => x === null || x === undefined ? "–"
  : Number.isInteger(x) ? x.toLocaleString(lang) : x.toLocaleString(lang, { maximumSignificantDigits: digits });
export const percent = (x) => `${(100 * x).toLocaleString(lang, { maximumSignificantDigits: 2 })} %`;

export async function save(address) {
  const link = document.createElement("a");
  link.href = address;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}

// The step as code: command line, Python, TOML.
export function Code({ steps, plan, act }) {
  const forms = ["command", "python", "toml"];
  const [form, choose] = useState("command");
  const texts = { ...steps, toml: [steps.toml, plan.toml].filter(Boolean).join("\n") };
  const [copied, tellCopied] = useState(false);
  const copy = async () => { await navigator.clipboard.writeText(texts[form]); tellCopied(true); setTimeout(() => tellCopied(false), 1500); };
  return html`<details class="code"><summary>${t("code")}</summary>
    <div role="tablist" aria-label=${t("code")}>${forms.map((one) => html`<button type="button" role="tab" id=${`tab-${one}`} aria-controls="code-text"
      aria-selected=${one === form} tabindex=${one === form ? 0 : -1} onClick=${() => choose(one)}
      onKeyDown=${(e) => turn(e, forms, form, choose)}>${t(`code_${one}`)}</button>`)}
      <span class="end"><button type="button" class="quiet" onClick=${copy}>${copied ? t("copied") : t("copy")}</button>
      <button type="button" class="quiet" onClick=${async () => save((await act.ask("/api/save", { what: "plan.toml" })).address)}>${t("save_plan")}</button></span></div>
    <pre id="code-text" role="tabpanel" aria-labelledby=${`tab-${form}`} tabindex="0" data-form=${form}>${texts[form]}</pre>
    ${form === "toml" ? html`<p class="soft small">${t("toml_says")}</p>` : ""}
  </details>`;
}

export function turn(event, list, now, choose) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = list[(list.indexOf(now) + step + list.length) % list.length];
  choose(next);
  event.currentTarget.parentElement.querySelectorAll("[role=tab]")[list.indexOf(next)].focus();
}

// Counts as a row of bars; what they say stands beside in words.
export function Bars({ counts, label }) {
  const top = Math.max(...counts, 1), width = 120 / counts.length;
  return html`<svg class="bars" viewBox="0 0 120 32" preserveAspectRatio="none" role="img" aria-label=${label}>
    ${counts.map((n, k) => html`<rect x=${k * width} y=${32 - (31 * n) / top} width=${Math.max(width - 0.6, 0.4)} height=${(31 * n) / top} />`)}</svg>`;
}

export function Table({ shown, label }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label || t("preview")}><table class="cells">
    <thead><tr>${shown.columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${shown.rows.map((row) => html`<tr>${row.map((cell) => html`<td class=${cell === null ? "none" : ""}>${cell === null ? t("missing") : cell}</td>`)}</tr>`)}</tbody>
  </table></div>${shown.formulas.length ? html`<p class="warn" role="note">${t("formulas", { columns: shown.formulas.join(", ") })}</p>` : ""}`;
}

// A number or a text that is told to the server when it is left, not at each key.
export function Field({ label, value, set, type = "text", hint, id: own, ...more }) {
  const [text, write] = useState(value ?? "");
  useEffect(() => write(value ?? ""), [value]);
  const made = useRef(`f${Math.random().toString(36).slice(2)}`).current, id = own || made;
  const done = () => {
    if (String(text) === String(value ?? "")) return;
    set(type === "number" ? (text === "" ? null : Number(text)) : text);
  };
  return html`<div class="field"><label for=${id}>${label}</label><input id=${id} type=${type} value=${text} ...${more}
    aria-describedby=${hint ? `${id}h` : null} onInput=${(e) => write(e.target.value)} onBlur=${done}
    onKeyDown=${(e) => e.key === "Enter" && done()} />${hint ? html`<small id=${`${id}h`} class="soft">${hint}</small>` : ""}</div>`;
}

export function Choice({ label, value, of, set, names, hidden, id: own, ...more }) {
  const made = useRef(`c${Math.random().toString(36).slice(2)}`).current, id = own || made;
  return html`<div class="field"><label for=${id} class=${hidden ? "unseen" : ""}>${label}</label>
    <select id=${id} value=${value} onChange=${(e) => { const wanted = e.target.value; e.target.value = value; set(wanted); }} ...${more}>
    ${of.map((one) => html`<option value=${one} selected=${one === value}>${names ? names(one) : one}</option>`)}</select></div>`;
}
