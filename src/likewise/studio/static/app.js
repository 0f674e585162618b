// The frame around the screens: what is open, where one is, what went wrong.
import { render } from "./vendor/htm-preact.js";
import { Code, call, enter, html, language, listen, loadWords, said as spoken, save, speak, t, useEffect, useRef, useState } from "./parts.js";
import { Columns, Open } from "./columns.js";
import { Protect } from "./protect.js";
import { Train } from "./train.js";
import { Out } from "./out.js";
import { Rows } from "./rows.js";
import { TableProtect, TableRows, Tables } from "./tables.js";

const SCREENS = { open: Open, columns: Columns, protect: Protect, train: Train, out: Out, rows: Rows };
const NAMES = Object.keys(SCREENS);
// Several tables have screens of their own.
const OF_TABLES = { ...SCREENS, columns: Tables, protect: TableProtect, rows: TableRows };
const here = () => (NAMES.includes(location.hash.slice(1)) ? location.hash.slice(1) : "open");

function App({ first }) {
  const [state, setState] = useState(first), [screen, go] = useState(first.source ? (here() === "open" ? "columns" : here()) : "open");
  const [problem, tell] = useState(""), [busy, setBusy] = useState(false), [slow, setSlow] = useState(false), [lost, setLost] = useState(false), [ended, end] = useState(false);
  const [, setLang] = useState(language());
  const main = useRef(), over = useRef({}), line = useRef(Promise.resolve()), said = useRef({}), edition = useRef(0);
  edition.current = state.edition;

  // One request after the other, so that what was typed is told before what a click begins. Buttons are off only while
  // one is slow: the click that leaves a field must not be lost.
  const guarded = (work) => {
    const mine = line.current.then(async () => {
      const late = setTimeout(() => setSlow(true), 300);
      setBusy(true);
      try { const found = await work(); tell(""); return found; } catch (error) { tell(error.said ?? error.message); return null; } finally { clearTimeout(late); setBusy(false); setSlow(false); }
    });
    return (line.current = mine);
  };
  const taken = (work) => guarded(async () => { const found = await work(); setState(found); return found; });
  const act = {
    // The same said twice before it is answered, as by a double click, is said once.
    say: (path, body) => {
      const text = JSON.stringify([path, body ?? {}]);
      said.current[text] ??= taken(() => call("POST", path, body ?? {})).finally(() => delete said.current[text]);
      return said.current[text];
    },
    ask: (path, body) => guarded(() => call("POST", path, body ?? {})),
    put: (path, file) => taken(() => call("PUT", path, file, "application/octet-stream")),
    refresh: () => taken(() => call("GET", "/api/state")),
    go: (name) => { location.hash = name; },
    tell,
  };
  useEffect(() => {
    const moved = () => go(here());
    addEventListener("hashchange", moved);
    if (location.hash.slice(1) !== screen) history.replaceState(null, "", `#${screen}`);
    listen((job) => {
      // Another tab said something.
      if (job.edition !== undefined) { if (job.edition > edition.current) call("GET", "/api/state").then(setState); return; }
      setState((was) => ({ ...was, jobs: [...was.jobs.filter((one) => one.id !== job.id), job] }));
      const isOver = ["done", "failed", "cancelled"].includes(job.status);
      if (isOver && over.current[job.id] === false) call("GET", "/api/state").then(setState);
      over.current[job.id] = isOver;
    }, setLost);
    return () => removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => { main.current?.focus(); }, [screen]);

  if (ended) return html`<main class="ended"><h1>${t("ended")}</h1><p>${t("ended_says")}</p></main>`;
  const screens = state.tables ? OF_TABLES : SCREENS, shown = !state.source ? "open" : screens[screen] ? screen : "columns", Screen = screens[shown];
  const word = (what, one) => t(`${what}_${state.tables && one === "columns" ? "tables" : one}`);
  const other = language() === "en" ? "zh" : "en";
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); main.current.focus(); }}>${t("skip")}</a>
    <header><div class="bar"><strong>likewise studio</strong>
      <span class="file">${state.source ? state.source.name : ""}</span>
      <button type="button" class="quiet" lang=${other === "zh" ? "zh-Hans" : "en"} onClick=${() => { speak(other); sessionStorage.setItem("lang", other); setLang(other); }}>${other === "zh" ? "中文" : "English"}</button>
      <button type="button" class="quiet" onClick=${async () => { if (confirm(t("quit_sure")) && await act.ask("/api/quit")) end(true); }}>${t("quit")}</button></div>
      <nav aria-label=${t("steps")}><ol>${NAMES.filter((name) => screens[name]).map((name) => html`<li><a href=${`#${name}`} aria-current=${name === shown ? "step" : null}
        aria-disabled=${!state.source && name !== "open"}>${word("screen", name)}</a></li>`)}</ol></nav></header>
    <main id="main" tabindex="-1" ref=${main} aria-busy=${busy}>
      <div role="alert" class=${problem ? "problem" : "unseen"}>${spoken(problem)}${problem ? html` <button type="button" class="quiet" onClick=${() => tell("")}>${t("close")}</button>` : ""}</div>
      ${lost ? html`<p class="problem" role="status">${t("lost")}</p>` : ""}
      <h1>${word("title", shown)}</h1><p class="lead">${word("lead", shown)}</p>
      <${Screen} state=${state} act=${act} busy=${slow} />
      ${state.steps && state.steps[shown] ? html`<${Code} steps=${state.steps[shown]} plan=${state.steps.plan} act=${act} />` : ""}
    </main>
    <footer><p class="soft small">${t("stays")}</p></footer>`;
}

async function begin() {
  await Promise.all([loadWords(), enter()]);
  speak(sessionStorage.getItem("lang") || "en");
  try {
    const first = await call("GET", "/api/state");
    speak(sessionStorage.getItem("lang") || first.lang);
    render(html`<${App} first=${first} />`, document.body);
  } catch (error) {
    render(html`<main><h1>likewise studio</h1><p role="alert" class="problem">${error.status === 401 ? t("no_token") : t("lost")}</p></main>`, document.body);
  }
}
begin();
