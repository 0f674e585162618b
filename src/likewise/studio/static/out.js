// What came out, and what leaks.
import { Choice, html, language, number, said, save, t, useEffect, useState } from "./parts.js";

export function Out({ state, act, busy }) {
  const done = state.runs.filter((run) => run.preview);
  const [chosen, choose] = useState(null);
  const run = done.find((one) => one.id === chosen) || done[done.length - 1];
  if (!run) return html`<p>${t("no_run")} <a href="#train">${t("screen_train")}</a></p>`;
  return html`${done.length > 1 ? html`<${Choice} label=${t("run")} value=${run.id} of=${done.map((one) => one.id)} names=${(id) => name(done.find((one) => one.id === id))} set=${choose} />` : ""}
    ${run.scores && run.scores.length ? html`<${Attacks} run=${run} /><${Plane} runs=${done.filter((one) => one.scores && one.scores.length)} now=${run} choose=${choose} act=${act} /><${Gate} run=${run} state=${state} act=${act} busy=${busy} />`
      : html`<p class="warn">${t(run.settings.purpose === "rows" ? "no_scores" : "no_report")}</p>`}
    ${run.files.includes("report") ? html`<${Report} run=${run} act=${act} />` : ""}`;
}

export const name = (run) => t("run_named", { n: run.n, model: run.settings.model, seed: run.settings.seed });

function Attacks({ run }) {
  const scores = run.scores.filter((s) => s.group === "privacy" && s.floor !== null);
  if (!scores.length) return html`<p class="warn">${t("no_attack")}</p>`;
  const worse = scores.filter((s) => s.stands === "worse");
  return html`<section aria-labelledby="leak-title"><h2 id="leak-title">${t("leaks")}</h2>
    <p>${worse.length ? html`<strong class="warn">${t("leaks_found", { found: worse.length, tried: scores.length })}</strong>` : t("leaks_none", { tried: scores.length })}</p>
    <ul class="attacks">${scores.map((s) => html`<li class=${s.stands || ""}><${Strip} score=${s} /><p><strong>${s[language()].label}</strong>: ${attack(s)}
      ${s[language()].threat ? html`<br /><small class="soft">${t("attacker")} ${s[language()].threat}</small>` : ""}</p></li>`)}</ul></section>`;
}

// One sentence: what the attacker gets, what the same gets of people nobody learnt from, and what that means.
function attack(s) {
  const { meaning, least } = s[language()];
  return `${t(`attack_${s.stands || "unsure"}`, { ...s.shown, meaning })} ${least ? t("sentence", { text: least }) : ""}`;
}

function Strip({ score }) {
  const [low, high] = score.interval || [score.value, score.value];
  const ends = [low, high, score.floor, score.value], min = Math.min(...ends), span = Math.max(...ends) - min || 1;
  const x = (v) => 8 + (104 * (v - min)) / span;
  return html`<svg class="strip" viewBox="0 0 120 24" aria-hidden="true"><line x1="8" x2="112" y1="12" y2="12" class="grid" />
    <line x1=${x(low)} x2=${x(high)} y1="12" y2="12" class="range" /><line x1=${x(score.floor)} x2=${x(score.floor)} y1="4" y2="20" class="floor" /><circle cx=${x(score.value)} cy="12" r="4" class="dot" /></svg>`;
}

// Every run a dot: what an attack gains over its floor, against how near the rows come to real ones.
function Plane({ runs, now, choose, act }) {
  const of = (run, key) => run.scores.find((s) => s.name === key);
  const privacy = ["membership", "membership_domias"].find((key) => of(now, key)) || now.scores.find((s) => s.group === "privacy" && s.floor !== null)?.name;
  const quality = ["c2st", "shape"].find((key) => of(now, key));
  if (!privacy || !quality) return "";
  const dots = runs.filter((run) => of(run, privacy) && of(run, quality)).map((run) => ({ run, x: of(run, privacy).value - of(run, privacy).floor, y: of(run, quality).value, from: of(run, quality).floor, span: of(run, privacy).interval, floor: of(run, privacy).floor }));
  const W = 640, H = 260, L = 60, B = 44;
  const xs = dots.flatMap((d) => [d.x, ...(d.span || []).map((v) => v - d.floor), 0]), ys = dots.flatMap((d) => [d.y, d.from ?? d.y]);
  const pad = (list) => { const low = Math.min(...list), high = Math.max(...list), more = (high - low || 0.02) * 0.15; return [low - more, high + more]; };
  const [x0, x1] = pad(xs), [y0, y1] = pad(ys), X = (v) => L + ((W - L - 12) * (v - x0)) / (x1 - x0), Y = (v) => H - B - ((H - B - 12) * (v - y0)) / (y1 - y0);
  const label = (key) => of(now, key)[language()].label;
  const says = dots.map((d) => `${name(d.run)}: ${number(d.x)}, ${number(d.y)}`).join("; ");
  return html`<section aria-labelledby="plane-title"><h2 id="plane-title">${t("plane")}</h2><p class="soft small">${t("plane_says", { privacy: label(privacy), quality: label(quality) })}</p>
    <figure><svg class="plane" viewBox=${`0 0 ${W} ${H}`} role="img" aria-label=${says}>
    <line x1=${X(0)} x2=${X(0)} y1="12" y2=${H - B} class="floor" /><text x=${X(0) + 5} y="22">${t("floor")}</text>
    ${dots[0] && dots[0].from !== null ? html`<line x1=${L} x2=${W - 12} y1=${Y(dots[0].from)} y2=${Y(dots[0].from)} class="floor" />` : ""}
    ${[y0, y1].map((v) => html`<text x=${L - 6} y=${Y(v) + 4} text-anchor="end">${number(v, 3)}</text>`)}
    ${[x0, x1].map((v, k) => html`<text x=${X(v)} y=${H - B + 18} text-anchor=${k ? "end" : "start"}>${number(v, 2)}</text>`)}
    <text x=${W - 12} y=${H - 8} text-anchor="end">${t("plane_x", { privacy: label(privacy) })} →</text>
    ${dots.map((d) => html`<g class=${d.run.id === now.id ? "now" : ""}>${d.span ? html`<line x1=${X(d.span[0] - d.floor)} x2=${X(d.span[1] - d.floor)} y1=${Y(d.y)} y2=${Y(d.y)} class="range" />` : ""}
      <circle cx=${X(d.x)} cy=${Y(d.y)} r="7" class="dot" onClick=${() => choose(d.run.id)} /><text x=${X(d.x) + 10} y=${Y(d.y) - 8}>${d.run.n}</text></g>`)}</svg></figure>
    ${runs.length > 1 ? html`<${Beside} runs=${runs} act=${act} />` : ""}</section>`;
}

// Two to four runs, score by score.
function Beside({ runs, act }) {
  const [ticked, tick] = useState(runs.slice(-2).map((run) => run.id)), [address, show] = useState(null), lang = language();
  const open = async () => { const found = await act.ask("/api/compare", { runs: ticked, lang }); if (found) show(found.address); };
  return html`<fieldset class="plain"><legend class="soft small">${t("beside")}</legend>${runs.map((run) => html`<label><input type="checkbox" checked=${ticked.includes(run.id)}
      onChange=${(e) => tick(e.target.checked ? [...ticked, run.id] : ticked.filter((id) => id !== run.id))} /> ${name(run)}</label> `)}
      <button type="button" class="quiet" id="beside" disabled=${ticked.length < 2 || ticked.length > 4} onClick=${open}>${t("beside_open")}</button></fieldset>
    ${address ? html`<iframe src=${address} sandbox="allow-scripts" title=${t("beside")}></iframe>` : ""}`;
}

const EXAMPLE = "[rules]\nshape = { within = 0.05 }\nmembership = { no_alarm = true }\n";

function Gate({ run, state, act, busy }) {
  const [text, write] = useState(state.gate || EXAMPLE), [found, setFound] = useState(null);
  useEffect(() => setFound(null), [run.id]);
  const look = async () => { const answer = await act.ask("/api/gate", { run: run.id, rules: text }); if (answer) { setFound(answer.outcomes); await act.refresh(); } };
  return html`<section aria-labelledby="gate-title"><h2 id="gate-title">${t("gate")}</h2><p class="soft small"><label for="gate">${t("gate_says")}</label></p>
    <textarea id="gate" rows="5" spellcheck="false" value=${text} onInput=${(e) => write(e.target.value)}></textarea>
    <p><button type="button" id="hold" disabled=${busy} onClick=${look}>${t("gate_check")}</button></p>
    <div role="status">${found ? html`<p><strong class=${found.every((o) => o.passed) ? "" : "warn"}>${found.every((o) => o.passed) ? t("gate_kept") : t("gate_broken")}</strong></p>
      <ul class="outcomes">${found.map((o) => html`<li class=${o.passed ? "kept" : "broken"}><span aria-hidden="true">${o.passed ? "✓" : "✗"}</span> <span class="unseen">${o.passed ? t("kept") : t("broken")}</span> ${said(o.said)}</li>`)}</ul>` : ""}</div></section>`;
}

function Report({ run, act }) {
  const [address, show] = useState(null), lang = language();
  useEffect(() => { let on = true; show(null);
    act.ask("/api/ticket", { run: run.id, what: "report", show: true, lang }).then((found) => on && found && show(found.address));
    return () => { on = false; }; }, [run.id, lang]);
  const get = async (what) => { const found = await act.ask("/api/ticket", { run: run.id, what, lang }); if (found) save(found.address); };
  return html`<section aria-labelledby="report-title"><h2 id="report-title">${t("report")}</h2>
    ${address ? html`<iframe src=${address} sandbox="allow-scripts" title=${t("report")}></iframe>` : ""}
    <p><button type="button" onClick=${() => get("report")}>${t("save_report")}</button> <button type="button" class="quiet" onClick=${() => get("json")}>JSON</button></p></section>`;
}
